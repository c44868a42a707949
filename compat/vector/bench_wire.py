#!/usr/bin/env python3
"""Measures vector search over the wire beside pgvector and hnswlib, and prints ratios.

    compat/vector/bench_wire.py --base BASE.npy --queries QUERY.npy [--count 100000]
    compat/vector/bench_wire.py --synthetic 1000000x128
    compat/vector/bench_wire.py ... --filtered          searches with conditions instead
    compat/vector/bench_wire.py ... --pgbench           pgbench asks in place of Python

Needs numpy, and hnswlib for its column (`--no-hnswlib` without). zserver should be built for
release (`--zserver target/release/zserver`). Each server runs alone: load, build of the
index, then the smallest `hnsw.ef_search` that reaches each recall, queries a second there
by one and by eight clients, bytes of the index for a vector. k is 10, on unit vectors by L2.

The client in Python sends one prepared statement with its parameter in binary and takes 60
to 100 µs of a processor for a search; pgbench takes less, and prepares a statement for each
of a hundred queries.
"""

import argparse
import sys
import tempfile
import time

import numpy

import data
import wire
from nodes import common_arguments, load, nodes

K = 10
# pgbench takes 128 scripts at most.
PGBENCH_QUERIES = 100
EFS = [*range(10, 50, 2), *range(50, 120, 5), 120, 140, 160, 180, 200, 250, 300, 400, 600, 800, 1000]
STATEMENT = f"SELECT id FROM items ORDER BY v <-> $1 LIMIT {K}"
# What PostgreSQL has for a build: enough memory, and both cores.
SETTINGS = {"shared_buffers": "2GB", "max_parallel_maintenance_workers": "2", "maintenance_work_mem": "2GB"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common_arguments(parser)
    parser.add_argument("--base")
    parser.add_argument("--queries")
    parser.add_argument("--synthetic", help="ROWSxDIMS")
    parser.add_argument("--count", type=int, help="rows; more than the file has are made of its own")
    parser.add_argument("--query-count", type=int, default=500)
    parser.add_argument("--m", type=int, default=16)
    parser.add_argument("--ef-construction", type=int, default=64)
    parser.add_argument("--recalls", default="0.95,0.99")
    parser.add_argument("--clients", default="1,8")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--filtered", action="store_true")
    parser.add_argument("--shares", default="0.5,0.1,0.01,0.001", help="of the rows that conditions let pass")
    parser.add_argument("--no-hnswlib", action="store_true")
    parser.add_argument("--pgbench", action="store_true")
    return parser.parse_args()


def vectors(args):
    if args.synthetic:
        rows, dims = map(int, args.synthetic.split("x"))
        return data.clusters(args.count or rows, dims, args.query_count)
    base = data.load(args.base)
    return data.widened(base, args.count or len(base)), data.load(args.queries, args.query_count)


def numbers(text, kind=float):
    return [kind(word) for word in text.split(",")]


def settle(session):
    """Waits until what was loaded is in the index's graph, where the server tells it."""
    try:
        while int(session.one("SELECT coalesce(sum(fresh), 0) FROM pg_vector_index_stats") or 0):
            time.sleep(0.5)
    except Exception:
        pass


def build(node, session, base, args):
    began = time.perf_counter()
    session.sql(f"CREATE TABLE items (id bigint PRIMARY KEY, v vector({base.shape[1]}))")
    load(session, "items", base)
    loaded = time.perf_counter() - began
    before = node.memory()
    began = time.perf_counter()
    session.sql(f"CREATE INDEX items_v ON items USING hnsw (v vector_l2_ops) WITH (m = {args.m}, ef_construction = {args.ef_construction})")
    built = time.perf_counter() - began
    settle(session)
    session.sql("ANALYZE items")
    size = int(session.one("SELECT pg_relation_size('items_v')"))
    return {
        "load_seconds": loaded,
        "build_seconds": built,
        "index_bytes_per_vector": size / len(base),
        "memory_grown_per_vector": (node.memory() - before) / len(base),
    }


def at_recall(port, statement, queries, truth, least, settings):
    """The smallest ef that reaches a recall: (ef, recall), or the best there is."""
    best = (None, 0.0)
    for ef in EFS:
        found = wire.answers(port, statement, queries, [*settings, f"hnsw.ef_search = {ef}"])
        reached = wire.recall(found, truth, K)
        if reached > best[1]:
            best = (ef, reached)
        if reached >= least:
            return ef, reached
    return best


def throughput(node, statement, queries, settings, clients, args):
    """`{"qps", …}` of that many clients at once, by the client that was asked for."""
    if not args.pgbench:
        return wire.throughput(node.port, statement, queries, settings, clients, args.seconds)
    literals = ("[" + ",".join(map(str, query)) + "]" for query in queries[:PGBENCH_QUERIES])
    scripts = {statement.replace("$1", f"'{literal}'") + ";\n": 1 for literal in literals}
    threads = min(clients, 2)
    done = node.pgbench(
        scripts, clients, seconds=int(args.seconds), options=["--protocol=prepared", f"--jobs={threads}"], settings=settings
    )
    return {"qps": done / int(args.seconds)}


def plain(node, base, queries, truth, args):
    session = node.session()
    result = {"build": build(node, session, base, args)}
    print(node.kind, rounded(result["build"]), flush=True)
    for least in numbers(args.recalls):
        ef, reached = at_recall(node.port, STATEMENT, queries, truth, least, [])
        for clients in numbers(args.clients, int):
            measured = throughput(node, STATEMENT, queries, [f"hnsw.ef_search = {ef}"], clients, args)
            result[f"recall {least}, {clients} clients"] = measured["qps"] if reached >= least else None
            print(node.kind, f"recall {least}: ef_search {ef}, reached {reached:.4f}, {clients} clients:", rounded(measured), flush=True)
    session.close()
    return result


def hnswlib_row(base, queries, truth, args):
    import hnswlib

    index = hnswlib.Index("l2", base.shape[1])
    index.init_index(len(base), M=args.m, ef_construction=args.ef_construction, random_seed=1)
    began = time.perf_counter()
    index.add_items(base)
    result = {"build": {"build_seconds": time.perf_counter() - began}}
    print("hnswlib", rounded(result["build"]), flush=True)
    for least in numbers(args.recalls):
        for ef in EFS:
            index.set_ef(max(ef, K))
            found = [row.tolist() for row in index.knn_query(queries, K, num_threads=1)[0]]
            if wire.recall(found, truth, K) >= least:
                began = time.perf_counter()
                rounds = 0
                while time.perf_counter() - began < args.seconds:
                    index.knn_query(queries, K, num_threads=1)
                    rounds += 1
                qps = rounds * len(queries) / (time.perf_counter() - began)
                result[f"recall {least}, in process, 1 thread"] = qps
                print("hnswlib", f"recall {least}: ef {ef}, {qps:.0f} queries/s", flush=True)
                break
    return result


def filtered(node, base, queries, args):
    """Conditions that take a share of the rows: by chance, and those nearest to one of them."""
    session = node.session()
    chance = numpy.random.default_rng(3).permutation(len(base))
    near = numpy.empty(len(base), int)
    near[numpy.argsort(-(base @ base[0]))] = numpy.arange(len(base))
    session.sql(f"CREATE TABLE whole (id bigint PRIMARY KEY, chance int4, near int4, v vector({base.shape[1]}))")
    load(session, "whole", base, chance, near, columns="id, chance, near, v")
    session.sql(f"CREATE INDEX whole_v ON whole USING hnsw (v vector_l2_ops) WITH (m = {args.m}, ef_construction = {args.ef_construction})")
    settle(session)
    session.sql("ANALYZE whole")
    result = {}
    modes = ["relaxed_order", "strict_order"] if node.kind == "pgvector" else ["off"]
    for column, places in (("chance", chance), ("near", near)):
        for share in numbers(args.shares):
            limit = max(K, int(len(base) * share))
            truth = data.truth(base, queries, K, places < limit)
            statement = f"SELECT id FROM whole WHERE {column} < {limit} ORDER BY v <-> $1 LIMIT {K}"
            best = None
            for mode in modes:
                settings = ["enable_seqscan = off", f"hnsw.iterative_scan = {mode}", f"hnsw.max_scan_tuples = {len(base)}"]
                ef, reached = at_recall(node.port, statement, queries, truth, 0.95, settings)
                found = wire.answers(node.port, statement, queries, [*settings, f"hnsw.ef_search = {ef}"])
                short = sum(len(row) < min(K, limit) for row in found)
                measured = throughput(node, statement, queries, [*settings, f"hnsw.ef_search = {ef}"], 1, args)
                print(
                    node.kind, f"{column} {100 * share:g} % {mode}: ef_search {ef}, recall {reached:.4f}, short of LIMIT {short} of {len(queries)}:",
                    rounded(measured), flush=True,
                )
                if reached >= 0.95 and (best is None or measured["qps"] > best):
                    best = measured["qps"]
            result[f"{column} {100 * share:g} %"] = best
    return result


def rounded(values):
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items())


def ratios(results):
    ours, theirs, library = (results.get(name, {}) for name in ("zserver", "pgvector", "hnswlib"))
    for name, value in ours.items():
        if name == "build":
            for other, label in ((theirs, "pgvector"), (library, "hnswlib")):
                if "build" in other:
                    print(f"build: {other['build']['build_seconds'] / value['build_seconds']:.2f} × {label}")
            if "build" in theirs:
                share = value["index_bytes_per_vector"] / theirs["build"]["index_bytes_per_vector"]
                print(f"bytes of the index for a vector: {share:.2f} of pgvector's")
        elif value and theirs.get(name):
            print(f"{name}: {value / theirs[name]:.2f} × pgvector")
        else:
            print(f"{name}: {value and f'{value:.0f} queries/s'}, pgvector {theirs.get(name)}")
        single = name.replace("1 clients", "in process, 1 thread")
        if value and library.get(single) and single != name:
            print(f"{name}, over the wire: {value / library[single]:.2f} × hnswlib in process")


def main():
    args = arguments()
    base, queries = vectors(args)
    print(f"{len(base)} × {base.shape[1]}, {len(queries)} queries", flush=True)
    truth = data.truth(base, queries, K)
    results = {}
    with tempfile.TemporaryDirectory(prefix="zserver-vector-bench") as directory:
        for node in nodes(args, directory, durable=True, **SETTINGS):
            run = (lambda: filtered(node, base, queries, args)) if args.filtered else (lambda: plain(node, base, queries, truth, args))
            results[node.kind] = run()
    if not args.filtered and not args.no_hnswlib:
        results["hnswlib"] = hnswlib_row(base, queries, truth, args)
    ratios(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
