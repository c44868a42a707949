import java.io.StringReader;
import java.math.BigDecimal;
import java.sql.*;
import java.util.Properties;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/** JDBC: types, prepared statements past the binary threshold, transactions, metadata, fetch size, COPY. */
public class JdbcClient {
    static void check(boolean fact, String what) {
        if (!fact) throw new AssertionError(what);
    }

    public static void main(String[] args) throws Exception {
        Properties properties = new Properties();
        properties.setProperty("user", System.getenv("PGUSER"));
        properties.setProperty("password", System.getenv("PGPASSWORD"));
        properties.setProperty("sslmode", "require");
        String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/postgres";
        try (Connection c = DriverManager.getConnection(url, properties)) {
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
            c.setAutoCommit(false);
            try (Statement s = c.createStatement()) {
                s.executeUpdate("UPDATE jdbc_t SET v = 'changed'");
                s.executeUpdate("INSERT INTO jdbc_t (id) VALUES (1)");
                check(false, "the key is there already");
            } catch (SQLException e) {
                check(e.getSQLState().equals("23505"), e.getSQLState());
            }
            c.rollback();
            try (Statement s = c.createStatement()) {
                s.setFetchSize(1000);
                try (ResultSet r = s.executeQuery("SELECT g FROM generate_series(1, 100000) g")) {
                    int count = 0;
                    while (r.next()) count++;
                    check(count == 100000, "streamed " + count);
                }
            }
            c.commit();
            c.setAutoCommit(true);
            DatabaseMetaData meta = c.getMetaData();
            try (ResultSet r = meta.getColumns(null, "public", "jdbc_t", null)) {
                int count = 0;
                while (r.next()) count++;
                check(count == 4, "columns " + count);
            }
            try (ResultSet r = meta.getPrimaryKeys(null, "public", "jdbc_t")) {
                check(r.next() && r.getString("COLUMN_NAME").equals("id"), "primary key");
            }
            CopyManager copy = c.unwrap(PGConnection.class).getCopyAPI();
            check(copy.copyIn("COPY jdbc_t (v) FROM STDIN", new StringReader("a\nb\n")) == 2, "copy");
            try (Statement s = c.createStatement()) {
                s.execute("DROP TABLE jdbc_t");
            }
            System.out.println("JDBC " + meta.getDriverVersion());
        }
    }
}
