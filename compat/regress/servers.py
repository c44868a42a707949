"""PostgreSQL 15 and zserver side by side, each with a fresh database for every file.

PostgreSQL's database is made from a template. zserver has one database: it is
started again over a copy of the data directory that the template was made in.
Both databases are called `postgres`, so that their names do not differ.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from protocol import Connection

# What pg_regress sets for every session.
SETTINGS = {
    "application_name": "regress",
    "client_encoding": "UTF8",
    "DateStyle": "Postgres, MDY",
    "TimeZone": "PST8PDT",
    "IntervalStyle": "postgres_verbose",
}
PG_OPTIONS = (
    "-c listen_addresses=127.0.0.1 -c fsync=off -c autovacuum=off -c shared_buffers=64MB "
    "-c max_prepared_transactions=2 -c max_connections=100 -c jit=off -c lc_messages=C"
)

OLD_CIPHERS = """openssl_conf = all
[all]
providers = providers
[providers]
default = on
legacy = on
[on]
activate = 1
"""


ROOT = Path(__file__).resolve().parents[2]


class Missing(Exception):
    """What the comparison needs and this machine lacks."""


def built_server():
    target = os.environ.get("CARGO_TARGET_DIR")
    script = 'source .ci/env && cargo build --quiet --locked && echo "$CARGO_TARGET_DIR"'
    environment = {**os.environ, **({"CARGO_TARGET_DIR": target} if target else {})}
    done = subprocess.run(["bash", "-ec", script], cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    return f"{done.stdout.decode().strip()}/debug/zserver"


def pg_bin():
    fixed = Path(os.environ.get("PG_BIN", "/usr/lib/postgresql/15/bin"))
    if (fixed / "initdb").exists():
        return fixed
    raise Missing("PostgreSQL 15 is not installed")


def as_postgres(words, variables=None):
    """PostgreSQL refuses to run as root: there it runs as the user `postgres`."""
    prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, **(variables or {})}
    if subprocess.run(prefix + [str(word) for word in words], cwd="/", env=environment, **quiet).returncode:
        raise Missing(f"{Path(str(words[0])).name} failed")


def give_to_postgres(path):
    if os.getuid() == 0:
        subprocess.run(["chown", "-R", "postgres", str(path)], check=True)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Postgres:
    TEMPLATE = "regress_template"

    def __init__(self, directory, libraries=""):
        self.directory, self.port, self.running = directory, free_port(), False
        self.libraries = libraries
        self.data = directory / "pg"

    def init(self):
        self.data.mkdir(parents=True)
        give_to_postgres(self.data)
        words = [pg_bin() / "initdb", "-D", self.data, "-U", "postgres", "-N", "-A", "trust", "-E", "UTF8"]
        as_postgres(words + ["--locale=C.UTF-8"])

    def copy_of(self, other):
        shutil.copytree(other.data, self.data)
        give_to_postgres(self.data)
        os.chmod(self.data, 0o700)

    def start(self):
        options = f"-p {self.port} {PG_OPTIONS} -c unix_socket_directories={self.data}"
        options += f" -c shared_preload_libraries={self.libraries}" if self.libraries else ""
        pg_ctl = pg_bin() / "pg_ctl"
        # The ciphers of pgcrypto that OpenSSL 3 keeps apart.
        (self.data / "openssl.cnf").write_text(OLD_CIPHERS)
        words = [pg_ctl, "-w", "-D", self.data, "-l", self.data / "log", "-o", options, "start"]
        as_postgres(words, {"OPENSSL_CONF": str(self.data / "openssl.cnf")})
        self.running = True

    def stop(self):
        if self.running:
            as_postgres([pg_bin() / "pg_ctl", "-w", "-D", self.data, "-m", "fast", "stop"])
            self.running = False

    def keep_as_template(self):
        self.run("template1", f"CREATE DATABASE {self.TEMPLATE} TEMPLATE postgres")

    def fresh_database(self, template=None):
        self.run("template1", "DROP DATABASE IF EXISTS postgres WITH (FORCE)")
        self.drop_roles()
        self.run("template1", f"CREATE DATABASE postgres TEMPLATE {template or self.TEMPLATE}")

    def drop_roles(self):
        """Roles, databases and tablespaces outlive a file's database."""
        names = self.run(
            "template1",
            "SELECT 'DATABASE ' || quote_ident(datname) FROM pg_database WHERE oid > 16383 "
            f"AND datname NOT IN ('{self.TEMPLATE}', 'postgres') UNION ALL "
            "SELECT 'ROLE ' || quote_ident(rolname) FROM pg_roles WHERE oid > 16383",
        )
        for (name,) in names:
            self.run("template1", f"DROP {name.decode()}", check=False)

    def run(self, database, sql, check=True):
        connection = Connection(self.port, database=database)
        connection.query(sql)
        answer = connection.answer(60)
        connection.close()
        if answer.error and check:
            raise RuntimeError(f"{sql}: {answer.error}")
        return [row for result in answer.results for row in result.rows]


class Zserver:
    has_http = False

    def __init__(self, binary, directory, libraries=""):
        self.binary, self.directory, self.libraries = binary, directory, libraries
        self.data, self.process, self.port, self.http_port = directory / "zs", None, None, None

    def start(self):
        self.log = open(self.directory / "zs.err", "ab")
        words = [self.binary, "serve", "--dev", "--pg-listen", "127.0.0.1:0", "--data", str(self.data)]
        if self.libraries:
            settings = self.directory / "zs.toml"
            settings.write_text(f'shared_preload_libraries = "{self.libraries}"\n')
            words += ["--config", str(settings)]
        words += ["--http-listen", "127.0.0.1:0"] if self.has_http else []
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=self.log)
        self.port = self.http_port = None
        for line in self.process.stdout:
            found = re.search(rb"127\.0\.0\.1:(\d+)", line)
            if b"ready" in line and found:
                self.port = int(found[1])
            if b"HTTP" in line and found:
                self.http_port = int(found[1])
            if self.port and bool(self.http_port) == self.has_http:
                return
        raise Missing("zserver does not start: see " + str(self.directory / "zs.err"))

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()
        self.process = None

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """For a server whose data is not needed any more."""
        if self.process is not None:
            self.process.kill()
        self.stop()

    def fresh_database(self, template):
        self.kill()
        shutil.rmtree(self.data, ignore_errors=True)
        if template is not None:
            shutil.copytree(template, self.data)
        self.start()


class Pair:
    """Both servers of one worker."""

    def __init__(self, directory, binary, template=None, libraries=""):
        directory.mkdir(parents=True, exist_ok=True)
        self.template = template
        # Where COPY TO writes: each server its own files.
        self.outputs = [directory / "output-P", directory / "output-Z"]
        for output in self.outputs:
            (output / "results").mkdir(parents=True)
            os.chmod(output / "results", 0o777)
        self.postgres = Postgres(directory, libraries)
        self.zserver = Zserver(binary, directory, libraries)
        if template is None:
            self.postgres.init()
            self.postgres.start()
            self.zserver.start()
        else:
            self.postgres.copy_of(template.postgres)
            self.postgres.start()

    def fresh_databases(self):
        self.postgres.fresh_database()
        self.zserver.fresh_database(self.template.zserver.data)

    def keep_as_template(self):
        self.postgres.keep_as_template()
        self.stop()

    def connect(self, user="postgres"):
        return [self.open(server, user) for server in (self.postgres, self.zserver)]

    def open(self, server, user="postgres"):
        """A session; None where the server refuses it."""
        try:
            return Connection(server.port, user=user, settings=SETTINGS)
        except Exception:
            return None

    def stop(self):
        self.zserver.stop()
        self.postgres.stop()


