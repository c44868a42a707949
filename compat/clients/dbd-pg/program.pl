# DBD::Pg as an application uses it; what it prints is compared between servers.
use strict;
use warnings;
use utf8;
use DBI qw(:sql_types);
use DBD::Pg qw(:pg_types :async);

$| = 1;
binmode STDOUT, ':encoding(UTF-8)';

sub open_one {
    return DBI->connect("dbi:Pg:dbname=$ENV{PGDATABASE};host=$ENV{PGHOST};port=$ENV{PGPORT}", $ENV{PGUSER}, '', { RaiseError => 1, PrintError => 0, AutoCommit => 1, pg_enable_utf8 => 1, @_ });
}

# OIDs of a database's own objects, and numbers of temporary schemas, differ.
sub word {
    my ($value) = @_;
    return '~' unless defined $value;
    return ref $value eq 'ARRAY' ? '[' . join(',', map { word($_) } @$value) . ']' : $value;
}

sub say_it {
    my $line = join '|', map { word($_) } @_;
    $line =~ s/\n/\\n/g;
    $line =~ s/pg_temp_\d+/pg_temp_N/g;
    $line =~ s/(?<![\d.'-])(1638[4-9]|1639\d|16[4-9]\d\d|1[7-9]\d{3})(?![\d.'-])/OID/g;
    print "$line\n";
}

sub fault {
    my ($db) = @_;
    say_it('error', $db->state, $db->errstr);
}

sub step {
    my ($name, $body) = @_;
    print "== $name\n";
    my $db = open_one();
    eval { $body->($db); 1 } or do {
        my $said = $@;
        $db->state ? fault($db) : say_it("BROKEN $said");
    };
    eval { $db->disconnect };
}

sub fails {
    my ($db, $body) = @_;
    if (eval { $body->(); 1 }) { say_it('no error') } else { fault($db) }
}

sub rows {
    my ($statement, $sorted) = @_;
    my @lines = map { join '|', map { word($_) } @$_ } @{ $statement->fetchall_arrayref };
    say_it($_) for $sorted ? sort @lines : @lines;
}

sub shape {
    my ($s) = @_;
    say_it('column', $s->{NAME}[$_], $s->{TYPE}[$_], $s->{pg_type}[$_], $s->{PRECISION}[$_], $s->{SCALE}[$_], $s->{NULLABLE}[$_], $s->{pg_size}[$_]) for 0 .. $s->{NUM_OF_FIELDS} - 1;
}

for my $prepare (0, 1) {
    my $with = $prepare ? ' (prepared by the server)' : '';

    step "values$with" => sub {
        my ($db) = @_;
        $db->{pg_server_prepare} = $prepare;
        $db->do("SET TimeZone = 'UTC'");
        for my $literal ('true', '1::int2', '2::int4', '3::int8', '1.5::float4', "'NaN'::float8", '1.50::numeric(6,2)', "'ü'::text", "'v'::varchar(4)", "'c'::bpchar(3)", "'\\x00ff'::bytea", "date '2020-02-29'", "time '01:02:03'",
            "timestamptz '2020-02-29 01:02:03+01'", "interval '1 mon'", "uuid 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'{\"a\": 1}'::jsonb", "inet '::1'", "B'101'::bit(3)", 'ARRAY[1, NULL]', "ARRAY[['a', 'b,c'], ['d', NULL]]", 'int4range(1, 3)',
            "'sad'::rich.mood", "ROW(1, 2, 'x')::rich.place", '5::rich.positive', 'NULL', "'1 2'::int2vector") {
            my $s = $db->prepare("SELECT $literal AS v WHERE 1 = ?");
            $s->execute(1);
            shape($s);
            rows($s);
        }
    };

    step "placeholders$with" => sub {
        my ($db) = @_;
        $db->{pg_server_prepare} = $prepare;
        for my $pair ([ 'int4', 7, SQL_INTEGER ], [ 'text', "it's \\ ü", SQL_VARCHAR ], [ 'bytea', "\x00\xff\\", { pg_type => PG_BYTEA } ], [ 'numeric', '12.50', SQL_NUMERIC ], [ 'bool', 1, SQL_BOOLEAN ], [ 'text[]', [ 'a', undef, 'b,"c' ], undef ], [ 'int4', undef, SQL_INTEGER ],
            [ 'date', '2020-02-29', { pg_type => PG_DATE } ], [ 'rich.mood', 'sad', undef ], [ 'jsonb', '{"a":1}', { pg_type => PG_JSONB } ]) {
            my ($type, $value, $bind) = @$pair;
            my $s = $db->prepare("SELECT ?::$type, ?::$type IS NULL");
            $s->bind_param(1, $value, $bind);
            $s->bind_param(2, $value, $bind);
            $s->execute;
            rows($s);
        }
        my $s = $db->prepare('SELECT $1::int + $2::int, $1::text');
        $s->execute(3, 4);
        rows($s);
        $s = $db->prepare('SELECT :a::int - :b::int');
        $s->bind_param(':a', 9);
        $s->bind_param(':b', 4);
        $s->execute;
        rows($s);
        $s = $db->prepare(q{SELECT '{"k": 1}'::jsonb \? 'k'});
        $s->execute;
        rows($s);
        fails($db, sub { $db->selectall_arrayref('SELECT ?', undef, 5); });
        fails($db, sub { $db->selectall_arrayref('SELECT ?::int', undef, 'x'); });
    };

    step "tables$with" => sub {
        my ($db) = @_;
        $db->{pg_server_prepare} = $prepare;
        $db->do('DROP TABLE IF EXISTS perl_item');
        $db->do("CREATE TABLE perl_item (id serial PRIMARY KEY, name varchar(20) NOT NULL UNIQUE, price numeric(8,2) CHECK (price > 0), tags text[])");
        my $s = $db->prepare('INSERT INTO perl_item (name, price, tags) VALUES (?, ?, ?)');
        say_it($s->execute("n$_", $_ / 2, [ 'a', "t$_" ])) for 1 .. 5;
        say_it($db->last_insert_id(undef, undef, 'perl_item', undef));
        my ($count, @found) = $s->execute_array({ ArrayTupleStatus => \my @status }, [ 'm1', 'm2' ], [ 1, 2 ], [ undef, undef ]);
        say_it($count);
        say_it($db->do('UPDATE perl_item SET price = price + ? WHERE id > ?', undef, 1, 3), $db->do('DELETE FROM perl_item WHERE id = ?', undef, 99));
        $s = $db->prepare('SELECT * FROM perl_item WHERE price > ? ORDER BY id');
        $s->execute(1);
        shape($s);
        rows($s);
        $s = $db->prepare('INSERT INTO perl_item (name) VALUES (?) RETURNING id, name');
        $s->execute('returned');
        rows($s);
        for my $text ("INSERT INTO perl_item (name) VALUES ('n1')", 'INSERT INTO perl_item (name) VALUES (NULL)', "INSERT INTO perl_item (name, price) VALUES ('z', -1)", 'SELECT absent', 'SELEC 1', 'SELECT 1/0', "SELECT 'x'::int", 'DROP TABLE absent') {
            fails($db, sub { $db->do($text) });
            fails($db, sub { my $s = $db->prepare($text . ' -- ?'); $s->execute; }) if $prepare;
        }
        $db->{AutoCommit} = 0;
        $db->do("INSERT INTO perl_item (name) VALUES ('tx')");
        $db->pg_savepoint('s');
        fails($db, sub { $db->do("INSERT INTO perl_item (name) VALUES ('tx')") });
        fails($db, sub { $db->do('SELECT 1') });
        $db->pg_rollback_to('s');
        say_it($db->ping, $db->selectrow_array("SELECT count(*) FROM perl_item WHERE name = 'tx'"));
        $db->rollback;
        say_it($db->selectrow_array("SELECT count(*) FROM perl_item WHERE name = 'tx'"));
        $db->commit;
        $db->{AutoCommit} = 1;
    };
}

step 'metadata' => sub {
    my ($db) = @_;
    for my $call ([ 'table_info', undef, 'rich', undef, undef ], [ 'table_info', undef, 'rich', 'k%', 'TABLE' ], [ 'table_info', '', '%', '' ], [ 'table_info', '', '', '', '%' ], [ 'column_info', undef, 'rich', 'kinds', undef ], [ 'column_info', undef, 'rich', 'Mixed Case', undef ],
        [ 'primary_key_info', undef, 'rich', 'kinds' ], [ 'primary_key_info', undef, 'rich', 'by_range' ], [ 'foreign_key_info', undef, 'rich', 'parent', undef, 'rich', 'owner_of' ], [ 'foreign_key_info', undef, undef, undef, undef, 'rich', 'owner_of' ],
        [ 'statistics_info', undef, 'rich', 'kinds', 0, 0 ], [ 'statistics_info', undef, 'rich', 'kinds', 1, 0 ]) {
        my ($name, @arguments) = @$call;
        my $s = $db->$name(@arguments);
        say_it($name, grep { defined } @arguments);
        if (!$s) { say_it('none'); next }
        say_it(@{ $s->{NAME} });
        # Sizes in pages are the storage's own.
        my $pages = $name eq 'statistics_info' ? 11 : -1;
        my @lines = map { my @row = @$_; $row[$pages] = 'pages' if $pages > 0; join '|', map { word($_) } @row } @{ $s->fetchall_arrayref };
        say_it($_) for sort @lines;
    }
    say_it($db->primary_key(undef, 'rich', 'kinds'));
    for my $type (SQL_INTEGER, SQL_VARCHAR, SQL_DATE) { my $found = $db->type_info($type); say_it($type, $found ? $found->{TYPE_NAME} : undef) }
    say_it(scalar @{ $db->type_info_all });
    say_it($db->quote("it's \\"), $db->quote_identifier('a"b'), $db->quote("\x00\xff", { pg_type => PG_BYTEA }), int($db->{pg_server_version} / 10000), $db->{pg_standard_conforming_strings}, $db->{pg_db});
};

step 'COPY' => sub {
    my ($db) = @_;
    $db->do('CREATE TEMP TABLE copied (a int, b text)');
    $db->do('COPY copied FROM STDIN');
    $db->pg_putcopydata("$_\tline $_\n") for 1 .. 1000;
    say_it($db->pg_putcopyend);
    $db->do('COPY (SELECT * FROM copied WHERE a < 4 ORDER BY a) TO STDOUT (FORMAT csv)');
    my $line = '';
    say_it($line) while $db->pg_getcopydata($line) >= 0;
    $db->do('COPY copied FROM STDIN');
    $db->pg_putcopydata("x\ty\n");
    fails($db, sub { $db->pg_putcopyend });
    say_it($db->selectrow_array('SELECT count(*) FROM copied'));
};

step 'asynchronous queries' => sub {
    my ($db) = @_;
    $db->do('SELECT pg_sleep(0.3)', { pg_async => PG_ASYNC });
    say_it($db->pg_ready ? 'early' : 'not yet');
    say_it($db->pg_result);
    my $s = $db->prepare('SELECT pg_sleep(20)', { pg_async => PG_ASYNC });
    $s->execute;
    say_it($db->pg_cancel ? 1 : 0);
    say_it($db->selectrow_array("SELECT 'goes on'"));
};

step 'notifications and notices' => sub {
    my ($db) = @_;
    $db->do('LISTEN news');
    my $other = open_one();
    $other->do("NOTIFY news, 'hello'");
    $other->disconnect;
    my $heard;
    for (1 .. 50) { $heard = $db->pg_notifies and last; select undef, undef, undef, 0.05 }
    say_it($heard->[0], $heard->[2]);
    local $SIG{__WARN__} = sub { say_it("warned $_[0]") };
    $db->do("DO \$\$ BEGIN RAISE NOTICE 'noticed'; END \$\$");
};

step 'cursors and many rows' => sub {
    my ($db) = @_;
    $db->begin_work;
    $db->do('DECLARE c CURSOR FOR SELECT g FROM generate_series(1, 10) g');
    my $s = $db->prepare('FETCH 4 FROM c');
    $s->execute;
    rows($s);
    $db->commit;
    my $sum = 0;
    my $all = $db->prepare("SELECT g, 'row ' || g FROM generate_series(1, 50000) g");
    $all->execute;
    while (my $row = $all->fetchrow_arrayref) { $sum += $row->[0] + length $row->[1] }
    say_it($sum);
};
