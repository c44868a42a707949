#!/usr/bin/env python3
"""pgbench: initialization with every option, every script and protocol, scripts of one's own.

A step passes if pgbench ends as it should, without an error or a failed transaction. With
one client and a fixed seed the rows that a step leaves are always the same, and so a
digest of them belongs to the step's name: what PostgreSQL leaves is what is expected.
Steps with several clients end with TPC-B's sums instead.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402
from servers import pg_bin  # noqa: E402

LIMIT_SECONDS = 120
SEED = "--random-seed=7"
TABLES = "pgbench_accounts pgbench_branches pgbench_tellers pgbench_history".split()
# What initialization makes: tables, keys, partitions, storage.
SCHEMA = """
SELECT c.relname, c.relkind, c.relpersistence, c.reloptions, c.relispartition,
       pg_get_expr(c.relpartbound, c.oid), pg_get_partkeydef(c.oid),
       (SELECT array_agg(conname || ' ' || pg_get_constraintdef(k.oid) ORDER BY conname)
        FROM pg_constraint k WHERE k.conrelid = c.oid)
FROM pg_class c WHERE c.relname LIKE 'pgbench_%' AND c.relkind IN ('r', 'p', 'i', 'I')
ORDER BY c.relname COLLATE "C"
"""
ROWS = """
SELECT (SELECT md5(string_agg(aid || ' ' || bid || ' ' || abalance, ',' ORDER BY aid)) FROM pgbench_accounts),
       (SELECT md5(string_agg(bid || ' ' || bbalance, ',' ORDER BY bid)) FROM pgbench_branches),
       (SELECT md5(string_agg(tid || ' ' || bid || ' ' || tbalance, ',' ORDER BY tid)) FROM pgbench_tellers),
       (SELECT md5(string_agg(concat_ws(' ', tid, bid, aid, delta), ',' ORDER BY tid, bid, aid, delta)) FROM pgbench_history)
"""
SUMS = """
SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history),
       (SELECT sum(bbalance) FROM pgbench_branches) = (SELECT sum(tbalance) FROM pgbench_tellers)
"""
KEPT = "SELECT count(*), md5(string_agg(v::text, ',' ORDER BY v)) FROM kept"

INITIALIZATIONS = [
    "", "-q", "-n", "-F 50", "-s 2", "--foreign-keys", "--unlogged-tables", "--partitions=3",
    "--partitions=3 --partition-method=hash", "--partitions=1 --unlogged-tables", "--tablespace=pg_default",
    "--index-tablespace=pg_default", "-I dtgvp", "-I dtGvp", "-I dtGvpf", "-I dtpfg", "-I dt", "-I d",
    "-s 2 -F 80 --foreign-keys --partitions=4 --partition-method=range -I dtGpfv",
]

# Of one client: the rows they leave are known.
SCRIPTS = {
    "gset": r"""
SELECT 1 + :scale AS one, 'two' AS two \gset
SELECT :one + 5 AS three \gset p_
INSERT INTO kept VALUES (:p_three);
""",
    "aset": r"""
SELECT 1 AS a \; SELECT 2 AS b, 3 AS c \; SELECT 4 AS a \aset
INSERT INTO kept VALUES (:a), (:b), (:c);
""",
    "pipeline": r"""
\set i random(1, 1000)
\startpipeline
BEGIN;
INSERT INTO kept VALUES (:i);
SELECT 1;
UPDATE kept SET v = v + 1 WHERE v = :i;
SELECT count(*) FROM kept;
END;
\endpipeline
""",
    "conditions": r"""
\set i random(1, 9)
\if :i > 6
INSERT INTO kept VALUES (:i);
\elif :i > 3
INSERT INTO kept VALUES (0 - :i);
\else
DELETE FROM kept WHERE v = :i + 6;
\endif
""",
    "functions": r"""
\set z random_zipfian(1, 100, 1.5)
\set g random_gaussian(1, 100, 2.5)
\set e random_exponential(1, 100, 2.5)
\set h abs(hash(:z)) % 1000
\set m abs(hash_murmur2(:g, 5)) % 1000
\set p permute(:e - 1, 100)
\set d least(:z, :g, :e) + greatest(1, 2) + int(sqrt(16.0)) + mod(7, 4) + (:z & 3)
INSERT INTO kept VALUES (:z), (:g), (:e), (:h), (:m), (:p), (:d);
""",
    "types": r"""
\set f 1.5 * :scale
\set n null
\set b true and not false
INSERT INTO kept SELECT (:f * 2)::int WHERE :b AND :n::int IS NULL;
""",
    "several statements": r"""
BEGIN \; INSERT INTO kept VALUES (:client_id) \; COMMIT;
SELECT pg_sleep(0);
\sleep 1 us
""",
    "shell": r"""
\setshell n echo 41
INSERT INTO kept VALUES (:n + 1);
\shell true
""",
}

ONLY_SIMPLE = ("aset", "several statements")

CONCURRENT = {
    "TPC-B": "-b tpcb-like -t 50",
    "simple update": "-N -t 50",
    "select only": "-S -t 100",
    "mixed by weight": "-b tpcb-like@2 -b simple-update@1 -b select-only@5 -t 50",
    "a connection each": "-C -S -t 10",
    "a connection each, TPC-B": "-C -t 10",
    "progress": "-P 1 -T 3",
    "progress with timestamps": "-P 1 --progress-timestamp -T 2",
    "rate and latency limit": "-R 100 -L 5000 -T 2",
    "latencies by command": "-r --failures-detailed -t 20",
    "log": "-l --aggregate-interval=1 -T 2",
    "sampled log": "-l --sampling-rate=0.5 -S -t 50",
    "vacuumed before": "-v -t 20",
}

# Clients that collide: what is left over is counted, and nothing is lost.
SERIALIZABLE = r"""
\set from random(1, 5)
\set to random(1, 5)
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT sum(v) AS total FROM accounts;
UPDATE accounts SET v = v - 1 WHERE id = :from;
UPDATE accounts SET v = v + 1 WHERE id = :to;
END;
"""
FAILING = "SELECT 1/0;\n"


class Bench:
    def __init__(self, server, log, directory):
        self.server, self.log, self.directory, self.results = server, log, directory, {}

    def pgbench(self, *words):
        """Exit code and output; a failed transaction is a failure."""
        words = [pg_bin() / "pgbench", *words]
        self.log.write(" ".join(map(str, words)).encode() + b"\n")
        try:
            done = subprocess.run(
                [str(word) for word in words], cwd=self.directory, env=self.server.environment(),
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_SECONDS,
            )
        except subprocess.TimeoutExpired as late:
            return None, (late.stdout or b"").decode(errors="replace")
        self.log.write(done.stdout)
        return done.returncode, done.stdout.decode(errors="replace")

    def ask(self, sql):
        words = ["psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]
        done = subprocess.run(words, env=self.server.environment(), stdout=subprocess.PIPE, stderr=self.log)
        return done.stdout.decode().strip() if done.returncode == 0 else None

    def note(self, name, good, left=None):
        """A step; what it leaves belongs to its name."""
        name = name if left is None else f"{name} leaves {digest(left)}"
        self.results[name] = "passed" if good else "failed"

    def run(self, *words):
        code, text = self.pgbench("-n", SEED, *words)
        return code == 0 and not re.search(r"^pgbench: error|aborted|failed transactions: [1-9]", text, re.M)


def digest(text):
    return hashlib.sha256((text or "nothing").encode()).hexdigest()[:12]


def initialize(bench):
    for words in INITIALIZATIONS:
        code, text = bench.pgbench("-i", *words.split())
        good = code == 0 and "error" not in text.lower()
        counts = [bench.ask(f"SELECT count(*) FROM {table}") for table in TABLES]
        bench.note(f"initialize {words}", good, "\n".join(map(str, [bench.ask(SCHEMA), *counts])))


def one_client(bench):
    for protocol in ("simple", "extended", "prepared"):
        bench.pgbench("-i", "-q", "-n")
        for script in ("tpcb-like", "simple-update", "select-only"):
            good = bench.run("-b", script, "-M", protocol, "-t", "100")
            bench.note(f"{script}, {protocol}", good, bench.ask(ROWS))
        for name, text in SCRIPTS.items():
            bench.ask("DROP TABLE IF EXISTS kept; CREATE TABLE kept (v bigint)")
            path = bench.directory / "script.sql"
            path.write_text(text)
            # A pipeline cannot be of the simple protocol, nor several statements of the others.
            is_simple = protocol == "simple"
            if is_simple if name == "pipeline" else name in ONLY_SIMPLE and not is_simple:
                continue
            good = bench.run("-f", path, "-M", protocol, "-t", "20", "-D", "scale=3")
            bench.note(f"script {name}, {protocol}", good, bench.ask(KEPT))


def several_clients(bench):
    for partitions in ([], ["--partitions=3", "--partition-method=hash"]):
        for protocol in ("simple", "extended", "prepared"):
            bench.pgbench("-i", "-q", "-n", "-s", "2", *partitions)
            for name, words in CONCURRENT.items():
                good = bench.run("-M", protocol, "-c", "4", "-j", "2", *words.split())
                title = f"{name}, {protocol}, 4 clients" + (", partitions" if partitions else "")
                bench.note(title, good, bench.ask(SUMS))


def retries(bench):
    for protocol in ("simple", "extended", "prepared"):
        bench.ask("DROP TABLE IF EXISTS accounts; CREATE TABLE accounts (id int PRIMARY KEY, v int)")
        bench.ask("INSERT INTO accounts SELECT n, 100 FROM generate_series(1, 5) n")
        path = bench.directory / "serializable.sql"
        path.write_text(SERIALIZABLE)
        words = ["-f", path, "-M", protocol, "-c", "4", "-j", "2", "-t", "25", "--failures-detailed"]
        good = bench.run(*words, "--max-tries=1000")
        bench.note(f"serializable with --max-tries, {protocol}", good, bench.ask("SELECT sum(v) FROM accounts"))
        path.write_text(FAILING)
        code, text = bench.pgbench("-n", "-f", path, "-M", protocol, "-t", "2", "--verbose-errors")
        bench.note(f"a script that fails, {protocol}", code == 2 and "division by zero" in text)


def suite(server, arguments):
    with tempfile.TemporaryDirectory() as scratch, open(server.log, "wb") as log:
        bench = Bench(server, log, Path(scratch))
        parts = {"initialize": initialize, "one": one_client, "several": several_clients, "retries": retries}
        for name, part in parts.items():
            if not arguments.only or name in arguments.only:
                part(bench)
        return bench.results


suites.main("pgbench", suite)
