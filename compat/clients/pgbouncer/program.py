"""Clients through pgbouncer: many of them on few connections, resets, cancellation, pgbench's sums."""

import os
import re
import subprocess
import threading
import time
import traceback

import psycopg2
import psycopg2.extensions

POOL = int(os.environ["POOL"])


def connect(database="postgres", **more):
    return psycopg2.connect(host="127.0.0.1", port=os.environ["PGPORT"], user="postgres", dbname=database, **more)


def say(text):
    print(str(text).replace("\n", "\\n"), flush=True)


def step(name):
    def run(work):
        print(f"== {name}", flush=True)
        try:
            work()
        except psycopg2.Error as error:
            say(f"{type(error).__name__} {error.pgcode} {error}")
        except Exception as error:
            say(f"BROKEN {error}")
            traceback.print_exc()

    return run


def all_of(connection, text, *values):
    with connection.cursor() as cursor:
        cursor.execute(text, values or None)
        return cursor.fetchall() if cursor.description else cursor.rowcount


@step("more clients than connections")
def _():
    answers = []

    def work(number):
        connection = connect()
        for turn in range(10):
            with connection:
                answers.append(all_of(connection, "SELECT %s, pg_backend_pid()", number * 100 + turn)[0])
        connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    say(sorted(value for value, _ in answers) == sorted(n * 100 + t for n in range(12) for t in range(10)))
    say(len({pid for _, pid in answers}) <= POOL)


@step("transactions stay on their connection")
def _():
    a, b = connect(), connect()
    all_of(a, "CREATE TABLE pooled (a int PRIMARY KEY, b text)")
    a.commit()
    all_of(a, "INSERT INTO pooled VALUES (1, 'a')")
    first = all_of(a, "SELECT pg_backend_pid()")
    say(all_of(b, "SELECT count(*) FROM pooled"))
    b.commit()
    say(all_of(a, "SELECT pg_backend_pid()") == first)
    all_of(a, "SAVEPOINT s")
    try:
        all_of(a, "INSERT INTO pooled VALUES (1, 'again')")
    except psycopg2.Error as error:
        say(f"{error.pgcode} {error}")
    all_of(a, "ROLLBACK TO s")
    a.commit()
    say(all_of(b, "SELECT * FROM pooled"))
    b.rollback()
    a.close()
    b.close()


@step("settings that the pooler follows")
def _():
    a = connect(options="", application_name="first")
    b = connect(application_name="second")
    for name in ("application_name", "DateStyle", "client_encoding", "standard_conforming_strings"):
        say([all_of(c, f"SHOW {name}") for c in (a, b)])
    all_of(a, "SET TimeZone = 'Asia/Tokyo'")
    all_of(a, "SET DateStyle = 'SQL, DMY'")
    a.commit()
    b.commit()
    for _ in range(4):
        say([all_of(c, "SELECT current_setting('TimeZone') <> 'Asia/Tokyo', current_date::text ~ '/'") for c in (a, b)])
        a.commit()
        b.commit()
    a.close()
    b.close()


@step("session mode resets the connection")
def _():
    for _ in range(2):
        connection = connect("session")
        connection.autocommit = True
        say(all_of(connection, "SELECT count(*) FROM pg_prepared_statements"))
        say(all_of(connection, "SELECT current_setting('work_mem'), current_setting('search_path')"))
        say(all_of(connection, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"))
        say(all_of(connection, "SELECT count(*) FROM pg_class WHERE relname = 'left_over'"))
        all_of(connection, "PREPARE p AS SELECT 1")
        all_of(connection, "SET work_mem = '7MB'")
        all_of(connection, "SET search_path = pg_catalog")
        all_of(connection, "SELECT pg_advisory_lock(5)")
        all_of(connection, "CREATE TEMP TABLE left_over (a int)")
        all_of(connection, "LISTEN something")
        all_of(connection, "DECLARE c CURSOR WITH HOLD FOR SELECT 1")
        connection.close()
        time.sleep(0.3)


@step("statement mode refuses transactions")
def _():
    connection = connect("statement")
    connection.autocommit = True
    say(all_of(connection, "SELECT 1"))
    try:
        all_of(connection, "BEGIN")
        say("no error")
    except psycopg2.Error as error:
        say(error)


@step("cancellation")
def _():
    connection = connect()
    threading.Timer(0.5, connection.cancel).start()
    try:
        all_of(connection, "SELECT pg_sleep(20)")
    except psycopg2.Error as error:
        say(f"{error.pgcode} {error}")
    connection.rollback()
    say(all_of(connection, "SELECT 'goes on'"))
    connection.close()


@step("a client that vanishes in a transaction")
def _():
    connection = connect()
    all_of(connection, "INSERT INTO pooled VALUES (50, 'lost')")
    os.close(connection.fileno())
    time.sleep(0.7)
    other = connect()
    say(all_of(other, "SELECT count(*) FROM pooled WHERE a = 50"))
    all_of(other, "INSERT INTO pooled VALUES (50, 'kept')")
    other.commit()
    other.close()


@step("COPY")
def _():
    import io

    connection = connect()
    with connection.cursor() as cursor:
        cursor.copy_expert("COPY pooled FROM STDIN", io.StringIO("".join(f"{n}\trow {n}\n" for n in range(1000, 3000))))
        out = io.StringIO()
        cursor.copy_expert("COPY (SELECT * FROM pooled WHERE a >= 2990 ORDER BY a) TO STDOUT (FORMAT csv)", out)
        say(out.getvalue())
    connection.commit()
    try:
        with connection.cursor() as cursor:
            cursor.copy_expert("COPY pooled FROM STDIN", io.StringIO("x\ty\n"))
    except psycopg2.Error as error:
        say(f"{error.pgcode} {error}")
    connection.close()


@step("a connection that is ended from outside")
def _():
    a = connect()
    all_of(a, "SELECT 1")
    pid = all_of(a, "SELECT pg_backend_pid()")[0][0]
    b = connect()
    say(all_of(b, "SELECT pg_terminate_backend(%s)", pid))
    b.commit()
    time.sleep(0.3)
    try:
        all_of(a, "SELECT 2")
        say("no error")
    except psycopg2.Error as error:
        say(type(error).__name__)
    c = connect()
    say(all_of(c, "SELECT 3"))
    b.close()
    c.close()


def pgbench(*words):
    place = ["-h", "127.0.0.1", "-p", os.environ["PGPORT"], "-U", "postgres"]
    done = subprocess.run(["pgbench", *place, *words, "postgres"], capture_output=True, text=True)
    said = re.findall(r"number of transactions actually processed: (\S+)|number of failed transactions: (\d+)|(?:ERROR|FATAL).*", done.stdout + done.stderr)
    say(f"{done.returncode} {said}")


@step("pgbench")
def _():
    pgbench("-i", "-q", "-s", "1")
    for protocol in ("simple", "extended"):
        pgbench("-n", "-M", protocol, "-c", "8", "-j", "2", "-t", "40")
        pgbench("-n", "-S", "-M", protocol, "-c", "8", "-j", "2", "-t", "100")
        pgbench("-n", "-C", "-S", "-M", protocol, "-c", "4", "-t", "10")
    connection = connect()
    say(all_of(connection, "SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history), (SELECT sum(tbalance) FROM pgbench_tellers) = (SELECT sum(bbalance) FROM pgbench_branches), (SELECT count(*) FROM pgbench_history)"))
    connection.close()


@step("the pooler's own console")
def _():
    connection = connect("pgbouncer")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SHOW POOLS")
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row)) for row in cursor.fetchall()]
        say(sorted({row["database"] for row in rows}))
        say(all(int(row["sv_active"]) + int(row["sv_idle"]) + int(row["sv_used"]) <= POOL for row in rows if row["database"] == "postgres"))
        cursor.execute("RECONNECT")
    connection.close()
    connection = connect()
    say(all_of(connection, "SELECT 'anew'"))
    connection.close()
