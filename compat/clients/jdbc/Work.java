import java.io.*;
import java.nio.charset.StandardCharsets;
import java.sql.*;
import java.util.Arrays;
import javax.sql.XAConnection;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyManager;
import org.postgresql.copy.CopyOut;
import org.postgresql.copy.PGCopyInputStream;
import org.postgresql.copy.PGCopyOutputStream;
import org.postgresql.xa.PGXADataSource;

/** Transactions, savepoints, XA, COPY, notifications, isolation, errors of every kind. */
public class Work {
    public static void main(String[] arguments) throws Exception {
        try (Connection c = Out.connect()) {
            Out.run(c, "CREATE SCHEMA work", "SET search_path = work", "CREATE TABLE t (id int PRIMARY KEY, v text CHECK (v <> 'bad'), n numeric(5,2), other int REFERENCES t DEFERRABLE)");
            transactions(c);
            isolation(c);
            errors(c);
            copies(c);
            notifications(c);
        }
        xa();
    }

    static void transactions(Connection c) {
        Out.inside(c, "savepoints", () -> {
            Out.run(c, "INSERT INTO t VALUES (1, 'one')");
            Savepoint named = c.setSavepoint("a \"name\"");
            Out.run(c, "INSERT INTO t VALUES (2, 'two')");
            Savepoint unnamed = c.setSavepoint();
            Out.fails(() -> Out.run(c, "INSERT INTO t VALUES (1, 'again')"));
            Out.fails(() -> Out.query(c, "SELECT 1"));
            c.rollback(unnamed);
            Out.query(c, "SELECT count(*) FROM t");
            c.rollback(named);
            Out.fails(() -> c.releaseSavepoint(unnamed));
            c.rollback(named);
            c.releaseSavepoint(named);
            Out.fails(() -> c.rollback(named));
            c.commit();
            Out.query(c, "SELECT id, v FROM t ORDER BY id");
            c.rollback();
            c.setAutoCommit(true);
            Out.fails(c::setSavepoint);
            Out.fails(c::commit);
        });
        Out.inside(c, "a commit of a failed transaction", () -> {
            Out.fails(() -> Out.run(c, "SELECT 1/0"));
            Out.fails(c::commit);
            c.setAutoCommit(true);
        });
        Out.inside(c, "a constraint checked at commit", () -> {
            Out.run(c, "SET CONSTRAINTS ALL DEFERRED", "INSERT INTO t VALUES (9, 'child', 1, 8)");
            Out.fails(c::commit);
            c.rollback();
            c.setAutoCommit(true);
        });
        Out.step("autosave", () -> {
            for (String mode : new String[] {"always", "conservative", "never"}) {
                try (Connection d = Out.connect("autosave", mode, "currentSchema", "work")) {
                    d.setAutoCommit(false);
                    Out.run(d, "INSERT INTO t VALUES (50, 'kept')");
                    Out.fails(() -> Out.run(d, "INSERT INTO t VALUES (50, 'again')"));
                    Out.fails(() -> Out.query(d, "SELECT v FROM t WHERE id = 50"));
                    d.rollback();
                }
            }
        });
        Out.step("read-only", () -> {
            c.setReadOnly(true);
            Out.fails(() -> Out.run(c, "INSERT INTO t VALUES (60)"));
            c.setAutoCommit(false);
            Out.fails(() -> Out.run(c, "CREATE TABLE u (a int)"));
            c.rollback();
            c.setAutoCommit(true);
            c.setReadOnly(false);
            for (String mode : new String[] {"ignore", "transaction", "always"}) {
                try (Connection d = Out.connect("readOnly", "true", "readOnlyMode", mode, "currentSchema", "work")) {
                    Out.fails(() -> Out.run(d, "INSERT INTO t VALUES (61)", "DELETE FROM t WHERE id = 61"));
                }
            }
        });
    }

    static void isolation(Connection c) {
        for (int level : new int[] {Connection.TRANSACTION_READ_UNCOMMITTED, Connection.TRANSACTION_READ_COMMITTED, Connection.TRANSACTION_REPEATABLE_READ, Connection.TRANSACTION_SERIALIZABLE}) {
            Out.step("isolation " + level, () -> {
                try (Connection a = Out.connect("currentSchema", "work"); Connection b = Out.connect("currentSchema", "work")) {
                    Out.run(c, "DELETE FROM t", "INSERT INTO t VALUES (1, 'x', 1), (2, 'x', 2)");
                    a.setTransactionIsolation(level);
                    b.setTransactionIsolation(level);
                    Out.line(a.getTransactionIsolation());
                    a.setAutoCommit(false);
                    b.setAutoCommit(false);
                    Out.query(a, "SELECT sum(n) FROM t");
                    Out.query(b, "SELECT sum(n) FROM t");
                    Out.run(a, "UPDATE t SET n = n + 10 WHERE id = 1");
                    Out.run(b, "UPDATE t SET n = n + 20 WHERE id = 2");
                    Out.fails(a::commit);
                    Out.fails(() -> Out.query(b, "SELECT id, n FROM t ORDER BY id"));
                    Out.fails(() -> Out.run(b, "UPDATE t SET n = n + 100 WHERE id = 1"));
                    Out.fails(b::commit);
                }
                Out.query(c, "SELECT id, n FROM t ORDER BY id");
            });
        }
    }

    static void errors(Connection c) {
        for (String text : new String[] {"SELEC 1", "SELECT * FROM absent", "SELECT absent FROM t", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (10, 'bad')", "INSERT INTO t VALUES (NULL)",
            "INSERT INTO t VALUES (11, 'x', 12345)", "INSERT INTO t VALUES (12, 'x', 1, 99)", "DELETE FROM absent", "SELECT 'x'::int", "SELECT 1/0", "SELECT absent()", "SELECT 1 +", "CREATE TABLE t (a int)",
            "SELECT '2020-02-30'::date", "DO $$ BEGIN RAISE EXCEPTION 'own' USING ERRCODE = 'ZZ001', DETAIL = 'd', HINT = 'h', TABLE = 't', COLUMN = 'c', CONSTRAINT = 'k', SCHEMA = 's', DATATYPE = 'y'; END $$",
            "SET absent = 1", "SELECT (1, 2) = (1)", "SELECT max(n), v FROM t", "ALTER TABLE t ADD PRIMARY KEY (v)", "SELECT '\\x0'::bytea", "SELECT 1::int2 * 100000::int2", "SELECT 'a' < 1", "LOCK TABLE t",
            "SELECT repeat('x', 2000000000)", "VALUES (1), (2, 3)", "SELECT \"unterminated", "SELECT 'unterminated", "SELECT $1", "ROLLBACK TO nowhere", "EXECUTE nothing", "FETCH nothing", "DROP TABLE pg_class"}) {
            Out.step("error of " + text, () -> Out.run(c, text));
        }
        Out.step("logServerErrorDetail", () -> {
            try (Connection d = Out.connect("logServerErrorDetail", "false", "currentSchema", "work", "ApplicationName", "quiet", "options", "-c statement_timeout=300 -c work_mem=1234kB")) {
                Out.fails(() -> Out.run(d, "INSERT INTO t VALUES (1)"));
                Out.query(d, "SELECT current_setting('application_name'), current_setting('statement_timeout'), current_setting('work_mem')");
                Out.fails(() -> Out.query(d, "SELECT pg_sleep(10)"));
            }
            Out.fails(() -> Out.connect("options", "-c absent=1").close());
            Out.fails(() -> DriverManager.getConnection(Out.url().replace("/" + System.getenv("PGDATABASE"), "/absent"), System.getenv("PGUSER"), "").close());
            Out.fails(() -> DriverManager.getConnection(Out.url(), "nobody", "").close());
        });
        Out.step("a connection that is ended", () -> {
            Connection d = Out.connect();
            int pid = d.unwrap(PGConnection.class).getBackendPID();
            Out.query(c, "SELECT pg_terminate_backend(" + pid + ")");
            Thread.sleep(300);
            Out.fails(() -> Out.query(d, "SELECT 1"));
            Out.line(d.isValid(1) + " " + d.isClosed());
        });
    }

    static void copies(Connection c) {
        Out.step("COPY text and csv", () -> {
            CopyManager copy = c.unwrap(PGConnection.class).getCopyAPI();
            Out.run(c, "DELETE FROM t");
            Out.line(copy.copyIn("COPY t (id, v, n) FROM STDIN", new StringReader("1\ta\\tb\t1.5\n2\t\\N\t\\N\n3\tü\\\\\t2\n")));
            Out.line(copy.copyIn("COPY t (id, v) FROM STDIN (FORMAT csv, HEADER, NULL 'nil')", new ByteArrayInputStream("id,v\n4,\"x,\"\"y\"\"\"\n5,nil\n6,\"line\nbreak\"\n".getBytes())));
            for (String text : new String[] {"COPY (SELECT * FROM t ORDER BY id) TO STDOUT", "COPY (SELECT * FROM t ORDER BY id) TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE (v))", "COPY (SELECT v FROM t WHERE false) TO STDOUT"}) {
                StringWriter out = new StringWriter();
                Out.line(copy.copyOut(text, out));
                Out.line(out);
            }
        });
        Out.step("COPY binary", () -> {
            CopyManager copy = c.unwrap(PGConnection.class).getCopyAPI();
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            Out.line(copy.copyOut("COPY (SELECT * FROM t ORDER BY id) TO STDOUT (FORMAT binary)", out));
            Out.line(Arrays.toString(out.toByteArray()));
            Out.run(c, "DELETE FROM t");
            Out.line(copy.copyIn("COPY t FROM STDIN (FORMAT binary)", new ByteArrayInputStream(out.toByteArray())));
            Out.query(c, "SELECT * FROM t ORDER BY id");
            Out.run(c, "DELETE FROM t");
            byte[] cut = Arrays.copyOf(out.toByteArray(), 60);
            Out.fails(() -> copy.copyIn("COPY t FROM STDIN (FORMAT binary)", new ByteArrayInputStream(cut)));
        });
        Out.step("COPY by streams and pieces", () -> {
            PGConnection pg = c.unwrap(PGConnection.class);
            try (PGCopyOutputStream out = new PGCopyOutputStream(pg, "COPY t (id, v) FROM STDIN", 100)) {
                for (int i = 1000; i < 4000; i++) out.write((i + "\trow " + i + "\n").getBytes());
            }
            try (PGCopyInputStream in = new PGCopyInputStream(pg, "COPY (SELECT id, v FROM t WHERE id >= 1000 ORDER BY id) TO STDOUT")) {
                byte[] all = in.readAllBytes();
                Out.line(all.length + " " + new String(all, 0, 30, StandardCharsets.UTF_8));
            }
            CopyIn in = pg.getCopyAPI().copyIn("COPY t (id, v) FROM STDIN");
            Out.line(in.getFormat() + " " + in.getFieldCount() + " " + in.getFieldFormat(0) + " " + in.isActive());
            byte[] part = "5000\tcancelled\n".getBytes();
            in.writeToCopy(part, 0, part.length);
            in.cancelCopy();
            CopyOut out = pg.getCopyAPI().copyOut("COPY (SELECT generate_series(1, 20000000)) TO STDOUT");
            Out.line(new String(out.readFromCopy()).trim());
            Out.fails(out::cancelCopy);
            Out.query(c, "SELECT count(*) FROM t WHERE id >= 1000");
        });
        for (String[] bad : new String[][] {{"COPY t FROM STDIN", "1\n"}, {"COPY t (id, v) FROM STDIN", "7000\tbad\n"}, {"COPY t (id) FROM STDIN", "7001\n7001\n"}, {"COPY t (id) FROM STDIN", "x\n"},
            {"COPY t (id, v) FROM STDIN (FORMAT csv)", "7002,\"open\n"}, {"COPY t (id) FROM STDIN", "7003\t4\n"}, {"COPY absent FROM STDIN", ""}, {"COPY t FROM STDIN (FORMAT odd)", ""}, {"SELECT 1", ""}, {"COPY t TO STDOUT", ""}}) {
            Out.step("COPY that fails: " + bad[0] + " " + bad[1].trim(), () -> {
                Out.fails(() -> c.unwrap(PGConnection.class).getCopyAPI().copyIn(bad[0], new StringReader(bad[1])));
                Out.query(c, "SELECT count(*) FROM t WHERE id >= 7000");
            });
        }
        Out.step("COPY through executeQuery", () -> {
            Out.fails(() -> Out.run(c, "COPY t FROM STDIN"));
            Out.fails(() -> Out.run(c, "COPY (SELECT 1) TO STDOUT"));
            Out.query(c, "SELECT 'goes on'");
        });
    }

    static void notifications(Connection c) {
        Out.step("LISTEN and NOTIFY", () -> {
            try (Connection d = Out.connect()) {
                PGConnection pg = d.unwrap(PGConnection.class);
                Out.run(d, "LISTEN news", "LISTEN \"Other Channel\"");
                Out.run(c, "NOTIFY news", "NOTIFY news, 'payload'", "SELECT pg_notify('Other Channel', 'ü''s')");
                c.setAutoCommit(false);
                Out.run(c, "NOTIFY news, 'twice'", "NOTIFY news, 'twice'", "NOTIFY news, 'rolled'");
                c.rollback();
                Out.run(c, "NOTIFY news, 'twice'", "NOTIFY news, 'twice'", "NOTIFY news, 'other'");
                c.commit();
                c.setAutoCommit(true);
                int sender = c.unwrap(PGConnection.class).getBackendPID();
                int got = 0;
                for (int i = 0; i < 50 && got < 5; i++) {
                    PGNotification[] found = pg.getNotifications(100);
                    if (found == null) continue;
                    for (PGNotification n : found) {
                        got++;
                        Out.line(n.getName() + " " + n.getParameter() + " " + (n.getPID() == sender));
                    }
                }
                Out.query(d, "SELECT pg_listening_channels()");
                Out.run(d, "UNLISTEN *");
                Out.fails(() -> Out.run(c, "SELECT pg_notify('', 'x')"));
                Out.fails(() -> Out.run(c, "SELECT pg_notify('news', repeat('x', 8000))"));
            }
        });
    }

    record Mark(int number, String text) implements Xid {
        public int getFormatId() {
            return number;
        }

        public byte[] getGlobalTransactionId() {
            return text.getBytes();
        }

        public byte[] getBranchQualifier() {
            return ("branch of " + text).getBytes();
        }
    }

    static void fails(String what, Out.Body body) {
        try {
            body.run();
            Out.line(what + ": no error");
        } catch (XAException e) {
            Out.line(what + ": XA " + e.errorCode + " " + e.getMessage());
            for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
                if (cause instanceof SQLException) Out.error((SQLException) cause);
            }
        } catch (Exception e) {
            Out.line(what + ": " + e);
        }
    }

    static XAConnection open() throws SQLException {
        PGXADataSource source = new PGXADataSource();
        source.setURL(Out.url() + "?currentSchema=work");
        source.setUser(System.getenv("PGUSER"));
        return source.getXAConnection();
    }

    static void recovered(XAResource x) throws XAException {
        String[] found = Arrays.stream(x.recover(XAResource.TMSTARTRSCAN | XAResource.TMENDRSCAN))
                .map(xid -> xid.getFormatId() + " " + new String(xid.getGlobalTransactionId()) + " " + new String(xid.getBranchQualifier())).sorted().toArray(String[]::new);
        Out.line(Arrays.toString(found));
    }

    static void xa() throws Exception {
        Mark one = new Mark(1, "one"), two = new Mark(2, "two"), three = new Mark(3, "three");
        Out.step("XA: two phases", () -> {
            XAConnection a = open();
            XAResource x = a.getXAResource();
            Connection c = a.getConnection();
            Out.run(c, "DELETE FROM t");
            x.start(one, XAResource.TMNOFLAGS);
            Out.run(c, "INSERT INTO t VALUES (1, 'by XA')");
            x.end(one, XAResource.TMSUCCESS);
            Out.line(x.prepare(one) == XAResource.XA_OK);
            x.start(two, XAResource.TMNOFLAGS);
            Out.run(c, "INSERT INTO t VALUES (2, 'rolled back')");
            x.end(two, XAResource.TMSUCCESS);
            x.prepare(two);
            recovered(x);
            Out.query(c, "SELECT gid, owner, database FROM pg_prepared_xacts ORDER BY gid");
            Out.query(c, "SELECT count(*) FROM t");
            a.close();
            XAConnection b = open();
            recovered(b.getXAResource());
            b.getXAResource().commit(one, false);
            b.getXAResource().rollback(two);
            recovered(b.getXAResource());
            Out.query(b.getConnection(), "SELECT id, v FROM t");
            b.close();
        });
        Out.step("XA: one phase, failures", () -> {
            XAConnection a = open();
            XAResource x = a.getXAResource();
            Connection c = a.getConnection();
            x.start(three, XAResource.TMNOFLAGS);
            Out.run(c, "INSERT INTO t VALUES (3, 'one phase')");
            x.end(three, XAResource.TMSUCCESS);
            x.commit(three, true);
            Out.query(c, "SELECT id, v FROM t ORDER BY id");
            x.start(one, XAResource.TMNOFLAGS);
            Out.fails(() -> Out.run(c, "SELECT 1/0"));
            x.end(one, XAResource.TMFAIL);
            fails("prepare what failed", () -> x.prepare(one));
            fails("rollback", () -> x.rollback(one));
            x.start(two, XAResource.TMNOFLAGS);
            Out.run(c, "INSERT INTO t VALUES (4, 'rolled back')");
            fails("end another", () -> x.end(one, XAResource.TMSUCCESS));
            x.end(two, XAResource.TMSUCCESS);
            x.rollback(two);
            fails("commit what is unknown", () -> x.commit(new Mark(9, "unknown"), false));
            fails("roll back what is unknown", () -> x.rollback(new Mark(9, "unknown")));
            fails("forget", () -> x.forget(one));
            fails("commit by the driver", () -> {
                x.start(one, XAResource.TMNOFLAGS);
                try {
                    c.commit();
                } finally {
                    x.end(one, XAResource.TMSUCCESS);
                    x.rollback(one);
                }
            });
            Out.query(c, "SELECT id, v FROM t ORDER BY id");
            a.close();
        });
        Out.step("XA: the same name twice", () -> {
            XAConnection a = open();
            XAConnection b = open();
            for (XAConnection one_of : new XAConnection[] {a, b}) {
                fails("branch", () -> {
                    one_of.getXAResource().start(one, XAResource.TMNOFLAGS);
                    Out.run(one_of.getConnection(), "INSERT INTO t VALUES (20, 'x') ON CONFLICT DO NOTHING");
                });
                if (one_of == a) {
                    a.getXAResource().end(one, XAResource.TMSUCCESS);
                    a.getXAResource().prepare(one);
                    a.getXAResource().commit(one, false);
                }
            }
            b.getXAResource().end(one, XAResource.TMSUCCESS);
            fails("prepare", () -> b.getXAResource().prepare(one));
            fails("commit", () -> b.getXAResource().commit(one, false));
            a.close();
            b.close();
        });
    }
}
