"""A server with vectors for the checks and trials beside this file: PostgreSQL with pgvector, or zserver.

Each has a directory of its own, is started, killed and started again. `sql` runs one
statement or several and answers the rows of the last as texts; an error is `SqlError`.
"""

import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "regress"))
import servers  # noqa: E402
from protocol import Connection  # noqa: E402

KINDS = ("pgvector", "zserver")
STATEMENT_SECONDS = 3_600
READY_SECONDS = 60


class SqlError(Exception):
    def __init__(self, fields, sql):
        self.code, self.message = fields.get("C"), fields.get("M")
        super().__init__(f"{self.code} {self.message}: {sql[:200]}")


class Session:
    """A connection; `zserver` and PostgreSQL alike."""

    def __init__(self, port):
        self.connection = Connection(port, settings={"application_name": "vectors"})
        self.notices = []

    def sql(self, text, copy_data=None, seconds=STATEMENT_SECONDS):
        self.connection.query(text)
        fed = iter([copy_data] if copy_data is not None else [])
        answer = self.connection.answer(seconds, lambda: next(fed, None))
        self.notices += [notice.get("M", "") for notice in answer.notices]
        if answer.broken:
            raise ConnectionError(answer.broken)
        if answer.error:
            raise SqlError(answer.error, text)
        rows = answer.results[-1].rows if answer.results else []
        return [tuple(None if cell is None else cell.decode() for cell in row) for row in rows]

    def one(self, text):
        """The only value of a statement."""
        rows = self.sql(text)
        return rows[0][0] if rows else None

    def column(self, text):
        return [row[0] for row in self.sql(text)]

    def plan(self, text):
        return "\n".join(self.column(f"EXPLAIN {text}"))

    def close(self):
        self.connection.close()


class Node:
    """`kind` of `KINDS`; `options` are PostgreSQL's settings, where they are not the same for both."""

    def __init__(self, kind, directory, binary=None, durable=False, **options):
        self.kind, self.directory = kind, Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        os.chmod(self.directory, 0o755)
        if kind == "pgvector":
            settings = {"shared_buffers": "256MB", "maintenance_work_mem": "64MB", "max_connections": "100", **options}
            settings |= {"fsync": "on" if durable else "off", "listen_addresses": "127.0.0.1", "jit": "off", "lc_messages": "C"}
            servers.PG_OPTIONS = " ".join(f"-c {name}={value}" for name, value in settings.items())
            self.server = servers.Postgres(self.directory)
            self.server.init()
        else:
            self.server = servers.Zserver(binary, self.directory)

    def start(self):
        """Starts it; the seconds until the first statement is answered."""
        began = time.monotonic()
        self.server.start()
        while True:
            try:
                session = Session(self.server.port)
                session.sql("SELECT 1")
                session.close()
                return time.monotonic() - began
            except (ConnectionError, OSError, SqlError):
                if time.monotonic() - began > READY_SECONDS:
                    raise
                time.sleep(0.02)

    @property
    def port(self):
        return self.server.port

    def session(self):
        return Session(self.port)

    def process(self):
        if self.kind == "zserver":
            return self.server.process.pid
        return int((self.server.data / "postmaster.pid").read_text().split()[0])

    def processes(self):
        """The server's process and its children."""
        main = self.process()
        words = ["ps", "-o", "pid=", "--ppid", str(main)]
        children = subprocess.run(words, capture_output=True, text=True, check=False).stdout.split()
        return [main, *map(int, children)]

    def memory(self):
        """Bytes that are resident; what processes share counts once (PSS)."""
        total = 0
        for pid in self.processes():
            try:
                found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
                total += int(found[1]) * 1024 if found else 0
            except OSError:
                pass
        return total

    def kill(self):
        """kill -9 of every process at once."""
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.kind == "zserver":
            self.server.process.wait()
            self.server.stop()
        else:
            main = self.process()
            while Path(f"/proc/{main}").exists():
                time.sleep(0.01)
            # The memory of those that were killed is taken back at the next start.
            (self.server.data / "postmaster.pid").unlink(missing_ok=True)
            self.server.running = False

    def stop(self):
        self.server.stop()

    def pgbench(self, scripts, clients, transactions=None, seconds=None, options=(), settings=()):
        """Runs `{script: weight}`; the transactions that were done. A failed one is an error."""
        session = " ".join("-c " + setting.replace(" = ", "=") for setting in settings)
        with tempfile.TemporaryDirectory(dir=self.directory) as scratch:
            words = [str(servers.pg_bin() / "pgbench"), "-n", f"--client={clients}", *options]
            words += [f"--transactions={transactions}"] if transactions else [f"--time={seconds}"]
            for number, (script, weight) in enumerate(scripts.items()):
                path = Path(scratch) / f"script{number}.sql"
                path.write_text(script)
                words += [f"--file={path}@{weight}"]
            words += ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "postgres"]
            environment = {**os.environ, "PGOPTIONS": session}
            done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
            if done.returncode:
                raise RuntimeError(done.stderr[-2000:])
            return int(re.search(r"actually processed: (\d+)", done.stdout)[1])


def nodes(arguments, directory, **options):
    """A node of each kind that was asked for; what a machine lacks is told."""
    os.chmod(directory, 0o755)
    for kind in arguments.servers.split(","):
        if kind not in KINDS:
            raise SystemExit(f"servers are {', '.join(KINDS)}, not {kind}")
        binary = None
        if kind == "zserver":
            binary = arguments.zserver or servers.built_server()
        try:
            node = Node(kind, Path(directory) / kind, binary, **options)
            node.start()
            session = node.session()
            session.sql("CREATE EXTENSION vector")
            session.close()
        except (servers.Missing, SqlError) as error:
            print(f"skipped: {kind}: {error}", flush=True)
            continue
        try:
            yield node
        finally:
            node.stop()


def common_arguments(parser):
    parser.add_argument("--servers", default="pgvector,zserver", help="which servers, by commas")
    parser.add_argument("--zserver", help="the server's binary; otherwise it is built")


def binary_rows(ids, vectors, *numbers):
    """Rows of int8 keys, int4 `numbers` and vectors, an array of float32, for COPY in binary."""
    import numpy

    dims = vectors.shape[1]
    fields = [("fields", ">i2"), ("id_len", ">i4"), ("id", ">i8")]
    for column in range(len(numbers)):
        fields += [(f"len{column}", ">i4"), (f"number{column}", ">i4")]
    fields += [("len", ">i4"), ("dims", ">i2"), ("unused", ">i2"), ("v", ">f4", (dims,))]
    rows = numpy.zeros(len(vectors), numpy.dtype(fields))
    rows["fields"], rows["id_len"], rows["id"] = 2 + len(numbers), 8, ids
    for column, values in enumerate(numbers):
        rows[f"len{column}"], rows[f"number{column}"] = 4, values
    rows["len"], rows["dims"], rows["v"] = 4 + 4 * dims, dims, vectors
    return b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0) + rows.tobytes() + struct.pack("!h", -1)


def load(session, table, vectors, *numbers, columns="id, v", rows_per_copy=20_000):
    """Fills `table`: keys from 0, `numbers` (int4), vectors."""
    for start in range(0, len(vectors), rows_per_copy):
        end = min(start + rows_per_copy, len(vectors))
        data = binary_rows(range(start, end), vectors[start:end], *(values[start:end] for values in numbers))
        session.sql(f"COPY {table} ({columns}) FROM STDIN (FORMAT binary)", data)


def text_of(vector):
    return "[" + ",".join(repr(float(x)) for x in vector) + "]"
