import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.sql.*;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Set;
import org.postgresql.PGConnection;

/** All of DatabaseMetaData, over compat/psql/schema.sql. */
public class Metadata {
    // What names the machine or the release, or answers an object without words.
    static final Set<String> APART = Set.of("getURL", "getConnection", "getDatabaseProductVersion", "getDatabaseMinorVersion");

    public static void main(String[] arguments) throws Exception {
        // Text as of the first execution, binary as of the sixth.
        for (String threshold : new String[] {"5", "-1"}) {
            try (Connection c = Out.connect("prepareThreshold", threshold)) {
                all(c, " (threshold " + threshold + ")");
            }
        }
        try (Connection c = Out.connect("databaseMetadataCacheFields", "0", "hideUnprivilegedObjects", "true")) {
            Out.step("only what is permitted", () -> {
                Out.run(c, "SET ROLE psql_reader");
                DatabaseMetaData m = c.getMetaData();
                Out.sorted(m.getTables(null, "rich", "%", null));
                Out.sorted(m.getSchemas());
                Out.sorted(m.getFunctions(null, "rich", "%"));
                Out.sorted(m.getProcedures(null, "rich", "%"));
                Out.sorted(m.getUDTs(null, "rich", "%", null));
            });
        }
    }

    static void all(Connection c, String with) throws Exception {
        DatabaseMetaData m = c.getMetaData();
        Method[] methods = DatabaseMetaData.class.getMethods();
        Arrays.sort(methods, Comparator.comparing(Method::toString));
        for (Method method : methods) {
            if (APART.contains(method.getName())) continue;
            if (method.getParameterCount() == 0) {
                Out.step(method.getName() + with, () -> show(call(method, m)));
            } else if (method.getName().startsWith("supports") || method.getName().contains("Visible") || method.getName().startsWith("owns")
                    || method.getName().endsWith("Detected")) {
                Out.step(method.getName() + method.getParameterCount() + with, () -> numbers(method, m));
            }
        }
        named(m, with);
        types(c, with);
    }

    static Object call(Method method, Object on, Object... arguments) throws Exception {
        try {
            return method.invoke(on, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause() instanceof Exception ? (Exception) e.getCause() : e;
        }
    }

    static void numbers(Method method, DatabaseMetaData m) throws Exception {
        int[] values = {Types.INTEGER, Types.VARCHAR, Types.ARRAY, Connection.TRANSACTION_NONE, Connection.TRANSACTION_SERIALIZABLE,
            ResultSet.TYPE_FORWARD_ONLY, ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.TYPE_SCROLL_SENSITIVE, ResultSet.CONCUR_UPDATABLE,
            ResultSet.HOLD_CURSORS_OVER_COMMIT, ResultSet.CLOSE_CURSORS_AT_COMMIT};
        for (int a : values) {
            if (method.getParameterCount() == 1) Out.line(a + " " + call(method, m, a));
            else for (int b : values) Out.line(a + " " + b + " " + call(method, m, a, b));
        }
    }

    static void show(Object answer) throws Exception {
        if (answer instanceof ResultSet) {
            Out.shape(((ResultSet) answer).getMetaData());
            Out.sorted((ResultSet) answer);
        } else {
            Out.line(answer);
        }
    }

    /** Indexes without their size in pages, which storage without pages does not have. */
    static void indexes(ResultSet result) throws Exception {
        Out.shape(result.getMetaData());
        java.util.List<String> lines = new java.util.ArrayList<>();
        while (result.next()) {
            lines.add(Out.row(result).replaceFirst("^((?:[^|]*[|]){11})[0-9.]+", "$1pages"));
        }
        java.util.Collections.sort(lines);
        lines.forEach(Out::line);
    }

    static void named(DatabaseMetaData m, String with) {
        for (String schema : new String[] {"rich", "r%", "pg_catalog", "information_schema", "none"}) {
            String over = " of " + schema + with;
            Out.step("getTables" + over, () -> show(m.getTables(null, schema, "%", null)));
            Out.step("getColumns" + over, () -> show(m.getColumns(null, schema, schema.equals("pg_catalog") ? "pg\\_cl%" : "%", "%")));
            Out.step("getFunctions" + over, () -> show(m.getFunctions(null, schema, schema.equals("pg_catalog") ? "array%" : "%")));
            Out.step("getFunctionColumns" + over, () -> show(m.getFunctionColumns(null, schema, schema.equals("pg_catalog") ? "array%" : "%", "%")));
            Out.step("getProcedures" + over, () -> show(m.getProcedures(null, schema, "%")));
            Out.step("getProcedureColumns" + over, () -> show(m.getProcedureColumns(null, schema, schema.equals("pg_catalog") ? "array%" : "%", "%")));
            Out.step("getUDTs" + over, () -> show(m.getUDTs(null, schema, "%", null)));
            Out.step("getSchemas" + over, () -> show(m.getSchemas(null, schema)));
            Out.step("getTablePrivileges" + over, () -> show(m.getTablePrivileges(null, schema, schema.equals("pg_catalog") ? "pg_class" : "%")));
            Out.step("getPrimaryKeys" + over, () -> show(m.getPrimaryKeys(null, schema, null)));
            Out.step("getImportedKeys" + over, () -> show(m.getImportedKeys(null, schema, null)));
            Out.step("getExportedKeys" + over, () -> show(m.getExportedKeys(null, schema, null)));
            Out.step("getCrossReference" + over, () -> show(m.getCrossReference(null, schema, null, null, schema, null)));
        }
        for (String table : new String[] {"kinds", "parent", "child", "owner_of", "Mixed Case", "typed", "by_range", "by_range_2020", "no_columns", "absent"}) {
            String over = " of " + table + with;
            Out.step("getIndexInfo" + over, () -> {
                indexes(m.getIndexInfo(null, "rich", table, false, true));
                indexes(m.getIndexInfo(null, "rich", table, true, false));
            });
            Out.step("getPrimaryKeys" + over, () -> show(m.getPrimaryKeys(null, "rich", table)));
            Out.step("getBestRowIdentifier" + over, () -> show(m.getBestRowIdentifier(null, "rich", table, DatabaseMetaData.bestRowSession, true)));
            Out.step("getVersionColumns" + over, () -> show(m.getVersionColumns(null, "rich", table)));
            Out.step("getColumnPrivileges" + over, () -> show(m.getColumnPrivileges(null, "rich", table, "%")));
            Out.step("getImportedKeys" + over, () -> show(m.getImportedKeys(null, "rich", table)));
            Out.step("getExportedKeys" + over, () -> show(m.getExportedKeys(null, "rich", table)));
        }
        for (String kind : new String[] {"TABLE", "VIEW", "INDEX", "SEQUENCE", "TYPE", "SYSTEM TABLE", "SYSTEM VIEW", "SYSTEM INDEX", "TEMPORARY TABLE",
            "FOREIGN TABLE", "MATERIALIZED VIEW", "PARTITIONED TABLE", "PARTITIONED INDEX"}) {
            Out.step("getTables of kind " + kind + with, () -> show(m.getTables(null, null, "%", new String[] {kind})));
        }
        Out.step("getUDTs of kinds" + with, () -> {
            show(m.getUDTs(null, "rich", "%", new int[] {Types.STRUCT}));
            show(m.getUDTs(null, "rich", "%", new int[] {Types.DISTINCT}));
        });
        Out.step("what the driver lacks" + with, () -> {
            Out.fails(() -> show(m.getSuperTypes(null, "rich", "%")));
            Out.fails(() -> show(m.getSuperTables(null, "rich", "%")));
            Out.fails(() -> show(m.getAttributes(null, "rich", "%", "%")));
            Out.fails(() -> show(m.getPseudoColumns(null, "rich", "%", "%")));
        });
        Out.step("client information" + with, () -> {
            m.getConnection().setClientInfo("ApplicationName", "it's \\ me");
            Out.query(m.getConnection(), "SHOW application_name");
            Out.line(m.getConnection().getClientInfo());
        });
    }

    /** Names, OIDs and properties of types, as the driver's cache of types asks for them. */
    static void types(Connection c, String with) {
        Out.step("names of types" + with, () -> {
            try (Statement s = c.createStatement(); ResultSet r = s.executeQuery(
                    "SELECT * FROM rich.kinds, rich.owner_of, rich.\"Mixed Case\", rich.parent, rich.by_range WHERE false")) {
                Out.shape(r.getMetaData());
            }
            try (PreparedStatement s = c.prepareStatement(
                    "INSERT INTO rich.kinds (name, code, amount, at, m, tags, where_at, long_span, how_many, doc, bits, addr) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)")) {
                ParameterMetaData p = s.getParameterMetaData();
                for (int i = 1; i <= p.getParameterCount(); i++) {
                    Out.line(p.getParameterTypeName(i) + "|" + p.getParameterType(i) + "|" + p.getParameterClassName(i) + "|" + p.getParameterMode(i)
                            + "|" + p.isNullable(i) + "|" + p.isSigned(i) + "|" + p.getPrecision(i) + "," + p.getScale(i));
                }
            }
        });
        Out.step("arrays by the name of the type" + with, () -> {
            for (String type : new String[] {"int4", "rich.mood", "rich.place", "rich.positive", "text", "numeric", "rich.\"Odd Name\"", "absent"}) {
                Out.fails(() -> Out.line(type + " " + c.createArrayOf(type, new Object[] {null}).getBaseTypeName()));
            }
        });
        Out.step("state of the connection" + with, () -> {
            Out.line(c.getCatalog() + " " + c.getSchema() + " " + c.getTransactionIsolation() + " " + c.getHoldability() + " " + c.isReadOnly() + " " + c.isValid(5));
            c.setSchema("rich");
            Out.line(c.getSchema());
            c.setSchema("none");
            Out.line(c.getSchema());
            Out.query(c, "SHOW search_path");
            PGConnection pg = c.unwrap(PGConnection.class);
            Out.line(pg.escapeIdentifier("a\"b") + pg.escapeLiteral("it's \\"));
            Out.line(pg.getParameterStatus("DateStyle") + pg.getParameterStatus("integer_datetimes") + pg.getParameterStatus("standard_conforming_strings")
                    + pg.getParameterStatus("IntervalStyle") + pg.getParameterStatus("client_encoding") + pg.getParameterStatus("is_superuser"));
            Out.run(c, "RESET search_path");
        });
    }
}
