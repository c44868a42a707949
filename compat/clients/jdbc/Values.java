import java.math.BigDecimal;
import java.sql.*;
import java.time.*;
import java.util.Arrays;
import java.util.UUID;
import org.postgresql.PGConnection;
import org.postgresql.PGStatement;
import org.postgresql.util.PGInterval;
import org.postgresql.util.PGobject;

/** Values of every type as text, as binary after five executions, and as parameters. */
public class Values {
    static final String[] LITERALS = {
        "true::bool", "(-32768)::int2", "2147483647::int4", "(-9223372036854775808)::int8", "1.5::float4", "3.4028235e38::float4", "1e-45::float4", "'NaN'::float4",
        "0.1::float8", "1e300::float8", "'-Infinity'::float8", "5e-324::float8", "123.4500::numeric", "'NaN'::numeric", "'Infinity'::numeric", "0::numeric", "1e100::numeric",
        "(-0.000000000000000000000001)::numeric", "12345678.9::numeric(12,4)", "'naïve 𝄞'::text", "''::text", "'pad'::bpchar(6)", "'v'::varchar(3)", "'n'::name", "'c'::\"char\"",
        "'\\x00ff10'::bytea", "''::bytea", "date '2020-02-29'", "date 'infinity'", "date '0044-03-15 BC'", "time '23:59:59.999999'", "time '24:00:00'", "timetz '12:34:56.5+05:30'",
        "timestamp '2020-02-29 12:34:56.789'", "timestamp '-infinity'", "timestamp '0001-01-01 00:00:00 BC'", "timestamptz '2020-02-29 12:34:56.789123+02'", "timestamptz 'infinity'",
        "timestamptz '12020-01-01 00:00+00'", "interval '1 year -2 mons 3 days 04:05:06.789'", "interval '-1 sec'", "uuid 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'{\"a\": [1, null]}'::json",
        "'{\"b\":  1, \"a\": 2}'::jsonb", "B'1011'::bit(4)", "B'10'::varbit(5)", "inet '10.0.0.1/8'", "cidr '2001:db8::/32'", "macaddr '08:00:2b:01:02:03'", "macaddr8 '08:00:2b:01:02:03:04:05'",
        "1::oid", "'pg_class'::regclass", "'now'::regproc", "'int4'::regtype", "int4range(1, 10)", "numrange(NULL, 2.5, '[]')", "'{[1,3),[5,7)}'::int4multirange", "'empty'::daterange",
        "tstzrange('2020-01-01+00', NULL)", "ARRAY[1, NULL, 3]", "ARRAY[[1, 2], [3, 4]]", "'{}'::int4[]", "'[2:3]={7,8}'::int4[]", "ARRAY['a,b', 'c\"d', NULL, '', 'NULL']", "ARRAY[1.5, NULL]::numeric[]",
        "ARRAY[true, false]", "ARRAY[1.5, 'NaN']::float8[]", "ARRAY['\\x01'::bytea]", "ARRAY[date '2020-01-01']", "ARRAY[timestamptz '2020-01-01 00:00+00']", "ARRAY[uuid 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']",
        "ROW(1, 'x', NULL)", "ROW(1, 2.5, 'l')::rich.place", "'happy'::rich.mood", "ARRAY['sad', 'ok']::rich.mood[]", "5::rich.positive", "'{sad}'::rich.moods", "rich.span(1, 2)", "ARRAY[ROW(1, 2, 'a')::rich.place]",
        "NULL::int", "NULL", "'unknown'", "'$.a'::jsonpath", "'1 2'::int2vector", "'1 2'::oidvector", "'(0,1)'::tid", "'5'::xid", "'10:20:10,14'::txid_snapshot", "'16/B374D848'::pg_lsn", "current_schemas(false)",
    };

    public static void main(String[] arguments) throws Exception {
        for (String zone : new String[] {"UTC", "America/St_Johns"}) {
            java.util.TimeZone.setDefault(java.util.TimeZone.getTimeZone(zone));
            for (String threshold : new String[] {"5", "-1"}) {
                try (Connection c = Out.connect("prepareThreshold", threshold)) {
                    String with = " (threshold " + threshold + ", " + zone + ")";
                    for (String literal : LITERALS) Out.step(literal + with, () -> literal(c, literal));
                    parameters(c, with);
                    objects(c, with);
                }
            }
        }
    }

    static void literal(Connection c, String literal) throws SQLException {
        try (PreparedStatement s = c.prepareStatement("SELECT " + literal + " AS v")) {
            String last = "";
            for (int i = 0; i < 7; i++) {
                try (ResultSet r = s.executeQuery()) {
                    if (i == 0) Out.shape(r.getMetaData());
                    r.next();
                    StringBuilder said = new StringBuilder(((org.postgresql.PGResultSetMetaData) r.getMetaData()).getFormat(1) + " " + r.getString(1));
                    try {
                        Object value = r.getObject(1);
                        said.append(" object ").append(Out.value(value)).append(value == null ? "" : " " + value.getClass().getName());
                        if (value instanceof java.sql.Array) said.append(" of ").append(Out.value(((java.sql.Array) value).getArray()));
                    } catch (SQLException e) {
                        said.append(" ").append(e.getMessage());
                    }
                    said.append(" bytes ").append(Arrays.toString(r.getBytes(1)));
                    if (!said.toString().equals(last)) Out.line(said);
                    last = said.toString();
                }
            }
        }
    }

    interface Setter {
        void set(PreparedStatement s) throws SQLException;
    }

    static void round(Connection c, String type, Setter setter) {
        try (PreparedStatement s = c.prepareStatement("SELECT ?::" + type + " AS v, pg_typeof(?)")) {
            String last = "";
            for (int i = 0; i < 7; i++) {
                setter.set(s);
                try (ResultSet r = s.executeQuery()) {
                    r.next();
                    String said = type + " " + Out.row(r);
                    if (!said.equals(last)) Out.line(said);
                    last = said;
                }
            }
        } catch (SQLException e) {
            Out.line(type);
            Out.error(e);
        }
    }

    static Setter both(Object value) {
        return s -> {
            s.setObject(1, value);
            s.setObject(2, value);
        };
    }

    static Setter as(Object value, int type) {
        return s -> {
            s.setObject(1, value, type);
            s.setObject(2, value, type);
        };
    }

    static PGobject typed(String type, String value) throws SQLException {
        PGobject made = new PGobject();
        made.setType(type);
        made.setValue(value);
        return made;
    }

    static void parameters(Connection c, String with) {
        Out.step("parameters" + with, () -> {
            round(c, "bool", both(true));
            round(c, "int2", both((short) -5));
            round(c, "int4", both(7));
            round(c, "int8", both(Long.MIN_VALUE));
            round(c, "float4", both(1.25f));
            round(c, "float8", both(Double.NaN));
            round(c, "numeric", both(new BigDecimal("-123456789.000100")));
            round(c, "numeric", both(new BigDecimal("1E+5")));
            round(c, "text", both("it's \\ \"x\" ü"));
            round(c, "date", both(LocalDate.of(2020, 2, 29)));
            round(c, "date", both(LocalDate.MAX));
            round(c, "date", both(Date.valueOf("1582-10-15")));
            round(c, "time", both(LocalTime.of(1, 2, 3, 4000)));
            round(c, "timetz", both(OffsetTime.of(1, 2, 3, 4000, ZoneOffset.ofHours(3))));
            round(c, "timestamp", both(LocalDateTime.of(2020, 2, 29, 1, 2, 3, 999_999_600)));
            round(c, "timestamp", both(LocalDateTime.MIN));
            round(c, "timestamptz", both(OffsetDateTime.of(2020, 2, 29, 1, 2, 3, 0, ZoneOffset.ofHours(-8))));
            round(c, "timestamptz", both(Timestamp.valueOf("2020-07-01 12:00:00.5")));
            round(c, "bytea", both(new byte[] {0, 127, -128, 92}));
            round(c, "uuid", both(new UUID(3, 4)));
            round(c, "interval", both(new PGInterval(1, -2, 3, 4, 5, 6.789)));
            round(c, "jsonb", both(typed("jsonb", "{\"a\": 1}")));
            round(c, "json", as("{\"a\":1}", Types.OTHER));
            round(c, "inet", both(typed("inet", "::1")));
            round(c, "rich.mood", both(typed("rich.mood", "sad")));
            round(c, "rich.place", both(typed("rich.place", "(1,2,x)")));
            round(c, "int4", as("42", Types.INTEGER));
            round(c, "numeric", as("4.2", Types.NUMERIC));
            round(c, "text", as(null, Types.VARCHAR));
            round(c, "int4", as(null, Types.NULL));
            round(c, "int4[]", both(new int[] {1, 2, 3}));
            round(c, "text[]", both(new String[] {"a", null, "b,c"}));
            round(c, "bool[]", both(new boolean[] {true, false}));
            round(c, "float8[]", both(new double[][] {{1, 2}, {3, 4}}));
            round(c, "bytea[]", both(new byte[][] {{1}, {2, 3}}));
            round(c, "uuid[]", s -> {
                java.sql.Array a = c.createArrayOf("uuid", new Object[] {new UUID(1, 2), null});
                s.setArray(1, a);
                s.setArray(2, a);
            });
            round(c, "rich.mood[]", s -> {
                java.sql.Array a = c.createArrayOf("rich.mood", new Object[] {"sad", "great"});
                s.setArray(1, a);
                s.setArray(2, a);
            });
            round(c, "text", s -> {
                s.setCharacterStream(1, new java.io.StringReader("streamed"));
                s.setString(2, "x");
            });
            round(c, "bytea", s -> {
                s.setBinaryStream(1, new java.io.ByteArrayInputStream(new byte[] {9, 8}), 2);
                s.setBytes(2, new byte[0]);
            });
        });
        Out.step("types of parameters that do not fit" + with, () -> {
            for (String text : new String[] {"SELECT 1 WHERE 'a' = ?", "SELECT ? + 1", "SELECT * FROM rich.kinds WHERE m = ?", "SELECT * FROM rich.kinds WHERE at = ?",
                "SELECT upper(?)", "SELECT ?", "SELECT ? || 'x'", "SELECT 1 LIMIT ?", "SELECT coalesce(?, 'x')", "SELECT ? IS NULL", "SELECT abs(?)", "SELECT ARRAY[?, 1]", "SELECT '2020-01-01'::date + ?"}) {
                for (Object value : new Object[] {"text", 5, LocalDate.of(2020, 1, 1), new int[] {1}, new BigDecimal("2")}) {
                    try (PreparedStatement s = c.prepareStatement(text)) {
                        s.setObject(1, value);
                        Out.line(text + " with " + value.getClass().getSimpleName());
                        Out.rows(s.executeQuery());
                    } catch (SQLException e) {
                        Out.error(e);
                    }
                }
            }
        });
    }

    static void objects(Connection c, String with) {
        Out.step("getters" + with, () -> {
            try (PreparedStatement s = c.prepareStatement("SELECT id, amount, at, day, doc, tags, where_at, name FROM rich.kinds LIMIT 0")) {
                Out.shape(s.getMetaData());
            }
            try (PreparedStatement s = c.prepareStatement("SELECT timestamptz '2020-03-01 00:30+00' a, timestamp '2020-03-01 00:30' b, date '2020-03-01' d, time '00:30' t, 1234567.891::numeric n, 'yes'::text y, '42'::text i")) {
                for (int i = 0; i < 6; i++) s.executeQuery().close();
                ResultSet r = s.executeQuery();
                r.next();
                Out.line(r.getTimestamp(1) + " " + r.getTimestamp(2) + " " + r.getDate(1) + " " + r.getDate(3) + " " + r.getTime(4) + " " + r.getTime(1));
                Out.line(r.getObject(1, OffsetDateTime.class) + " " + r.getObject(2, LocalDateTime.class) + " " + r.getObject(3, LocalDate.class) + " " + r.getObject(4, LocalTime.class)
                        + " " + r.getObject(1, java.util.Date.class));
                Out.line(r.getInt(5) + " " + r.getLong(5) + " " + r.getDouble(5) + " " + r.getBigDecimal(5) + " " + r.getFloat(5) + " " + r.getBoolean(6) + " " + r.getInt(7));
                Out.fails(() -> Out.line(r.getInt(6)));
                Out.fails(() -> Out.line(r.getShort(5)));
            }
        });
        Out.step("plans kept by the server" + with, () -> {
            try (PreparedStatement s = c.prepareStatement("SELECT 7 + ?")) {
                for (int i = 0; i < 8; i++) {
                    s.setInt(1, i);
                    Out.rows(s.executeQuery());
                    Out.line(s.unwrap(PGStatement.class).isUseServerPrepare());
                }
            }
            Out.line(c.unwrap(PGConnection.class).getPrepareThreshold());
        });
    }
}
