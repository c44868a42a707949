import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.sql.*;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Properties;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** What the programs share: steps, connections, and how answers and errors are printed. */
final class Out {
    private Out() {}

    interface Body {
        void run() throws Exception;
    }

    static final PrintStream OUT = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), true, StandardCharsets.UTF_8);

    static void line(Object text) {
        // OIDs, numbers of temporary schemas and Java's addresses differ from run to run.
        OUT.println(String.valueOf(text).replace("\n", "\\n").replaceAll("_[1-9][0-9]{4,9}\\b", "_OID")
                .replaceAll("pg_temp_[0-9]+", "pg_temp_N").replaceAll("\\[B@[0-9a-f]+", "[B@"));
    }

    /** Runs one step; an error is part of what it prints. */
    static void step(String name, Body body) {
        OUT.println("== " + name);
        try {
            body.run();
        } catch (SQLException e) {
            error(e);
        } catch (Throwable e) {
            line(e.getClass().getName() + ": " + e.getMessage());
            e.printStackTrace();
        }
    }

    /** A step in a transaction, which is rolled back at its end. */
    static void inside(Connection c, String name, Body body) {
        step(name, () -> {
            c.setAutoCommit(false);
            try {
                body.run();
            } finally {
                if (!c.getAutoCommit()) {
                    c.rollback();
                    c.setAutoCommit(true);
                }
            }
        });
    }

    /** An error with all that the server said of it. */
    static void error(SQLException e) {
        line(e.getClass().getSimpleName() + " " + e.getSQLState() + " " + e.getMessage());
        if (e instanceof BatchUpdateException) {
            line("  counts " + Arrays.toString(((BatchUpdateException) e).getUpdateCounts()));
        }
        ServerErrorMessage said = e instanceof PSQLException ? ((PSQLException) e).getServerErrorMessage() : null;
        if (said != null) {
            line("  " + said.getSeverity() + " hint=" + said.getHint() + " detail=" + said.getDetail() + " at=" + said.getPosition()
                    + " where=" + said.getWhere() + " object=" + said.getSchema() + "." + said.getTable() + "." + said.getColumn()
                    + "." + said.getDatatype() + "." + said.getConstraint());
        }
        if (e.getNextException() != null && e.getNextException() != e) {
            error(e.getNextException());
        }
    }

    static void warnings(SQLWarning warning) {
        for (; warning != null; warning = warning.getNextWarning()) {
            line("warning " + warning.getSQLState() + " " + warning.getMessage());
        }
    }

    /** Runs what is to fail, and prints how. */
    static void fails(Body body) throws Exception {
        try {
            body.run();
            line("no error");
        } catch (SQLException e) {
            error(e);
        }
    }

    static Connection connect(String... settings) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", System.getenv("PGUSER"));
        for (int i = 0; i < settings.length; i += 2) properties.setProperty(settings[i], settings[i + 1]);
        return DriverManager.getConnection(url(), properties);
    }

    static String url() {
        return "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE");
    }

    static void run(Connection c, String... statements) throws SQLException {
        try (Statement s = c.createStatement()) {
            for (String text : statements) s.execute(text);
        }
    }

    static String value(Object value) {
        if (value == null) return "~";
        if (value instanceof byte[]) return "bytes" + Arrays.toString((byte[]) value);
        if (value instanceof java.sql.Array) return value.toString();
        if (value instanceof Object[]) return Arrays.deepToString((Object[]) value);
        return value.toString();
    }

    /** What a result set says of its columns. */
    static void shape(ResultSetMetaData m) throws SQLException {
        for (int i = 1; i <= m.getColumnCount(); i++) {
            line("column " + m.getColumnLabel(i) + "|" + m.getColumnName(i) + "|" + m.getColumnTypeName(i) + "|" + m.getColumnType(i)
                    + "|" + m.getColumnClassName(i) + "|" + m.getPrecision(i) + "," + m.getScale(i) + "|" + m.getColumnDisplaySize(i)
                    + "|null " + m.isNullable(i) + "|auto " + m.isAutoIncrement(i) + "|case " + m.isCaseSensitive(i) + "|currency " + m.isCurrency(i)
                    + "|signed " + m.isSigned(i) + "|search " + m.isSearchable(i) + "|write " + m.isWritable(i) + m.isDefinitelyWritable(i) + m.isReadOnly(i)
                    + "|" + m.getCatalogName(i) + "." + m.getSchemaName(i) + "." + m.getTableName(i)
                    + "|" + ((org.postgresql.PGResultSetMetaData) m).getBaseTableName(i) + "." + ((org.postgresql.PGResultSetMetaData) m).getBaseColumnName(i)
                    + "|" + ((org.postgresql.PGResultSetMetaData) m).getFormat(i));
        }
    }

    static String row(ResultSet r) throws SQLException {
        StringBuilder text = new StringBuilder();
        for (int i = 1; i <= r.getMetaData().getColumnCount(); i++) {
            text.append(i == 1 ? "" : "|").append(r.getString(i) == null ? "~" : r.getString(i));
        }
        return text.toString();
    }

    static void rows(ResultSet result) throws SQLException {
        try (ResultSet r = result) {
            while (r.next()) line(row(r));
        }
    }

    /** For an answer that is in no order of its own. */
    static void sorted(ResultSet result) throws SQLException {
        List<String> lines = new ArrayList<>();
        try (ResultSet r = result) {
            while (r.next()) lines.add(row(r));
        }
        Collections.sort(lines);
        lines.forEach(Out::line);
    }

    static void query(Connection c, String text) throws SQLException {
        try (Statement s = c.createStatement()) {
            rows(s.executeQuery(text));
            warnings(s.getWarnings());
        }
    }
}
