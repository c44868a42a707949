#!/usr/bin/env python3
"""Trials of an index under load and under kill -9, on PostgreSQL with pgvector and on zserver.

    compat/vector/trial.py mixed [--minutes 10] [--rows 50000] [--clients 4] [--dims 64]
    compat/vector/trial.py kill [--times 50] [--rows 3000] [--dims 32] [--seed 1]

mixed: clients search (80 %), insert (15 %) and delete (5 %). Every few seconds, in one snapshot,
the index's answers are compared with those without it: recall, and the server's memory,
are printed over time. It fails where recall falls below 0.95, or a search answers a row
that was deleted before it began.

kill: writers commit while the index is built, filled, checkpointed or repaired; the server is
killed at a moment that is not theirs, and started. It fails where a committed row is not
found by its own vector at once, a deleted row is found, a transaction is half there, or
the start takes more than five seconds.
"""

import argparse
import random
import sys
import tempfile
import threading
import time

import data
from nodes import SqlError, common_arguments, load, nodes, text_of

RECALL_LEAST = 0.95
READY_SECONDS = 5
K = 10
PHASES = ("build", "insert", "checkpoint", "repair")


class Failed(Exception):
    pass


def fill(node, rows, dims, seed, index=True):
    """The table `items (id, v)` with rows from clusters; its vectors."""
    session = node.session()
    session.sql("DROP TABLE IF EXISTS items")
    session.sql(f"CREATE TABLE items (id bigint PRIMARY KEY, v vector({dims}))")
    base, _ = data.clusters(rows, dims, 1, seed=seed, centers=max(4, rows // 200))
    load(session, "items", base)
    if index:
        session.sql("CREATE INDEX items_v ON items USING hnsw (v vector_l2_ops)")
    session.close()
    return base


def compared(session, vector):
    """The nearest rows by the index, and without it, in the same snapshot."""
    query = f"SELECT id FROM items ORDER BY v <-> '{text_of(vector)}' LIMIT {K}"
    session.sql("BEGIN ISOLATION LEVEL REPEATABLE READ")
    found = session.column(query)
    session.sql("SET LOCAL enable_indexscan = off")
    session.sql("SET LOCAL enable_seqscan = on")
    true = session.column(query)
    session.sql("COMMIT")
    return found, true


class Mixed:
    """The clients' shared state: which keys are there, and which are gone for certain."""

    def __init__(self, node, arguments):
        self.node, self.arguments = node, arguments
        self.base = fill(node, arguments.rows, arguments.dims, arguments.seed)
        self.live, self.gone = set(range(arguments.rows)), set()
        self.next, self.lock, self.end = arguments.rows, threading.Lock(), threading.Event()
        self.counts = {"search": 0, "insert": 0, "delete": 0, "again": 0}
        self.faults = []

    def vector(self, chance):
        base = self.base[chance.randrange(len(self.base))]
        noise = data.numpy.random.default_rng(chance.getrandbits(32)).standard_normal(len(base)).astype("float32")
        return data.unit((base + 0.3 * noise / len(base) ** 0.5)[None])[0]

    def client(self, number):
        chance = random.Random(number)
        session = self.node.session()
        session.sql("SET enable_seqscan = off")
        while not self.end.is_set():
            draw = chance.random()
            what = "search" if draw < 0.80 else "insert" if draw < 0.95 else "delete"
            try:
                getattr(self, what)(session, chance)
                self.counts[what] += 1
            except SqlError as error:
                if error.code not in ("40001", "40P01"):
                    self.faults.append(f"{what}: {error}")
                    self.end.set()
                self.counts["again"] += 1
            except (Failed, ConnectionError, OSError) as error:
                self.faults.append(f"{what}: {error}")
                self.end.set()
        session.close()

    def search(self, session, chance):
        with self.lock:
            gone = set(list(self.gone)[-5_000:])
        found = session.column(f"SELECT id FROM items ORDER BY v <-> '{text_of(self.vector(chance))}' LIMIT {K}")
        if gone & set(map(int, found)):
            raise Failed(f"deleted rows {gone & set(map(int, found))} are found")
        if len(found) < K:
            raise Failed(f"{len(found)} rows of {K}")

    def insert(self, session, chance):
        with self.lock:
            key, self.next = self.next, self.next + 1
        session.sql(f"INSERT INTO items VALUES ({key}, '{text_of(self.vector(chance))}')")
        with self.lock:
            self.live.add(key)

    def delete(self, session, chance):
        with self.lock:
            key = self.live.pop()
        session.sql(f"DELETE FROM items WHERE id = {key}")
        with self.lock:
            self.gone.add(key)

    def watch(self):
        """Recall and memory over time; the least recall."""
        session = self.node.session()
        chance = random.Random(0)
        least, began = 1.0, time.monotonic()
        last = began
        while not self.end.is_set() and (now := time.monotonic()) - began < 60 * self.arguments.minutes:
            hits = total = 0
            for _ in range(self.arguments.sample):
                session.sql("SET enable_seqscan = off")
                found, true = compared(session, self.vector(chance))
                hits += len(set(found) & set(true))
                total += len(true)
            share = hits / max(1, total)
            least = min(least, share)
            with self.lock:
                there = len(self.live)
            done = ", ".join(f"{count} {what}" for what, count in self.counts.items())
            print(f"{self.node.kind} {now - began:6.0f} s: recall {share:.4f}, {there} rows, {self.node.memory() >> 20} MiB; {done}", flush=True)
            if self.arguments.vacuum and now - last > self.arguments.vacuum:
                session.sql("VACUUM items")
                last = now
            self.end.wait(self.arguments.every)
        self.end.set()
        session.close()
        return least

    def run(self):
        clients = [threading.Thread(target=self.client, args=(number,)) for number in range(1, self.arguments.clients + 1)]
        for client in clients:
            client.start()
        try:
            least = self.watch()
        finally:
            self.end.set()
            for client in clients:
                client.join()
        if self.faults:
            raise Failed("; ".join(self.faults[:3]))
        if least < RECALL_LEAST:
            raise Failed(f"recall fell to {least:.4f}")
        self.agreement()
        print(f"{self.node.kind} mixed: least recall {least:.4f}, {sum(self.counts.values()) / (60 * self.arguments.minutes):.0f} statements/s")

    def agreement(self):
        session = self.node.session()
        there = set(map(int, session.column("SELECT id FROM items")))
        if there != self.live:
            raise Failed(f"{len(there - self.live)} rows too many, {len(self.live - there)} missing")
        session.close()


class Kills:
    """One table through many kills: what was acknowledged, and what is not known."""

    def __init__(self, node, arguments):
        self.node, self.arguments = node, arguments
        self.random = random.Random(arguments.seed)
        base = fill(node, arguments.rows, arguments.dims, arguments.seed)
        self.live = dict(enumerate(base))
        self.gone = {}
        self.unknown = []  # Transactions whose commit was not answered: ({key: vector} or None, [keys deleted]).
        self.next = arguments.rows
        self.lock, self.end = threading.Lock(), threading.Event()
        self.slowest = 0.0

    def fresh_vector(self, chance):
        return data.unit(data.numpy.random.default_rng(chance.getrandbits(32)).standard_normal((1, self.arguments.dims)).astype("float32"))[0]

    def writer(self, number):
        """Transactions of several inserts and a delete, until the server is gone."""
        chance = random.Random(number)
        try:
            session = self.node.session()
        except (OSError, ConnectionError):
            return
        while not self.end.is_set():
            with self.lock:
                count = chance.randrange(1, 6)
                made = {self.next + n: self.fresh_vector(chance) for n in range(count)}
                self.next += count
                dropped = [self.live.popitem() for _ in range(chance.randrange(0, 3)) if len(self.live) > 100]
            values = ", ".join(f"({key}, '{text_of(vector)}')" for key, vector in made.items())
            statements = ["BEGIN", f"INSERT INTO items VALUES {values}"]
            statements += [f"DELETE FROM items WHERE id = {key}" for key, _ in dropped]
            try:
                for statement in statements:
                    session.sql(statement, seconds=30)
                session.sql("COMMIT", seconds=30)
            except (OSError, ConnectionError, SqlError) as error:
                if isinstance(error, SqlError) and error.code not in ("57P01", "57P02", "57P03", "55P03", "40001", "40P01"):
                    print(f"{self.node.kind}: a writer: {error}", flush=True)
                with self.lock:
                    self.unknown.append((made, dict(dropped)))
                return
            with self.lock:
                self.live.update(made)
                self.gone.update(dropped)

    def work(self, phase):
        """What the server does besides, in a phase; errors are those of the kill."""
        try:
            session = self.node.session()
            while not self.end.is_set():
                if phase == "build":
                    session.sql("DROP INDEX IF EXISTS items_v")
                    session.sql("CREATE INDEX items_v ON items USING hnsw (v vector_l2_ops)")
                elif phase == "checkpoint":
                    session.sql("CHECKPOINT")
                elif phase == "repair":
                    session.sql("VACUUM items")
                else:
                    session.sql(f"SELECT id FROM items ORDER BY v <-> '{text_of(self.fresh_vector(self.random))}' LIMIT 10")
        except (OSError, ConnectionError, SqlError):
            pass

    def once(self, number, phase):
        self.end.clear()
        threads = [threading.Thread(target=self.writer, args=(number * 100 + n,)) for n in range(self.arguments.clients)]
        threads.append(threading.Thread(target=self.work, args=(phase,)))
        for thread in threads:
            thread.start()
        time.sleep(self.random.uniform(0.05, self.arguments.longest))
        self.node.kill()
        self.end.set()
        for thread in threads:
            thread.join()
        ready = self.node.start()
        self.slowest = max(self.slowest, ready)
        if ready > READY_SECONDS:
            raise Failed(f"ready after {ready:.1f} s")
        self.settle_unknown()
        self.verify()
        self.checked()
        print(f"{self.node.kind} kill {number} during {phase}: ready in {ready:.2f} s, {len(self.live)} rows", flush=True)

    def settle_unknown(self):
        """A transaction that was not answered is there as a whole, or not at all."""
        session = self.node.session()
        there = set(map(int, session.column("SELECT id FROM items")))
        for made, dropped in self.unknown:
            whole = set(made) <= there and not set(dropped) & there
            none = not set(made) & there and set(dropped) <= there
            if not (whole or none):
                raise Failed(f"half of a transaction: {sorted(set(made) & there)} of {sorted(made)}, {sorted(set(dropped) & there)} of {sorted(dropped)} still there")
            (self.live if whole else self.gone).update(made)
            (self.gone if whole else self.live).update(dropped)
        self.unknown.clear()
        if there != set(self.live):
            raise Failed(f"{len(set(self.live) - there)} committed rows are lost, {len(there - set(self.live))} deleted ones are back")
        session.close()

    def verify(self):
        """Every committed row is found by its own vector, no deleted one is; a sample, the newest all."""
        session = self.node.session()
        session.sql("SET enable_seqscan = off")
        session.sql("SET hnsw.ef_search = 200")
        # A build that was cut off may have left no index: one for what follows.
        session.sql("CREATE INDEX IF NOT EXISTS items_v ON items USING hnsw (v vector_l2_ops)")
        plan = session.plan(f"SELECT id FROM items ORDER BY v <-> '{text_of(self.fresh_vector(self.random))}' LIMIT 5")
        if "Index Scan using items_v" not in plan:
            raise Failed(f"the index is not used: {plan}")
        newest = sorted(self.live)[-self.arguments.newest :]
        for key in {*newest, *self.random.sample(sorted(self.live), min(len(self.live), self.arguments.sample))}:
            self.find(session, key, self.live[key], True)
        for key in sorted(self.gone)[-self.arguments.sample :]:
            self.find(session, key, self.gone[key], False)
        session.close()

    def checked(self):
        """zserver's own check of rows, entries and graphs finds nothing."""
        if self.node.kind != "zserver":
            return
        session = self.node.session()
        found = session.sql("SELECT * FROM zserver_check()")
        session.close()
        if found:
            raise Failed(f"zserver_check: {found[:3]}")

    def find(self, session, key, vector, expected):
        found = session.column(f"SELECT id FROM items ORDER BY v <-> '{text_of(vector)}' LIMIT 5")
        if (str(key) in found) != expected:
            raise Failed(f"row {key} is {'not ' if expected else ''}found by its vector")

    def run(self):
        for number in range(1, self.arguments.times + 1):
            phase = PHASES[number % len(PHASES)]
            self.once(number, phase)
        print(f"{self.node.kind} kill: {self.arguments.times} times, slowest start {self.slowest:.2f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common_arguments(parser)
    parser.add_argument("trial", choices=("mixed", "kill"))
    parser.add_argument("--rows", type=int)
    parser.add_argument("--dims", type=int, default=32)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sample", type=int, default=50, help="rows or queries that are looked at each time")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--every", type=float, default=10, help="seconds between two looks")
    parser.add_argument("--vacuum", type=float, default=60, help="seconds between two of VACUUM; 0 for none")
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--longest", type=float, default=3, help="seconds before a kill, at most")
    parser.add_argument("--newest", type=int, default=200, help="newest rows that are all looked for after a kill")
    arguments = parser.parse_args()
    arguments.rows = arguments.rows or (50_000 if arguments.trial == "mixed" else 3_000)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="zserver-vector-trial") as directory:
        for node in nodes(arguments, directory, durable=True):
            trial = Mixed(node, arguments) if arguments.trial == "mixed" else Kills(node, arguments)
            try:
                trial.run()
            except Failed as fault:
                print(f"{node.kind} fails: {fault}", flush=True)
                failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
