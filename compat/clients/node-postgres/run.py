#!/usr/bin/env python3
"""node-postgres' integration files, and the tests of pg-cursor."""

import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402

VERSION = "8.16.3"
FILE_SECONDS = 60


def suite(server, arguments):
    source = suites.git("node-postgres", "https://github.com/brianc/node-postgres", f"pg@{VERSION}", VERSION)
    install(source)
    url = server.url("postgres")
    results = {}
    with open(server.log, "wb") as log:
        package = source / "packages" / "pg"
        node(["node", "script/create-test-tables.js", url], package, server, log)
        for file in sorted((package / "test" / "integration").rglob("*-tests.js")):
            name = f"pg/{file.relative_to(package / 'test' / 'integration')}"
            if wanted(name, arguments):
                outcome = node(["node", file, url], package, server, log)
                results[name] = "passed" if outcome == 0 else "failed"
        if wanted("pg-cursor", arguments):
            results.update(cursor_tests(source, server, log))
    return results


def wanted(name, arguments):
    return not arguments.only or any(part in name for part in arguments.only)


def install(source):
    if (source / "node_modules" / ".installed").exists():
        return
    # Only what the tests need of a workspace of many packages.
    text = json.loads((source / "package.json").read_text())
    text["workspaces"] = [f"packages/{name}" for name in ("pg", "pg-cursor", "pg-pool", "pg-protocol", "pg-connection-string")]
    text["devDependencies"] = {"typescript": "^4.0.3"}
    (source / "package.json").write_text(json.dumps(text))
    suites.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=source)
    suites.run(["npx", "tsc", "-p", "packages/pg-protocol", "--skipLibCheck"], cwd=source, stdout=subprocess.DEVNULL)
    (source / "node_modules" / ".installed").write_text("")


def node(words, directory, server, log):
    environment = server.environment(NODE_NO_WARNINGS="1")
    log.write(f"\n=== {words[1]}\n".encode())
    log.flush()
    try:
        done = subprocess.run(
            [str(word) for word in words], cwd=directory, env=environment, stdout=log, stderr=log, timeout=FILE_SECONDS
        )
        return done.returncode
    except subprocess.TimeoutExpired:
        return None


def cursor_tests(source, server, log):
    package = source / "packages" / "pg-cursor"
    words = ["npx", "mocha", "--exit", "--reporter", "json", "test"]
    done = subprocess.run(words, cwd=package, env=server.environment(), stdout=subprocess.PIPE, stderr=log, timeout=300)
    text = done.stdout.decode()
    report = json.loads(text[text.index("{"):])
    log.write(done.stdout)
    results = {}
    for outcome, key in (("passed", "passes"), ("failed", "failures"), ("skipped", "pending")):
        results.update({f"pg-cursor/{test['fullTitle']}": outcome for test in report[key]})
    return results


suites.main("node-postgres", suite)
