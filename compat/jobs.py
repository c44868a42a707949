#!/usr/bin/env python3
"""How many jobs a second, and whether many survive what runs them.

    compat/jobs.py [--zserver=BIN] [--jobs=N]         prints a line each: submitted, run inside, run outside
    compat/jobs.py [--zserver=BIN] --survive=100000   the kill trial of tests/http_jobs.rs with that many

Inside: N `sql` jobs that insert a row each, each in one transaction with its completion, which jobs that wait share.
Outside: workers that claim and complete 100 at a time over HTTP. Without --zserver the server is built, with optimizations.
"""

import argparse
import base64
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "regress"))
import servers  # noqa: E402

WORKERS = 4
BATCH = 100


def psql(server, text):
    words = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", "-c", text]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def left(server):
    return int(psql(server, "select count(*) from jobs.job where state not in ('completed', 'discarded')"))


def is_busy(server):
    """Whether jobs wait or run; asked while they do, so that it looks at no others."""
    return psql(server, "select exists (select from jobs.job where state = 'available' and is_internal) or exists (select from jobs.job where state = 'running')") == "t"


def rate(name, jobs, started):
    seconds = time.monotonic() - started
    print(f"{name}: {jobs} jobs in {seconds:.1f} s, {jobs / seconds:.0f} a second", flush=True)


def inside(server, jobs):
    psql(server, "create table effect (n int)")
    psql(server, "insert into jobs.queue values ('bench', true)")
    started = time.monotonic()
    psql(server, f"select count(jobs.submit('sql', jsonb_build_object('statement', 'insert into effect values ($1)', 'params', jsonb_build_array(g)), 'bench')) from generate_series(1, {jobs}) g")
    rate("submitted", jobs, started)
    started = time.monotonic()
    psql(server, "update jobs.queue set is_paused = false; notify jobs")
    while is_busy(server):
        time.sleep(0.1)
    rate("run inside", jobs, started)
    assert left(server) == 0
    effects = psql(server, "select count(*), count(distinct n) from effect")
    assert effects == f"{jobs}|{jobs}", effects


def work(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port)
    headers = {"Authorization": "Basic " + base64.b64encode(b"postgres:").decode()}

    def ask(path, body):
        connection.request("POST", f"/api/v1/jobs/{path}", json.dumps(body), headers)
        return json.loads(connection.getresponse().read())

    while True:
        claimed = ask("claim", {"queue": "outside", "count": BATCH})["jobs"]
        if not claimed:
            return
        ask("complete", {"jobs": [{"id": job["id"], "lease": job["lease"]} for job in claimed]})


def outside(server, jobs):
    psql(server, f"select count(jobs.submit('work', queue => 'outside')) from generate_series(1, {jobs}) g")
    started = time.monotonic()
    threads = [threading.Thread(target=work, args=(server,)) for _ in range(WORKERS)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert left(server) == 0
    rate("run outside", jobs, started)


def survive(arguments):
    environment = {**os.environ, "TEST_JOBS": str(arguments.survive)}
    if arguments.zserver:
        environment["TEST_ZSERVER"] = arguments.zserver
    words = ["cargo", "test", "--test", "main", "--", "--nocapture", "http_jobs::jobs_survive"]
    sys.exit(subprocess.run(words, env=environment).returncode)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zserver")
    parser.add_argument("--jobs", type=int, default=20000)
    parser.add_argument("--survive", type=int)
    arguments = parser.parse_args()
    if arguments.survive:
        survive(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        server = servers.Zserver(arguments.zserver or servers.built_server(), Path(scratch))
        server.has_http = True
        server.start()
        try:
            psql(server, "create extension jobs")
            inside(server, arguments.jobs)
            outside(server, arguments.jobs)
        finally:
            server.kill()


main()
