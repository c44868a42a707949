#!/usr/bin/env python3
"""pgbouncer (Debian's) in transaction mode before the server: psql, psycopg 2 and pgbench through it."""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402
import transcripts  # noqa: E402

BINARY = "/usr/sbin/pgbouncer"
POOL = 3


def configuration(server, port, directory):
    return f"""
[databases]
postgres = host=127.0.0.1 port={server.port} dbname=postgres user=postgres pool_size={POOL}
session = host=127.0.0.1 port={server.port} dbname=postgres user=postgres pool_mode=session pool_size={POOL}
statement = host=127.0.0.1 port={server.port} dbname=postgres user=postgres pool_mode=statement
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
server_reset_query = DISCARD ALL
server_reset_query_always = 0
server_check_query = select 1
server_check_delay = 0
ignore_startup_parameters = extra_float_digits
max_client_conn = 100
admin_users = postgres
logfile = {directory}/pgbouncer.log
"""


def program(server):
    if not Path(BINARY).exists() or not shutil.which("pgbench"):
        raise suites.servers.Missing("the packages pgbouncer and postgresql-contrib are not installed")
    interpreter = suites.venv("pgbouncer", "psycopg2-binary==2.9.10")
    with tempfile.TemporaryDirectory() as scratch:
        suites.os.chmod(scratch, 0o777)
        port = suites.servers.free_port()
        file = Path(scratch) / "pgbouncer.ini"
        file.write_text(configuration(server, port, scratch))
        words = [BINARY, str(file)]
        if suites.os.getuid() == 0:
            words = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *words]
        pooler = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        try:
            time.sleep(1)
            return transcripts.run(server, [interpreter, suites.HERE / "pgbouncer" / "program.py"], suites.HERE, PGPORT=port, POOL=POOL)
        finally:
            pooler.terminate()
            pooler.wait()


transcripts.main("pgbouncer", program)
