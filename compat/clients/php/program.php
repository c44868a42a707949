<?php
// PDO and the pgsql extension as applications use them; what is printed is compared.

function say(...$words) {
    $shown = array_map(fn($w) => is_string($w) ? $w : json_encode($w, JSON_UNESCAPED_UNICODE | JSON_PARTIAL_OUTPUT_ON_ERROR), $words);
    $line = str_replace("\n", "\\n", implode("|", $shown));
    echo preg_replace(['/pg_temp_\d+/', '/"pgsql:oid":\d{5,}|"pgsql:table_oid":\d{5,}/'], ['pg_temp_N', '"oid":0'], $line), "\n";
}

function open_one(array $options = []) {
    $place = sprintf("pgsql:host=%s;port=%s;dbname=%s", getenv("PGHOST"), getenv("PGPORT"), getenv("PGDATABASE"));
    return new PDO($place, getenv("PGUSER"), "", $options + [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
}

function step(string $name, callable $body) {
    echo "== $name\n";
    try {
        $body();
    } catch (PDOException $e) {
        say("error", $e->errorInfo, $e->getMessage());
    } catch (Throwable $e) {
        say("exception", get_class($e), $e->getMessage());
    }
}

function fails(callable $body) {
    try {
        $body();
        say("no error");
    } catch (PDOException $e) {
        say($e->errorInfo);
    }
}

function rows(PDOStatement $s) {
    for ($i = 0; $i < $s->columnCount(); $i++) {
        $meta = $s->getColumnMeta($i);
        say("column", $meta["name"], $meta["native_type"], $meta["len"], $meta["precision"], $meta["pdo_type"]);
    }
    foreach ($s->fetchAll(PDO::FETCH_NUM) as $row) {
        say(array_map(fn($v) => is_resource($v) ? "bytes " . bin2hex(stream_get_contents($v)) : $v, $row));
    }
}

foreach ([false, true] as $emulated) {
    $with = $emulated ? " (emulated)" : "";
    $db = open_one([PDO::ATTR_EMULATE_PREPARES => $emulated]);
    step("values$with", function () use ($db) {
        $db->exec("SET TimeZone = 'UTC'");
        foreach (["true", "1::int2", "2::int4", "3::int8", "1.5::float4", "2.5::float8", "1.50::numeric", "'ü'::text", "'v'::varchar(3)", "'\\x00ff'::bytea", "date '2020-02-29'", "timestamptz '2020-02-29 01:02:03Z'", "interval '1 day'", "'{}'::jsonb", "ARRAY[1,2]", "NULL", "uuid 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "B'1'::bit"] as $literal) {
            $s = $db->prepare("SELECT $literal AS v WHERE 1 = ?");
            $s->execute([1]);
            rows($s);
        }
    });
    step("placeholders$with", function () use ($db) {
        $s = $db->prepare("SELECT :i::int AS i, :t::text AS t, :b::bytea AS b, :f::bool AS f, :n::int AS n");
        $s->bindValue(":i", 7, PDO::PARAM_INT);
        $s->bindValue(":t", "it's \\ ü");
        $s->bindValue(":b", "\0\xff\\", PDO::PARAM_LOB);
        $s->bindValue(":f", true, PDO::PARAM_BOOL);
        $s->bindValue(":n", null, PDO::PARAM_NULL);
        $s->execute();
        rows($s);
        $s = $db->prepare("SELECT '{\"k\":1}'::jsonb ?? ? AS found");
        $s->execute(["k"]);
        rows($s);
        fails(fn() => $db->prepare("SELECT ? + 1")->execute(["x"]));
        fails(fn() => $db->prepare("SELECT concat(?, 'x')")->execute(["x"]));
        fails(fn() => $db->prepare("SELECT pg_typeof(?)")->execute(["x"]));
    });
    step("tables$with", function () use ($db) {
        $db->exec("DROP TABLE IF EXISTS php_item");
        $db->exec("CREATE TABLE php_item (id serial PRIMARY KEY, name varchar(20) NOT NULL UNIQUE, price numeric(8,2) CHECK (price > 0), raw bytea)");
        $s = $db->prepare("INSERT INTO php_item (name, price, raw) VALUES (?, ?, ?)");
        for ($i = 1; $i <= 4; $i++) {
            $s->bindValue(1, "n$i");
            $s->bindValue(2, $i / 2);
            $s->bindValue(3, chr($i), PDO::PARAM_LOB);
            say($s->execute(), $s->rowCount());
        }
        say($db->lastInsertId(), $db->lastInsertId("php_item_id_seq"));
        say($db->exec("UPDATE php_item SET price = price * 2 WHERE id > 2"));
        rows($db->query("SELECT * FROM php_item ORDER BY id"));
        foreach (["INSERT INTO php_item (name) VALUES ('n1')", "INSERT INTO php_item (name) VALUES (NULL)", "INSERT INTO php_item (name, price) VALUES ('z', -1)", "SELEC 1", "SELECT absent", "SELECT 1/0", "SELECT 'x'::int"] as $text) {
            fails(fn() => $db->exec($text));
            fails(fn() => $db->prepare($text)->execute());
        }
        $db->beginTransaction();
        $db->exec("INSERT INTO php_item (name) VALUES ('tx')");
        fails(fn() => $db->exec("INSERT INTO php_item (name) VALUES ('tx')"));
        fails(fn() => $db->query("SELECT 1"));
        say($db->inTransaction());
        $db->rollBack();
        say($db->query("SELECT count(*) FROM php_item WHERE name = 'tx'")->fetchColumn());
        $s = $db->prepare("SELECT g FROM generate_series(1, 6) g", [PDO::ATTR_CURSOR => PDO::CURSOR_SCROLL]);
        $db->beginTransaction();
        $s->execute();
        say($s->fetch(PDO::FETCH_NUM), $s->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_LAST), $s->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_PRIOR), $s->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_ABS, 2));
        $db->commit();
    });
    step("COPY and notifications$with", function () use ($db) {
        $db->exec("CREATE TEMP TABLE copied (a int, b text)");
        say($db->pgsqlCopyFromArray("copied", ["1\tx", "2\t\\N"]), $db->pgsqlCopyToArray("copied"));
        fails(fn() => $db->pgsqlCopyFromArray("copied", ["x\ty"]));
        $db->exec("LISTEN news");
        open_one()->exec("NOTIFY news, 'hello'");
        $heard = $db->pgsqlGetNotify(PDO::FETCH_ASSOC, 3000);
        say($heard["message"] ?? null, $heard["payload"] ?? null);
        say(intdiv((int) $db->getAttribute(PDO::ATTR_SERVER_VERSION), 1), $db->getAttribute(PDO::ATTR_CLIENT_VERSION) !== "", is_int($db->pgsqlGetPid()));
    });
}

step("the pgsql extension", function () {
    $c = pg_connect(sprintf("host=%s port=%s user=%s dbname=%s", getenv("PGHOST"), getenv("PGPORT"), getenv("PGUSER"), getenv("PGDATABASE")));
    pg_query($c, "DROP TABLE IF EXISTS php_meta; CREATE TABLE php_meta (id serial PRIMARY KEY, name text NOT NULL DEFAULT 'x', at timestamptz, m numeric(5,2), list int[])");
    say(array_map(fn($column) => array_diff_key($column, ["num" => 0]), pg_meta_data($c, "php_meta")));
    say(pg_insert($c, "php_meta", ["name" => "it's", "m" => 1.5]) !== false, pg_update($c, "php_meta", ["name" => "new"], ["id" => 1]), pg_select($c, "php_meta", ["id" => 1]), pg_delete($c, "php_meta", ["id" => 1]));
    $r = pg_query_params($c, "SELECT $1::int + 1 AS a, $2::text AS b, NULL AS c", [41, "ü"]);
    say(pg_fetch_all($r), pg_num_fields($r), pg_field_name($r, 0), pg_field_type($r, 0), pg_field_size($r, 0), pg_field_table($r, 0), pg_field_is_null($r, 0, 2));
    pg_prepare($c, "p", "SELECT generate_series(1, $1)");
    say(pg_fetch_all_columns(pg_execute($c, "p", [3])));
    pg_send_query($c, "SELECT 1; SELECT 2/0; SELECT 3");
    while ($r = pg_get_result($c)) {
        say(pg_result_status($r), pg_result_error_field($r, PGSQL_DIAG_SQLSTATE), pg_result_error_field($r, PGSQL_DIAG_MESSAGE_PRIMARY));
    }
    pg_send_query($c, "SELECT pg_sleep(20)");
    usleep(200000);
    say(pg_cancel_query($c));
    say(pg_copy_from($c, "php_meta", ["7\tcopied\t\\N\t\\N\t\\N\n"]), pg_copy_to($c, "php_meta"), pg_transaction_status($c), pg_parameter_status($c, "server_encoding"), pg_client_encoding($c), pg_escape_bytea($c, "\0\xff"), pg_escape_identifier($c, 'a"b'));
    pg_query($c, "DO $$ BEGIN RAISE NOTICE 'noticed'; END $$");
    say(pg_last_notice($c));
    say(pg_ping($c), pg_version($c)["protocol"]);
});
