import java.sql.*;
import java.util.Arrays;

/** Result sets: scrolled, updated, fetched in parts, several of one statement; generated keys; batches. */
public class Results {
    public static void main(String[] arguments) throws Exception {
        try (Connection c = Out.connect()) {
            Out.run(c, "CREATE SCHEMA results", "SET search_path = results",
                    "CREATE TABLE t (id serial PRIMARY KEY, name varchar(20) NOT NULL DEFAULT 'none', amount numeric(10,2), at timestamptz, tags text[], doc jsonb, raw bytea)",
                    "CREATE TABLE two (a int, b text COLLATE \"C\", c date, PRIMARY KEY (b, a))",
                    "CREATE TABLE plain (a int UNIQUE, b text)",
                    "CREATE VIEW v AS SELECT id, name FROM t WHERE amount > 0",
                    "INSERT INTO t (name, amount, at, tags, doc, raw) SELECT 'n' || g, g / 4.0, timestamptz '2020-01-01 00:00Z' + g * interval '1 hour', ARRAY['a', g::text],"
                    + " jsonb_build_object('g', g), decode(lpad(to_hex(g), 4, '0'), 'hex') FROM generate_series(1, 50) g");
            scrolled(c);
            updated(c);
            fetched(c);
            several(c);
            keys(c);
            batches(c);
            limits(c);
            prepared(c);
        }
        for (String mode : new String[] {"simple", "extended", "extendedForPrepared", "extendedCacheEverything"}) {
            try (Connection c = Out.connect("preferQueryMode", mode, "reWriteBatchedInserts", "true", "binaryTransfer", "true", "prepareThreshold", "1",
                    "currentSchema", "results", "autosave", mode.equals("simple") ? "never" : "conservative", "cleanupSavepoints", "true")) {
                mode(c, mode);
            }
        }
    }

    static void scrolled(Connection c) {
        Out.step("scroll", () -> {
            try (Statement s = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY);
                    ResultSet r = s.executeQuery("SELECT id, name, amount FROM t ORDER BY id LIMIT 10")) {
                Out.line(r.isBeforeFirst() + " " + r.getRow());
                Out.line(r.last() + " " + Out.row(r) + " " + r.getRow() + r.isLast());
                Out.line(r.previous() + " " + Out.row(r) + r.relative(-3) + Out.row(r) + r.absolute(2) + Out.row(r) + r.absolute(-2) + Out.row(r));
                r.afterLast();
                Out.line(r.isAfterLast() + " " + r.previous() + " " + Out.row(r));
                r.beforeFirst();
                Out.line(r.next() + " " + Out.row(r) + r.isFirst() + r.findColumn("amount") + r.absolute(99) + r.absolute(0));
                Out.fails(() -> Out.line(r.getString(1)));
                Out.fails(() -> r.findColumn("absent"));
                Out.line(r.getHoldability() + " " + r.getType() + " " + r.getConcurrency() + " " + r.getFetchDirection() + " " + r.getCursorName());
            }
        });
        Out.step("refresh a row", () -> {
            try (Statement s = c.createStatement(ResultSet.TYPE_SCROLL_SENSITIVE, ResultSet.CONCUR_UPDATABLE);
                    ResultSet r = s.executeQuery("SELECT id, name, amount, at, doc FROM t WHERE id < 4 ORDER BY id")) {
                r.absolute(2);
                Out.run(c, "UPDATE t SET name = 'behind', amount = 17 WHERE id = 2");
                Out.line(Out.row(r));
                r.refreshRow();
                Out.line(Out.row(r));
            }
        });
    }

    static void updated(Connection c) {
        Out.step("update, insert and delete rows", () -> {
            try (Statement s = c.createStatement(ResultSet.TYPE_SCROLL_SENSITIVE, ResultSet.CONCUR_UPDATABLE);
                    ResultSet r = s.executeQuery("SELECT id, name, amount, at, tags, doc, raw FROM t WHERE id < 6 ORDER BY id")) {
                r.next();
                r.updateString("name", "changed");
                r.updateBigDecimal("amount", new java.math.BigDecimal("12345678.90"));
                r.updateTimestamp("at", Timestamp.from(java.time.Instant.parse("2024-02-29T12:34:56.789Z")));
                r.updateArray("tags", c.createArrayOf("text", new String[] {"x,y", null, "\"q\""}));
                r.updateBytes("raw", new byte[] {0, 1, -1});
                r.updateRow();
                Out.line(Out.row(r) + " " + r.rowUpdated());
                r.next();
                r.updateString("name", "not done");
                r.cancelRowUpdates();
                Out.line(Out.row(r));
                r.updateNull("amount");
                r.updateObject("doc", "{\"a\": [1, 2]}", Types.OTHER);
                r.updateRow();
                r.next();
                r.deleteRow();
                r.moveToInsertRow();
                r.updateInt("id", 1000);
                r.updateString("name", "inserted");
                r.insertRow();
                Out.line(Out.row(r));
                r.moveToCurrentRow();
                Out.line(r.getRow() + " " + Out.row(r));
                Out.fails(() -> {
                    r.updateNull("name");
                    r.updateRow();
                });
                r.cancelRowUpdates();
                r.moveToInsertRow();
                r.updateInt("id", 1000);
                Out.fails(r::insertRow);
            }
            Out.query(c, "SELECT * FROM t WHERE id < 6 OR id > 900 ORDER BY id");
        });
        Out.step("a key of two columns", () -> {
            Out.run(c, "INSERT INTO two SELECT g % 3, 'b' || g, date '2020-01-01' + g FROM generate_series(1, 6) g");
            try (Statement s = c.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_UPDATABLE);
                    ResultSet r = s.executeQuery("SELECT a, b, c FROM two ORDER BY b")) {
                while (r.next()) {
                    if (r.getInt(1) == 1) r.deleteRow();
                    else {
                        r.updateDate(3, Date.valueOf("1999-12-31"));
                        r.updateRow();
                    }
                }
            }
            Out.query(c, "SELECT * FROM two ORDER BY b");
        });
        for (String text : new String[] {"SELECT b, a FROM plain", "SELECT b FROM plain", "SELECT id FROM v", "SELECT t.id FROM t, two", "SELECT count(*) FROM t",
            "SELECT name FROM t", "SELECT id, upper(name) FROM t WHERE id = 1", "SELECT * FROM absent"}) {
            Out.step("what may be updated: " + text, () -> {
                Out.run(c, "INSERT INTO plain VALUES (1, 'x') ON CONFLICT DO NOTHING");
                try (Statement s = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE); ResultSet r = s.executeQuery(text)) {
                    Out.line(r.getConcurrency() + " " + r.next());
                    r.updateObject(1, null);
                    r.updateRow();
                    Out.warnings(s.getWarnings());
                }
            });
        }
    }

    static void fetched(Connection c) {
        Out.inside(c, "fetch size", () -> {
            for (int size : new int[] {1, 7, 50, 51, 1000}) {
                try (Statement s = c.createStatement()) {
                    s.setFetchSize(size);
                    try (ResultSet r = s.executeQuery("SELECT id, name FROM t ORDER BY id")) {
                        int rows = 0;
                        while (r.next()) rows++;
                        Out.line(size + " " + rows + " " + r.isAfterLast() + " " + r.getFetchSize());
                    }
                }
            }
            c.commit();
            c.setAutoCommit(true);
        });
        Out.inside(c, "cursors side by side", () -> {
            try (PreparedStatement a = c.prepareStatement("SELECT g FROM generate_series(1, ?) g"); PreparedStatement b = c.prepareStatement("SELECT name FROM t WHERE id > ? ORDER BY id")) {
                a.setFetchSize(2);
                b.setFetchSize(3);
                a.setInt(1, 9);
                b.setInt(1, 40);
                try (ResultSet x = a.executeQuery(); ResultSet y = b.executeQuery()) {
                    while (x.next() && y.next()) Out.line(x.getInt(1) + " " + y.getString(1));
                    Out.query(c, "SELECT count(*) FROM pg_cursors WHERE statement LIKE '%generate_series%' AND name <> ''");
                }
            }
            c.rollback();
            c.setAutoCommit(true);
        });
        Out.inside(c, "a cursor that fails on the way", () -> {
            try (Statement s = c.createStatement()) {
                s.setFetchSize(10);
                try (ResultSet r = s.executeQuery("SELECT 100 / (25 - g) FROM generate_series(1, 30) g")) {
                    int rows = 0;
                    while (r.next()) Out.line(++rows + " " + r.getInt(1));
                }
            } finally {
                c.rollback();
                c.setAutoCommit(true);
            }
        });
        Out.inside(c, "a cursor past its transaction", () -> {
            Statement s = c.createStatement();
            s.setFetchSize(5);
            ResultSet r = s.executeQuery("SELECT id FROM t ORDER BY id");
            r.next();
            c.commit();
            Out.fails(() -> {
                int rows = 1;
                while (r.next()) rows++;
                Out.line(rows);
            });
            c.rollback();
            c.setAutoCommit(true);
        });
        Out.inside(c, "cursors over commit", () -> {
            try (Statement s = c.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY, ResultSet.HOLD_CURSORS_OVER_COMMIT)) {
                s.setFetchSize(5);
                ResultSet r = s.executeQuery("SELECT id FROM t ORDER BY id");
                r.next();
                c.commit();
                int rows = 1;
                while (r.next()) rows++;
                Out.line(rows);
            }
            c.setAutoCommit(true);
        });
        Out.inside(c, "100,000 rows in parts", () -> {
            try (PreparedStatement s = c.prepareStatement("SELECT g, g * 1.5, 'row ' || g, g % 7 = 0 FROM generate_series(1, ?) g")) {
                s.setFetchSize(999);
                s.setInt(1, 100000);
                long sum = 0;
                int rows = 0;
                try (ResultSet r = s.executeQuery()) {
                    while (r.next()) {
                        sum += r.getLong(1) + r.getBigDecimal(2).longValue() + r.getString(3).length() + (r.getBoolean(4) ? 1 : 0);
                        rows++;
                    }
                }
                Out.line(rows + " " + sum);
            }
            c.rollback();
            c.setAutoCommit(true);
        });
        Out.inside(c, "refcursors", () -> {
            Out.run(c, "CREATE FUNCTION opened(n int) RETURNS refcursor LANGUAGE plpgsql AS $$ DECLARE r refcursor; BEGIN OPEN r FOR SELECT id, name FROM results.t WHERE id > n ORDER BY id; RETURN r; END $$");
            try (CallableStatement s = c.prepareCall("{? = call opened(?)}")) {
                s.registerOutParameter(1, Types.REF_CURSOR);
                s.setInt(2, 47);
                s.execute();
                Out.rows((ResultSet) s.getObject(1));
            }
        });
    }

    static void several(Connection c) {
        Out.step("several statements at once", () -> {
            try (Statement s = c.createStatement()) {
                boolean rows = s.execute("SELECT 1 AS a; UPDATE t SET amount = amount WHERE id IN (7, 8); SELECT 'x', 'y'; CREATE TEMP TABLE made (a int); SELECT 2/1 WHERE false; DELETE FROM made");
                while (true) {
                    if (rows) Out.rows(s.getResultSet());
                    else if (s.getUpdateCount() == -1) break;
                    else Out.line("count " + s.getUpdateCount() + " " + s.getLargeUpdateCount());
                    rows = s.getMoreResults();
                }
                Out.fails(() -> s.execute("INSERT INTO made VALUES (1); SELECT 1/0; INSERT INTO made VALUES (2)"));
                Out.query(c, "SELECT count(*) FROM made");
            }
        });
        Out.step("empty statements and warnings", () -> {
            try (Statement s = c.createStatement()) {
                Out.line(s.execute("") + " " + s.getUpdateCount());
                Out.line(s.execute(";;SELECT 1;;") + " " + s.getUpdateCount());
                s.execute("DO $$ BEGIN RAISE NOTICE 'one %', 1; RAISE WARNING 'two' USING ERRCODE = '01234', HINT = 'h', DETAIL = 'd'; END $$");
                Out.warnings(s.getWarnings());
                s.execute("DROP TABLE IF EXISTS absent_one");
                Out.warnings(s.getWarnings());
                Out.fails(() -> s.executeQuery("UPDATE t SET id = id"));
                Out.fails(() -> s.executeUpdate("SELECT 1"));
            }
        });
        Out.step("procedures and functions", () -> {
            Out.run(c, "CREATE PROCEDURE twice(INOUT n int, note text, OUT said text) LANGUAGE plpgsql AS $$ BEGIN n := n * 2; said := upper(note); END $$",
                    "CREATE FUNCTION parts(n int, OUT a int, OUT b text) LANGUAGE sql AS 'SELECT n + 1, n::text'");
            try (CallableStatement s = c.prepareCall("{call parts(?, ?, ?)}")) {
                s.setInt(1, 41);
                s.registerOutParameter(2, Types.INTEGER);
                s.registerOutParameter(3, Types.VARCHAR);
                s.execute();
                Out.line(s.getInt(2) + " " + s.getString(3));
            }
            try (CallableStatement s = c.prepareCall("{? = call upper(?)}")) {
                s.registerOutParameter(1, Types.VARCHAR);
                s.setString(2, "lower");
                s.execute();
                Out.line(s.getString(1));
            }
            try (CallableStatement s = c.prepareCall("{call lower(?)}"); ResultSet r = first(s)) {
                r.next();
                Out.line(r.getString(1));
            }
            try (CallableStatement s = c.prepareCall("call twice(?, ?, ?)")) {
                s.setInt(1, 21);
                s.setString(2, "note");
                s.registerOutParameter(1, Types.INTEGER);
                s.registerOutParameter(3, Types.VARCHAR);
                s.execute();
                Out.line(s.getInt(1) + " " + s.getString(3));
            }
        });
        Out.step("JDBC's escapes", () -> {
            for (String text : new String[] {"{fn concat('a', 'b')}", "{fn timestampadd(SQL_TSI_HOUR, 3, {ts '2020-01-01 00:00:00'})}", "{d '2020-02-29'}", "{t '12:34:56'}",
                "{fn dayofweek({d '2020-02-29'})}", "{fn monthname({d '2020-02-29'})}", "{fn ucase('x')}", "{fn locate('b', 'abc')}", "{fn mod(7, 4)}", "{fn log10(1000)}",
                "{fn ifnull(null, 'y')}", "{fn left('abcdef', 2)}", "{fn rtrim('x  ')}", "{fn week({d '2020-02-29'})}", "{fn quarter({d '2020-02-29'})}", "{fn truncate(12.345, 1)}",
                "{fn timestampdiff(SQL_TSI_DAY, {ts '2020-01-01 00:00:00'}, {ts '2020-03-01 00:00:00'})}", "{fn database()}", "{fn char(65)}", "{fn space(3)} || '|'", "{fn insert('abcdef', 2, 3, 'X')}",
                "{fn acos(0.5)}", "{fn atan2(1, 2)}", "{fn degrees(pi())}", "{fn sign(-3)}", "{fn power(2, 10)}", "{fn ascii('A')}", "{fn length(' ab ')}", "{fn repeat('ab', 2)}", "{fn hour({t '12:34:56'})}"}) {
                Out.fails(() -> Out.query(c, "SELECT " + text));
            }
        });
    }

    static ResultSet first(CallableStatement s) throws SQLException {
        s.setString(1, "UPPER");
        return s.executeQuery();
    }

    static void keys(Connection c) {
        Out.step("generated keys", () -> {
            try (PreparedStatement s = c.prepareStatement("INSERT INTO t (name) VALUES (?), (?)", new String[] {"id", "name"})) {
                s.setString(1, "k1");
                s.setString(2, "k2");
                Out.line(s.executeUpdate());
                Out.shape(s.getGeneratedKeys().getMetaData());
                Out.rows(s.getGeneratedKeys());
            }
            try (PreparedStatement s = c.prepareStatement("UPDATE t SET name = name || '!' WHERE id = 10", Statement.RETURN_GENERATED_KEYS)) {
                Out.line(s.executeUpdate());
                Out.rows(s.getGeneratedKeys());
            }
            try (Statement s = c.createStatement()) {
                Out.line(s.executeUpdate("DELETE FROM t WHERE id IN (11, 12)", new String[] {"id", "raw"}));
                Out.sorted(s.getGeneratedKeys());
                Out.fails(() -> s.executeUpdate("INSERT INTO t DEFAULT VALUES", new String[] {"absent"}));
                Out.fails(() -> s.executeUpdate("INSERT INTO t DEFAULT VALUES", new String[] {"ID"}));
                Out.line(s.executeUpdate("INSERT INTO plain VALUES (5, 'five') ON CONFLICT (a) DO UPDATE SET b = excluded.b", new String[] {"b"}));
                Out.rows(s.getGeneratedKeys());
            }
        });
    }

    static void batches(Connection c) {
        Out.step("batches", () -> {
            try (PreparedStatement s = c.prepareStatement("INSERT INTO plain VALUES (?, ?)")) {
                for (int i = 100; i < 400; i++) {
                    s.setInt(1, i);
                    s.setString(2, "b" + i);
                    s.addBatch();
                }
                Out.line(Arrays.stream(s.executeBatch()).sum());
            }
            try (PreparedStatement s = c.prepareStatement("INSERT INTO plain VALUES (?, ?) RETURNING a", Statement.RETURN_GENERATED_KEYS)) {
                for (int i = 400; i < 403; i++) {
                    s.setInt(1, i);
                    s.setString(2, null);
                    s.addBatch();
                }
                Out.line(Arrays.toString(s.executeLargeBatch()));
                Out.rows(s.getGeneratedKeys());
            }
            try (Statement s = c.createStatement()) {
                s.addBatch("UPDATE plain SET b = 'z' WHERE a < 103");
                s.addBatch("DELETE FROM plain WHERE a = 104");
                s.addBatch("CREATE TEMP TABLE batched (a int)");
                s.addBatch("INSERT INTO batched SELECT generate_series(1, 5)");
                Out.line(Arrays.toString(s.executeBatch()));
                s.addBatch("INSERT INTO batched VALUES (6)");
                s.addBatch("INSERT INTO plain VALUES (100)");
                s.addBatch("INSERT INTO batched VALUES (7)");
                Out.fails(s::executeBatch);
                s.addBatch("SELECT 1");
                Out.fails(s::executeBatch);
                Out.query(c, "SELECT count(*) FROM batched");
            }
        });
        Out.step("a batch that fails in the middle", () -> {
            for (boolean automatic : new boolean[] {true, false}) {
                c.setAutoCommit(automatic);
                try (PreparedStatement s = c.prepareStatement("INSERT INTO plain VALUES (?, ?)")) {
                    for (int i : new int[] {1001, 1002, 1001, 1003}) {
                        s.setInt(1, i);
                        s.setString(2, "twice");
                        s.addBatch();
                    }
                    Out.fails(s::executeBatch);
                }
                if (!automatic) c.rollback();
                Out.query(c, "SELECT count(*) FROM plain WHERE b = 'twice'");
            }
            c.setAutoCommit(true);
        });
    }

    static void limits(Connection c) {
        Out.step("limits of a statement", () -> {
            try (Statement s = c.createStatement()) {
                s.setMaxRows(3);
                try (ResultSet r = s.executeQuery("SELECT id FROM t ORDER BY id")) {
                    int rows = 0;
                    while (r.next()) rows++;
                    Out.line(rows);
                }
                s.setMaxFieldSize(2);
                Out.rows(s.executeQuery("SELECT 'abcdef'::text, 'abcdef'::bytea, 123456"));
                s.setQueryTimeout(1);
                Out.fails(() -> s.execute("SELECT pg_sleep(30)"));
            }
            try (Statement s = c.createStatement()) {
                Thread other = new Thread(() -> {
                    try {
                        Thread.sleep(700);
                        s.cancel();
                    } catch (Exception e) {
                        e.printStackTrace();
                    }
                });
                other.start();
                Out.fails(() -> s.execute("SELECT count(*) FROM generate_series(1, 1000000000) g WHERE g % 3 = 5"));
                other.join();
                Out.rows(s.executeQuery("SELECT 'goes on'"));
            }
            c.setNetworkTimeout(Runnable::run, 20000);
            Out.line(c.getNetworkTimeout());
        });
    }

    static void prepared(Connection c) {
        Out.step("a prepared statement and its table that changes", () -> {
            Out.run(c, "CREATE TABLE moving (a int, b text)", "INSERT INTO moving VALUES (1, 'x')");
            try (PreparedStatement s = c.prepareStatement("SELECT * FROM moving WHERE a = ?")) {
                for (int i = 0; i < 9; i++) {
                    s.setInt(1, 1);
                    if (i == 6) Out.run(c, "ALTER TABLE moving ADD c date DEFAULT '2020-01-01'");
                    if (i == 7) Out.run(c, "ALTER TABLE moving ALTER b TYPE varchar(5)");
                    if (i == 8) Out.run(c, "ALTER TABLE moving DROP b");
                    Out.rows(s.executeQuery());
                }
            }
            c.setAutoCommit(false);
            try (PreparedStatement s = c.prepareStatement("SELECT * FROM moving WHERE a = ?")) {
                for (int i = 0; i < 8; i++) {
                    s.setInt(1, 1);
                    if (i == 6) Out.run(c, "ALTER TABLE moving ADD d int");
                    Out.rows(s.executeQuery());
                }
            } catch (SQLException e) {
                Out.error(e);
            }
            c.rollback();
            c.setAutoCommit(true);
            Out.query(c, "SELECT statement, parameter_types, from_sql FROM pg_prepared_statements WHERE statement LIKE '%moving%' ORDER BY 1, 2");
            Out.run(c, "DISCARD ALL", "SET search_path = results");
            try (PreparedStatement s = c.prepareStatement("SELECT a FROM moving WHERE a = ?")) {
                for (int i = 0; i < 7; i++) {
                    s.setInt(1, 1);
                    if (i == 6) Out.run(c, "DEALLOCATE ALL");
                    Out.fails(() -> Out.rows(s.executeQuery()));
                }
            }
        });
    }

    static void mode(Connection c, String mode) {
        Out.step("mode " + mode, () -> {
            Out.run(c, "CREATE TEMP TABLE m (a int PRIMARY KEY, b text, n numeric, t timestamp, u uuid, r float8)");
            try (PreparedStatement s = c.prepareStatement("INSERT INTO m (a, b, n, t, u, r) VALUES (?, ?, ?, ?, ?, ?)")) {
                for (int i = 0; i < 37; i++) {
                    s.setInt(1, i);
                    s.setString(2, i % 5 == 0 ? null : "it's \\ " + i);
                    s.setBigDecimal(3, new java.math.BigDecimal("1.50").multiply(java.math.BigDecimal.valueOf(i)));
                    s.setTimestamp(4, Timestamp.valueOf("2020-02-29 12:34:56.789"));
                    s.setObject(5, new java.util.UUID(7, i));
                    s.setDouble(6, i / 3.0);
                    s.addBatch();
                }
                Out.line(Arrays.stream(s.executeBatch()).map(n -> n == Statement.SUCCESS_NO_INFO ? 1 : n).sum());
            }
            try (PreparedStatement s = c.prepareStatement("SELECT * FROM m WHERE a BETWEEN ? AND ? ORDER BY a")) {
                for (int i = 0; i < 3; i++) {
                    s.setInt(1, 9);
                    s.setInt(2, 11);
                    Out.rows(s.executeQuery());
                }
            }
            c.setAutoCommit(false);
            try (PreparedStatement s = c.prepareStatement("INSERT INTO m (a) VALUES (?)")) {
                s.setInt(1, 100);
                s.executeUpdate();
                s.setInt(1, 5);
                Out.fails(s::executeUpdate);
                Out.fails(() -> Out.query(c, "SELECT count(*) FROM m"));
            }
            c.rollback();
            c.setAutoCommit(true);
            Out.fails(() -> Out.query(c, "SELECT ?::int, 'a?b'"));
            try (PreparedStatement s = c.prepareStatement("SELECT '{\"k\": 1}'::jsonb ?? ?, 5 - ?, ?::text[]")) {
                s.setString(1, "k");
                s.setInt(2, -3);
                s.setArray(3, c.createArrayOf("text", new String[] {"a", null, "b c"}));
                Out.fails(() -> Out.rows(s.executeQuery()));
            }
        });
    }
}
