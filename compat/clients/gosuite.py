"""Test suites and programs in Go, over the libraries that Debian packages.

Debian's sources lie in a GOPATH, with their tests; nothing is fetched. `go test -json`
tells each test's outcome, subtests among them.
"""

import json
import os
import subprocess
from pathlib import Path

import suites

GOPATH = Path("/usr/share/gocode")
LIMIT_SECONDS = 230


def environment(server, **more):
    return server.environment(
        GO111MODULE="off", GOPATH=f"{suites.CACHE / 'go'}:{GOPATH}", GOFLAGS="", GOCACHE=str(suites.CACHE / "go-build"), **more
    )


def need(*packages):
    if not all((GOPATH / "src" / package).exists() for package in packages):
        raise suites.servers.Missing(f"Debian's packages of {', '.join(packages)} are not installed")


def tests(server, packages, skipped=(), **more):
    """Outcomes of packages' tests; `skipped` names those that nothing can pass here."""
    results = {}
    with open(server.log, "wb") as log:
        for package in packages:
            # A hung test ends its package: what ran before counts.
            words = ["go", "test", "-json", "-count=1", f"-timeout={LIMIT_SECONDS}s", package]
            if skipped:
                words.insert(-1, f"-run={runs(package, skipped)}")
            done = subprocess.run(words, env=environment(server, **more), stdout=subprocess.PIPE, stderr=log, cwd="/")
            for line in done.stdout.splitlines():
                log.write(line + b"\n")
                # What does not compile is told in plain text.
                event = json.loads(line) if line.startswith(b"{") else {}
                if event.get("Test") and event["Action"] in ("pass", "fail", "skip"):
                    outcome = {"pass": "passed", "fail": "failed", "skip": "skipped"}[event["Action"]]
                    results[f"{package}.{event['Test']}"] = outcome
    return results


def runs(package, skipped):
    """A pattern of all tests of a package but some: Go 1.19 cannot leave any out."""
    names = set()
    for file in (GOPATH / "src" / package).glob("*_test.go"):
        for line in file.read_text().splitlines():
            if line.startswith(("func Test", "func Example")):
                names.add(line[5:].split("(")[0])
    return "^(" + "|".join(sorted(names - set(skipped))) + ")$"


def program(server, name):
    """Runs `NAME/program.go`, which prints sections (see `transcripts`)."""
    import transcripts

    place = suites.CACHE / "go" / "src" / f"program-{name}"
    place.mkdir(parents=True, exist_ok=True)
    (place / "main.go").write_text((suites.HERE / name / "program.go").read_text())
    binary = place / "program"
    done = subprocess.run(["go", "build", "-o", str(binary), f"program-{name}"], env=environment(server), capture_output=True, cwd=place)
    if done.returncode:
        raise SystemExit(done.stderr.decode())
    beside = suites.Target(server.kind, server.port, server.log.with_suffix(".program.log"))
    return transcripts.run(beside, [binary], place)


def both(name, suite):
    """A suite of the client's own tests, and the steps of a program beside them."""
    kept = suites.CACHE / f"{name}.transcript.json"

    def whole(server, arguments):
        results = suite(server, arguments)
        said = program(server, name)
        if server.kind == "postgres":
            kept.write_text(json.dumps(said))
        expected = json.loads(kept.read_text())
        import transcripts

        transcripts.write_differences(server.log.with_name("differences.txt"), expected, said)
        for step, lines in expected.items():
            broken = any(line.startswith("BROKEN") for line in lines)
            results[f"program: {step}"] = "failed" if broken or said.get(step) != lines else "passed"
        return results

    suites.main(name, whole)
