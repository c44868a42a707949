#!/usr/bin/env python3
"""PostgreSQL's libpq_pipeline, with its traces byte for byte."""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402
import sources  # noqa: E402

# What of PostgreSQL's source the program needs; libpq's headers are libpq-dev's.
WANTED = r"src/(test/modules/libpq_pipeline/.*|include/.*|port/.*|common/.*|backend/catalog/\w+_d\.h)"
OBJECTS = ["common/fe_memutils.c", "common/psprintf.c", "port/snprintf.c", "port/strerror.c"]
ROWS = 700


def program():
    target = suites.CACHE / "libpq_pipeline"
    if not (target / "libpq_pipeline").exists():
        target.mkdir(parents=True, exist_ok=True)
        if not (target / "src").exists():
            with tempfile.TemporaryDirectory() as scratch:
                sources.unpack(sources.fetch(Path(scratch)), target, f"({WANTED})")
        source = target / "src"
        words = ["cc", "-O1", "-w", "-D_GNU_SOURCE", "-DFRONTEND", "-I/usr/include/postgresql/internal", "-I/usr/include/postgresql"]
        words += [f"-I{source}/include", f"-I{source}/backend"]
        words += [source / "test/modules/libpq_pipeline/libpq_pipeline.c"] + [source / name for name in OBJECTS]
        suites.run(words + ["-lpq", "-lm", "-o", target / "libpq_pipeline"])
    return target / "libpq_pipeline", target / "src/test/modules/libpq_pipeline/traces"


def suite(server, arguments):
    binary, traces = program()
    tests = subprocess.run([binary, "tests"], stdout=subprocess.PIPE, check=True).stdout.decode().split()
    dsn = f"host=127.0.0.1 port={server.port} user=postgres dbname=postgres sslmode=disable gssencmode=disable"
    results = {}
    with open(server.log, "wb") as log:
        for test in tests:
            trace = server.log.parent / f"{server.kind}-{test}.trace"
            expected = traces / f"{test}.trace"
            words = [binary, "-r", str(ROWS)] + (["-t", trace] if expected.exists() else [])
            log.write(f"=== {test}\n".encode())
            log.flush()
            try:
                done = subprocess.run([str(word) for word in words + [test, dsn]], stdout=log, stderr=log, timeout=300)
                good = done.returncode == 0
            except subprocess.TimeoutExpired:
                good = False
            if good and expected.exists():
                good = trace.read_bytes() == expected.read_bytes()
            results[test] = "passed" if good else "failed"
    return results


suites.main("libpq_pipeline", suite)
