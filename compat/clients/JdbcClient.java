import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.sql.*;
import java.time.*;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.UUID;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;
import org.postgresql.util.PGInterval;
import org.postgresql.util.PGobject;
import org.postgresql.util.PSQLException;

/** JDBC: every type before and past the binary threshold, transactions, errors, metadata, fetch size, COPY. */
public class JdbcClient {
    static void check(boolean fact, String what) {
        if (!fact) throw new AssertionError(what);
    }

    static void same(Object got, Object expected, String what) {
        boolean equal = expected instanceof byte[] bytes
                ? Arrays.equals((byte[]) got, bytes)
                : expected instanceof Object[] array
                        ? Arrays.deepEquals((Object[]) got, array)
                        : java.util.Objects.equals(got, expected);
        check(equal, what + ": got " + got + ", expected " + expected);
    }


    public static void main(String[] args) throws Exception {
        Properties properties = new Properties();
        properties.setProperty("user", System.getenv("PGUSER"));
        properties.setProperty("password", System.getenv("PGPASSWORD"));
        properties.setProperty("sslmode", "require");
        String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/postgres";
        // prepareThreshold -1 asks for binary results from the first execution.
        for (String threshold : new String[] {"5", "-1"}) {
            properties.setProperty("prepareThreshold", threshold);
            try (Connection c = DriverManager.getConnection(url, properties)) {
                types(c);
                enums(c);
                generatedKeys(c);
                transactions(c);
                streams(c);
                metadata(c);
                copies(c);
                batches(c);
                System.out.println("JDBC " + c.getMetaData().getDriverVersion() + " threshold " + threshold);
            }
        }
    }

    static void types(Connection c) throws Exception {
        roundTrip(c, "bool", true, Boolean.class);
        roundTrip(c, "int2", (short) -7, Short.class);
        roundTrip(c, "int4", Integer.MIN_VALUE, Integer.class);
        roundTrip(c, "int8", Long.MAX_VALUE, Long.class);
        roundTrip(c, "float4", 1.5f, Float.class);
        roundTrip(c, "float8", Double.NEGATIVE_INFINITY, Double.class);
        roundTrip(c, "float8", Double.NaN, Double.class);
        roundTrip(c, "numeric", new BigDecimal("123456789012345678901234567890.1200"), BigDecimal.class);
        roundTrip(c, "numeric(8,2)", new BigDecimal("-1.50"), BigDecimal.class);
        roundTrip(c, "text", "naïve", String.class);
        roundTrip(c, "varchar", "v", String.class);
        roundTrip(c, "bpchar(3)", "abc", String.class);
        roundTrip(c, "name", "relation", String.class);
        roundTrip(c, "date", LocalDate.of(2024, 2, 29), LocalDate.class);
        roundTrip(c, "time", LocalTime.of(12, 34, 56, 789000), LocalTime.class);
        roundTrip(c, "timestamp", LocalDateTime.of(2024, 1, 2, 3, 4, 5, 6000), LocalDateTime.class);
        OffsetDateTime instant = OffsetDateTime.of(2024, 1, 2, 3, 4, 5, 6000, ZoneOffset.UTC);
        roundTrip(c, "timestamptz", instant, OffsetDateTime.class);
        roundTrip(c, "uuid", new UUID(1, 5), UUID.class);
        bytea(c);
        special(c, "numeric", "NaN");
        special(c, "json", "{\"a\":  1}");
        special(c, "jsonb", "{\"a\": 1}");
        interval(c);
        arrays(c);
    }

    /** Ten executions pass the threshold after which the driver asks for binary results. */
    static <T> void roundTrip(Connection c, String type, T value, Class<T> as) throws Exception {
        try (PreparedStatement p = c.prepareStatement("SELECT ?::" + type + ", NULL::" + type)) {
            for (int i = 0; i < 8; i++) {
                p.setObject(1, value);
                try (ResultSet r = p.executeQuery()) {
                    check(r.next(), type);
                    same(r.getObject(1, as), value, type + " execution " + i);
                    same(r.getObject(2, as), null, type);
                    check(r.wasNull(), "null " + type);
                }
            }
        }
    }

    static void bytea(Connection c) throws Exception {
        byte[] bytes = {0, -1, 39, 92};
        try (PreparedStatement p = c.prepareStatement("SELECT ?::bytea")) {
            for (int i = 0; i < 8; i++) {
                p.setBytes(1, bytes);
                try (ResultSet r = p.executeQuery()) {
                    r.next();
                    same(r.getBytes(1), bytes, "bytea");
                }
            }
        }
    }

    static void special(Connection c, String type, String text) throws Exception {
        try (PreparedStatement p = c.prepareStatement("SELECT ?::" + type)) {
            for (int i = 0; i < 8; i++) {
                PGobject object = new PGobject();
                object.setType(type);
                object.setValue(text);
                p.setObject(1, object);
                try (ResultSet r = p.executeQuery()) {
                    r.next();
                    same(r.getString(1), text, type);
                }
            }
        }
    }

    static void interval(Connection c) throws Exception {
        PGInterval value = new PGInterval(1, 2, 3, 4, 5, 6.5);
        try (PreparedStatement p = c.prepareStatement("SELECT ?::interval")) {
            for (int i = 0; i < 8; i++) {
                p.setObject(1, value);
                try (ResultSet r = p.executeQuery()) {
                    r.next();
                    same(r.getObject(1), value, "interval");
                }
            }
        }
    }

    static void arrays(Connection c) throws Exception {
        array(c, "bool", new Boolean[] {true, null});
        array(c, "int2", new Short[] {1, null, 3});
        array(c, "int4", new Integer[] {1, null, 3});
        array(c, "int8", new Long[] {1L << 40});
        array(c, "float4", new Float[] {1.5f});
        array(c, "float8", new Double[] {1.5, null});
        array(c, "numeric", new BigDecimal[] {new BigDecimal("1.50")});
        array(c, "text", new String[] {"a", "b c", null, "q\"\\", ""});
        array(c, "varchar", new String[] {"a"});
        array(c, "uuid", new UUID[] {new UUID(1, 5)});
        array(c, "text", new String[] {});
        array(c, "date", new Date[] {Date.valueOf("2024-02-29")});
        array(c, "timestamp", new Timestamp[] {Timestamp.valueOf("2024-01-02 03:04:05")});
    }

    static void array(Connection c, String type, Object[] values) throws Exception {
        try (PreparedStatement p = c.prepareStatement("SELECT ?::" + type + "[]")) {
            for (int i = 0; i < 8; i++) {
                p.setArray(1, c.createArrayOf(type, values));
                try (ResultSet r = p.executeQuery()) {
                    r.next();
                    same(r.getArray(1).getArray(), values, type + "[]");
                }
            }
        }
    }

    static void enums(Connection c) throws Exception {
        try (Statement s = c.createStatement()) {
            s.execute("CREATE TYPE jdbc_mood AS ENUM ('sad', 'happy')");
        }
        roundTrip(c, "jdbc_mood", "happy", String.class);
        array(c, "jdbc_mood", new String[] {"sad", null});
        try (Statement s = c.createStatement()) {
            s.execute("DROP TYPE jdbc_mood");
        }
    }

    static void generatedKeys(Connection c) throws Exception {
        try (Statement s = c.createStatement()) {
            s.execute("CREATE TABLE jdbc_t (id serial PRIMARY KEY, v varchar(20), n numeric(8,2), t timestamp)");
        }
        try (PreparedStatement p = c.prepareStatement(
                "INSERT INTO jdbc_t (v, n, t) VALUES (?, ?, ?)", Statement.RETURN_GENERATED_KEYS)) {
            for (int i = 1; i <= 10; i++) {
                p.setString(1, "row " + i);
                p.setBigDecimal(2, new BigDecimal("1.50"));
                p.setTimestamp(3, Timestamp.valueOf("2024-01-02 03:04:05"));
                p.executeUpdate();
                try (ResultSet keys = p.getGeneratedKeys()) {
                    check(keys.next() && keys.getInt(1) == i, "generated key " + i);
                }
            }
        }
        try (PreparedStatement p = c.prepareStatement("SELECT id, v, n, t FROM jdbc_t WHERE id = ?")) {
            for (int i = 1; i <= 10; i++) {
                p.setInt(1, i);
                try (ResultSet r = p.executeQuery()) {
                    check(r.next() && r.getInt(1) == i && r.getString(2).equals("row " + i), "row " + i);
                    check(r.getBigDecimal(3).equals(new BigDecimal("1.50")), "numeric");
                    check(r.getTimestamp(4).equals(Timestamp.valueOf("2024-01-02 03:04:05")), "timestamp");
                }
            }
        }
    }

    static void transactions(Connection c) throws Exception {
        c.setAutoCommit(false);
        try (Statement s = c.createStatement()) {
            s.executeUpdate("UPDATE jdbc_t SET v = 'changed'");
            Savepoint savepoint = c.setSavepoint("before");
            try {
                s.executeUpdate("INSERT INTO jdbc_t (id) VALUES (1)");
                check(false, "the key is there already");
            } catch (PSQLException e) {
                same(e.getSQLState(), "23505", "SQLSTATE");
                same(e.getServerErrorMessage().getConstraint(), "jdbc_t_pkey", "constraint");
                same(e.getServerErrorMessage().getDetail(), "Key (id)=(1) already exists.", "detail");
            }
            c.rollback(savepoint);
            try (ResultSet r = s.executeQuery("SELECT count(*) FROM jdbc_t WHERE v = 'changed'")) {
                check(r.next() && r.getInt(1) == 10, "the savepoint kept the update");
            }
            c.rollback();
            try (ResultSet r = s.executeQuery("SELECT count(*) FROM jdbc_t WHERE v = 'changed'")) {
                check(r.next() && r.getInt(1) == 0, "rolled back");
            }
            c.rollback();
            c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            same(c.getTransactionIsolation(), Connection.TRANSACTION_SERIALIZABLE, "isolation");
            c.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
            c.setReadOnly(true);
            try {
                s.executeUpdate("DELETE FROM jdbc_t");
                check(false, "the transaction only reads");
            } catch (SQLException e) {
                same(e.getSQLState(), "25006", "SQLSTATE");
            }
            c.rollback();
            c.setReadOnly(false);
        }
        c.setAutoCommit(true);
        try (Statement s = c.createStatement()) {
            s.setQueryTimeout(1);
            s.executeQuery("SELECT pg_sleep(20)");
            check(false, "the query was to be cancelled");
        } catch (SQLException e) {
            same(e.getSQLState(), "57014", "SQLSTATE");
        }
    }

    static void streams(Connection c) throws Exception {
        c.setAutoCommit(false);
        try (PreparedStatement s = c.prepareStatement("SELECT g, 'row ' || g FROM generate_series(1, ?) g")) {
            s.setFetchSize(1000);
            s.setInt(1, 100000);
            try (ResultSet r = s.executeQuery()) {
                int count = 0;
                while (r.next()) {
                    count++;
                    if (r.getInt(1) != count || !r.getString(2).equals("row " + count)) {
                        throw new AssertionError("row " + count);
                    }
                }
                check(count == 100000, "streamed " + count);
            }
        }
        c.commit();
        c.setAutoCommit(true);
    }

    static List<String> names(ResultSet rows, String... columns) throws Exception {
        List<String> found = new ArrayList<>();
        try (rows) {
            while (rows.next()) {
                StringBuilder line = new StringBuilder();
                for (String column : columns) {
                    line.append(line.length() == 0 ? "" : " ").append(rows.getString(column));
                }
                found.add(line.toString());
            }
        }
        return found;
    }

    static void metadata(Connection c) throws Exception {
        DatabaseMetaData meta = c.getMetaData();
        same(meta.getDatabaseProductName(), "PostgreSQL", "product");
        try (Statement s = c.createStatement()) {
            s.execute("CREATE TABLE jdbc_child (t int REFERENCES jdbc_t (id) ON DELETE CASCADE)");
            s.execute("CREATE INDEX jdbc_t_v ON jdbc_t (v)");
        }
        same(names(meta.getColumns(null, "public", "jdbc_t", null), "COLUMN_NAME", "TYPE_NAME", "COLUMN_SIZE", "IS_NULLABLE", "IS_AUTOINCREMENT"),
                List.of("id serial 10 NO YES", "v varchar 20 YES NO", "n numeric 8 YES NO", "t timestamp 29 YES NO"), "columns");
        same(names(meta.getPrimaryKeys(null, "public", "jdbc_t"), "COLUMN_NAME", "KEY_SEQ", "PK_NAME"),
                List.of("id 1 jdbc_t_pkey"), "primary key");
        same(names(meta.getTables(null, "public", "jdbc%", new String[] {"TABLE"}), "TABLE_NAME"),
                List.of("jdbc_child", "jdbc_t"), "tables");
        same(names(meta.getIndexInfo(null, "public", "jdbc_t", false, false), "INDEX_NAME", "COLUMN_NAME", "NON_UNIQUE"),
                List.of("jdbc_t_pkey id f", "jdbc_t_v v t"), "indexes");
        same(names(meta.getImportedKeys(null, "public", "jdbc_child"), "PKTABLE_NAME", "PKCOLUMN_NAME", "FKCOLUMN_NAME", "DELETE_RULE"),
                List.of("jdbc_t id t 0"), "imported keys");
        same(names(meta.getExportedKeys(null, "public", "jdbc_t"), "FKTABLE_NAME", "FK_NAME"),
                List.of("jdbc_child jdbc_child_t_fkey"), "exported keys");
        check(names(meta.getSchemas(), "TABLE_SCHEM").contains("public"), "schemas");
        check(names(meta.getTypeInfo(), "TYPE_NAME").contains("jsonb"), "types");
        check(names(meta.getFunctions(null, "pg_catalog", "upper"), "FUNCTION_NAME").contains("upper"), "functions");
        names(meta.getTablePrivileges(null, "public", "jdbc_t"), "GRANTEE");
        names(meta.getBestRowIdentifier(null, "public", "jdbc_t", DatabaseMetaData.bestRowSession, true), "COLUMN_NAME");
        try (PreparedStatement p = c.prepareStatement("SELECT id, v FROM jdbc_t WHERE id = ? AND n > ?")) {
            same(p.getParameterMetaData().getParameterTypeName(1), "int4", "parameter");
            same(p.getParameterMetaData().getParameterTypeName(2), "numeric", "parameter");
            same(p.getMetaData().isAutoIncrement(1), true, "serial");
            same(p.getMetaData().isNullable(1), ResultSetMetaData.columnNoNulls, "not null");
            same(p.getMetaData().getColumnDisplaySize(2), 20, "varchar(20)");
        }
        try (Statement s = c.createStatement(ResultSet.TYPE_SCROLL_SENSITIVE, ResultSet.CONCUR_UPDATABLE);
                ResultSet r = s.executeQuery("SELECT id, v FROM jdbc_t WHERE id = 2")) {
            check(r.next(), "updatable row");
            r.updateString(2, "by result set");
            r.updateRow();
        }
        try (Statement s = c.createStatement()) {
            try (ResultSet r = s.executeQuery("SELECT v FROM jdbc_t WHERE id = 2")) {
                r.next();
                same(r.getString(1), "by result set", "updated");
            }
            s.execute("DROP TABLE jdbc_child");
        }
    }

    static void copies(Connection c) throws Exception {
        CopyManager copy = c.unwrap(PGConnection.class).getCopyAPI();
        check(copy.copyIn("COPY jdbc_t (v) FROM STDIN", new StringReader("a\nb\n")) == 2, "copy");
        StringWriter text = new StringWriter();
        copy.copyOut("COPY (SELECT v, n FROM jdbc_t WHERE n IS NULL ORDER BY id) TO STDOUT (FORMAT csv, HEADER)", text);
        same(text.toString(), "v,n\na,\nb,\n", "copy out");
        ByteArrayOutputStream binary = new ByteArrayOutputStream();
        long rows = copy.copyOut("COPY (SELECT v, n FROM jdbc_t) TO STDOUT (FORMAT binary)", binary);
        check(rows == 12, "binary rows " + rows);
        rows = copy.copyIn("COPY jdbc_t (v, n) FROM STDIN (FORMAT binary)", new ByteArrayInputStream(binary.toByteArray()));
        check(rows == 12, "binary rows in " + rows);
        try {
            copy.copyIn("COPY jdbc_t (n) FROM STDIN", new StringReader("x\n"));
            check(false, "x is no number");
        } catch (SQLException e) {
            same(e.getSQLState(), "22P02", "SQLSTATE");
        }
        try (Statement s = c.createStatement()) {
            s.execute("DROP TABLE jdbc_t");
        }
    }

    static void batches(Connection c) throws Exception {
        try (Statement s = c.createStatement()) {
            s.execute("CREATE TABLE jdbc_b (id int PRIMARY KEY, v text)");
        }
        try (PreparedStatement p = c.prepareStatement("INSERT INTO jdbc_b VALUES (?, ?)")) {
            for (int i = 0; i < 500; i++) {
                p.setInt(1, i);
                p.setString(2, "row " + i);
                p.addBatch();
            }
            check(Arrays.stream(p.executeBatch()).sum() == 500, "batch");
            p.setInt(1, 1000);
            p.setString(2, "x");
            p.addBatch();
            p.addBatch();
            p.executeBatch();
            check(false, "the second has the same key");
        } catch (BatchUpdateException e) {
            same(e.getSQLState(), "23505", "SQLSTATE");
        }
        try (Statement s = c.createStatement()) {
            try (ResultSet r = s.executeQuery("SELECT count(*) FROM jdbc_b")) {
                r.next();
                same(r.getInt(1), 500, "rows");
            }
            s.execute("DROP TABLE jdbc_b");
        }
    }
}
