#!/usr/bin/env python3
"""Measures vector search in process beside faiss, hnswlib and ScaNN, and prints ratios.

    cargo build --release -p zserver-vector --example bench
    python3 compat/vector/bench.py BASE.npy QUERY.npy [--bench target/release/examples/bench]

The libraries come from PyPI (faiss-cpu, hnswlib, numpy; scann if it is there). Everything
runs on one thread, on unit vectors, k = 10, and each figure is the best of several runs.
ScaNN is asked one query a call, as its guide builds it (a tree of about √n leaves, hashes
of two dimensions), over several numbers of leaves and of rows whose distances are exact.
"""

import argparse
import json
import subprocess
import time

import faiss
import hnswlib
import numpy

K = 10
# Each figure is the best of so many runs.
RUNS, WALK_RUNS = 3, 12
EFS = [10, 16, 24, 32, 40, 48, 64, 80, 100, 120, 160, 200, 300, 400]


def unit(path):
    vectors = numpy.load(path).astype(numpy.float32)
    return numpy.ascontiguousarray(vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True))


def best_of(runs, run):
    best, result = float("inf"), None
    for _ in range(runs):
        start = time.perf_counter()
        result = run()
        best = min(best, time.perf_counter() - start)
    return best, result


def measure_faiss(base, queries):
    index = faiss.IndexFlatIP(base.shape[1])
    index.add(base)
    one, _ = best_of(RUNS, lambda: [index.search(query[None], K) for query in queries])
    batch, (_, truth) = best_of(RUNS, lambda: index.search(queries, K))
    each = 1e3 / len(queries)
    return {"one_ms": one * each, "shared_ms": batch * each}, truth


def measure_hnswlib(base, queries, truth, m, ef_construction):
    index = hnswlib.Index("ip", base.shape[1])
    index.init_index(len(base), ef_construction=ef_construction, M=m, random_seed=1)
    start = time.perf_counter()
    index.add_items(base, num_threads=1)
    built = time.perf_counter() - start
    walks = []
    for ef in EFS:
        index.set_ef(ef)
        seconds, found = best_of(
            WALK_RUNS, lambda: [index.knn_query(query, K, num_threads=1)[0][0] for query in queries]
        )
        # All queries in one call: without Python's share of each call.
        together, _ = best_of(WALK_RUNS, lambda: index.knn_query(queries, K, num_threads=1))
        hits = sum(len(set(row) & set(true)) for row, true in zip(found, truth))
        walks.append(
            {
                "ef": ef,
                "recall": hits / truth.size,
                "qps": len(queries) / min(seconds, together),
            }
        )
    return built, walks


def measure_scann(base, queries, truth):
    import scann

    leaves = int(len(base) ** 0.5)
    builder = scann.scann_ops_pybind.builder(base, K, "dot_product")
    builder = builder.tree(num_leaves=leaves, num_leaves_to_search=leaves // 10, training_sample_size=len(base))
    searcher = builder.score_ah(2, anisotropic_quantization_threshold=0.2).reorder(100).build()
    walks = []
    for reordered in (30, 60, 100, 200):
        for searched in (4, 6, 8, 12, 16, 24, 32, 48, 64, 96):
            search = lambda query: searcher.search(query, pre_reorder_num_neighbors=reordered, leaves_to_search=searched)[0]
            hits = sum(len(set(search(query)) & set(true)) for query, true in zip(queries, truth))
            seconds, _ = best_of(RUNS, lambda: [search(query) for query in queries])
            walks.append({"leaves": searched, "reordered": reordered, "recall": hits / truth.size, "qps": len(queries) / seconds})
    return walks


def at_recall(walks, recall):
    return max((walk["qps"] for walk in walks if walk["recall"] >= recall), default=None)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base")
    parser.add_argument("query")
    parser.add_argument("--bench", default="target/release/examples/bench")
    parser.add_argument("--m", type=int, default=16)
    parser.add_argument("--ef-construction", type=int, default=100)
    parser.add_argument("--exact-only", action="store_true")
    arguments = parser.parse_args()
    faiss.omp_set_num_threads(1)

    command = [arguments.bench, arguments.base, arguments.query, "--m", str(arguments.m)]
    command += ["--ef-construction", str(arguments.ef_construction)]
    command += ["--exact-only"] if arguments.exact_only else []
    ours = {"walk": []}
    for line in subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.splitlines():
        print("zserver", line, flush=True)
        for name, value in json.loads(line).items():
            if name == "walk":
                ours["walk"].append(value)
            else:
                ours[name] = value

    base, queries = unit(arguments.base), unit(arguments.query)
    flat, truth = measure_faiss(base, queries)
    print("faiss IndexFlat", json.dumps(flat), flush=True)
    for name, what in [("one_ms", "one query at a time"), ("shared_ms", "all queries together")]:
        print(f"exact, {what}: {flat[name] / ours['exact'][name]:.2f} × faiss IndexFlat")
    if arguments.exact_only:
        return

    built, walks = measure_hnswlib(base, queries, truth, arguments.m, arguments.ef_construction)
    for walk in walks:
        print("hnswlib", json.dumps(walk))
    try:
        scann = measure_scann(base, queries, truth)
    except ImportError:
        scann = []
    build = ours["build"]["coded_seconds"] + ours["build"]["linked_seconds"]
    print(f"build: {built:.1f} s by hnswlib, {build:.1f} s here: {built / build:.2f} ×")
    for recall in [0.95, 0.99]:
        mine, theirs = at_recall(ours["walk"], recall), at_recall(walks, recall)
        if mine and theirs:
            print(f"recall {recall}: {mine:.0f} queries/s, hnswlib {theirs:.0f}: {mine / theirs:.2f} ×")
        if mine and (other := at_recall(scann, recall)):
            print(f"recall {recall}: ScaNN {other:.0f}, one query a call: {mine / other:.2f} ×")


if __name__ == "__main__":
    main()
