#!/usr/bin/env python3
"""Rails' neighbor over ActiveRecord 6.1 (Debian's): its own tests of vector, halfvec, sparsevec and bit.

What its tests ask of the extension cube, which is not here, is taken out of their schema.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402

VERSION = "0.4.3"
DATABASE = "neighbor_test"
FILES = ["vector", "halfvec", "sparsevec", "bit", "neighbor", "reranking"]
CUBE = re.compile(r'^.*(enable_extension "cube"|\bt\.cube\b|:cube_embedding, using).*\n', re.M)
BUNDLER = 'require "bundler/setup"\nBundler.require(:default)\n'
LINE = re.compile(r"^(\w+)#(test_\w+) = [\d.]+ s = (.)$", re.M)


def adapted(server):
    source = suites.git("neighbor", "https://github.com/ankane/neighbor", f"v{VERSION}", VERSION)
    place = suites.CACHE / f"neighbor-{server.kind}"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(source / "test", place / "test")
    for path in (place / "test").glob("*.rb"):
        text = path.read_text().replace(BUNDLER, 'require "tempfile"\nrequire "active_record"\nrequire "neighbor"\n')
        path.write_text(CUBE.sub("", text).replace('require "minitest/pride"\n', ""))
    return source, place


def suite(server, arguments):
    if not shutil.which("ruby") or not list(Path("/usr/share/rubygems-integration").glob("*/specifications/activerecord-*")):
        raise suites.servers.Missing("the packages ruby-activerecord and ruby-pg are not installed")
    source, place = adapted(server)
    server.psql(f"CREATE DATABASE {DATABASE}")
    results = {}
    with open(server.log, "wb") as log:
        for name in FILES:
            words = ["ruby", "-W0", f"-I{source}/lib", f"test/{name}_test.rb", "-v", "--seed", "1"]
            done = subprocess.run(words, cwd=place, env=server.environment(), stdout=subprocess.PIPE, stderr=log)
            log.write(done.stdout)
            for found in LINE.finditer(done.stdout.decode(errors="replace")):
                outcome = {".": "passed", "S": "skipped"}.get(found[3], "failed")
                results[f"{found[1]}.{found[2]}"] = outcome
    return results


suites.main("neighbor", suite)
