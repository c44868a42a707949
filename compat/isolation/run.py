#!/usr/bin/env python3
"""Runs PostgreSQL's isolation specs on zserver with PostgreSQL's own isolationtester.

    compat/isolation/run.py [--out DIR] [--postgres] [spec ...]
    compat/isolation/run.py --check      holds passing.txt: what it lists must pass
    compat/isolation/run.py --update     adds what passes now to passing.txt

Every spec gets a fresh server. Its output must be, to the byte, one of those that
PostgreSQL's source keeps for it; one that differs only in the order of rows without
ORDER BY is told apart. A spec whose steps do not come to an end is told from
one that answers something else: it hangs. `specs/` beside this program holds specs of
this project with the outputs that PostgreSQL 15 gives. With --postgres each spec also runs on
PostgreSQL 15, whose output counts as right too: where it is none of the expected ones,
the report says so. `outside.py` lists the specs that are not run, and why.
"""

import argparse
import concurrent.futures
import difflib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "regress"))

from outside import OUTSIDE  # noqa: E402
from servers import Missing, Postgres, Zserver, built_server  # noqa: E402
from sources import isolation_files  # noqa: E402

PASSING = HERE / "passing.txt"
SKIPPED = 77
# Seconds after which a step is cancelled, and after which a whole spec is given up.
STEP_MAX, SPEC_MAX = 15, 120
# As pg_isolation_regress sets them.
SETTINGS = {
    "PGDATESTYLE": "Postgres, MDY",
    "PGTZ": "PST8PDT",
    "PGOPTIONS": "-c intervalstyle=postgres_verbose",
    "LC_ALL": "C",
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("specs", nargs="*", help="specs by name, without .spec")
    parser.add_argument("--out", type=Path, help="directory for outputs and differences")
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1))
    parser.add_argument("--zserver", help="the server's binary; otherwise it is built")
    parser.add_argument("--postgres", action="store_true", help="run each spec on PostgreSQL 15, too")
    parser.add_argument("--step-max", type=int, default=STEP_MAX, help="seconds until a step is cancelled")
    parser.add_argument("--spec-max", type=int, default=SPEC_MAX, help="seconds until a spec is given up")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--update", action="store_true")
    return parser.parse_args()


def tester():
    """PostgreSQL's program that runs a spec."""
    pg_config = shutil.which("pg_config") or "/usr/lib/postgresql/15/bin/pg_config"
    try:
        said = subprocess.run([pg_config, "--pgxs"], capture_output=True, text=True, check=True).stdout
        makefiles = Path(said.strip()).parents[1]
    except (OSError, subprocess.SubprocessError, IndexError):
        makefiles = Path("/nonexistent")
    for directory in (makefiles, Path("/usr/lib/postgresql/15/lib/pgxs/src")):
        program = directory / "test/isolation/isolationtester"
        if program.exists():
            return program
    raise Missing("isolationtester is not installed")


class Specs:
    """The specs, PostgreSQL's and those beside this program, and the outputs that are right for them."""

    def __init__(self, directory):
        self.directory = directory

    def names(self):
        return sorted({path.stem for path in (self.directory / "specs").glob("*.spec")} | self.own())

    def own(self):
        return {path.stem for path in (HERE / "specs").glob("*.spec")}

    def path(self, name):
        own = HERE / "specs" / f"{name}.spec"
        return own if own.exists() else self.directory / "specs" / f"{name}.spec"

    def digest(self, name):
        return hashlib.sha256(self.path(name).read_bytes()).hexdigest()[:8]

    def expected(self, name):
        folder = self.path(name).parents[1] / "expected"
        found = [folder / f"{name}.out", *(folder / f"{name}_{n}.out" for n in range(1, 10))]
        return [path.read_text(errors="surrogateescape") for path in found if path.exists()]


def run_spec(program, specs, name, server, limits):
    """The tester's output, and whether it came to an end by itself."""
    step_max, spec_max = limits
    environment = {**os.environ, **SETTINGS, "PGAPPNAME": f"isolation/{name}"}
    environment["PGISOLATIONTIMEOUT"] = str(step_max)
    target = f"host=127.0.0.1 port={server.port} user=postgres dbname=postgres"
    with open(specs.path(name), "rb") as spec:
        try:
            done = subprocess.run(
                [program, target], stdin=spec, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env=environment, timeout=spec_max,
            )  # fmt: skip
            output, ended = done.stdout, True
        except subprocess.TimeoutExpired as late:
            output, ended = late.stdout or b"", False
    return output.decode(errors="surrogateescape"), ended


def hangs(output, expected):
    """Whether a step was cancelled, or never ended, that none of the expected outputs has."""
    signs = ("isolationtester: canceling step", "timed out after", "mutually-blocking steps")
    return any(sign in output and not any(sign in right for right in expected) for sign in signs)


def evened(output):
    """The output with the rows of each result sorted: without ORDER BY theirs is the order in which a table
    keeps them, and PostgreSQL moves a row that is updated to its end."""
    lines, rows, in_rows = [], [], False
    for line in output.splitlines():
        if re.fullmatch(r"[-+]+", line) and lines:
            in_rows, rows = True, []
            lines.append(line)
        elif in_rows and re.fullmatch(r"\(\d+ rows?\)", line):
            lines += sorted(rows) + [line]
            in_rows = False
        elif in_rows:
            rows.append(line)
        else:
            lines.append(line)
    return lines + rows


class Outcome:
    def __init__(self, name, verdict, difference="", seconds=0.0, postgres=""):
        self.name, self.verdict, self.difference = name, verdict, difference
        self.seconds, self.postgres = seconds, postgres


class Run:
    def __init__(self, program, specs, binary, work, postgres, limits):
        self.program, self.specs, self.binary, self.work = program, specs, binary, work
        self.limits = limits
        self.postgres = postgres
        self.postgres_turn = threading.Lock()

    def spec(self, name):
        started = time.monotonic()
        expected, postgres = self.specs.expected(name), ""
        if self.postgres is not None:
            with self.postgres_turn:
                self.postgres.fresh_database()
                output, _ = run_spec(self.program, self.specs, name, self.postgres, self.limits)
            postgres = "as expected" if output in expected else "an output of its own"
            expected.append(output)
        directory = self.work / name
        directory.mkdir()
        server = Zserver(self.binary, directory)
        server.start()
        try:
            output, ended = run_spec(self.program, self.specs, name, server, self.limits)
            alive = server.alive()
        finally:
            server.kill()
        shutil.rmtree(directory, ignore_errors=True)
        seconds = time.monotonic() - started
        if output in expected:
            return Outcome(name, "pass", "", seconds, postgres)
        if any(evened(output) == evened(right) for right in expected):
            return Outcome(name, "order", diff(expected[0], output), seconds, postgres)
        verdict = "hangs" if not ended or hangs(output, expected) else "differs"
        difference = min((diff(right, output) for right in expected), key=len, default=output)
        return Outcome(name, verdict if alive else "crashes", difference, seconds, postgres)


def diff(right, output):
    lines = difflib.unified_diff(right.splitlines(), output.splitlines(), "PostgreSQL", "zserver", lineterm="")
    return "\n".join(lines) + "\n"


def load_passing():
    if not PASSING.exists():
        return {}
    return dict(line.split(" ") for line in PASSING.read_text().splitlines())


def save_passing(listed):
    PASSING.write_text("".join(f"{name} {digest}\n" for name, digest in sorted(listed.items())))


def report(outcomes, outside):
    lines = []
    for verdict in ("pass", "order", "differs", "hangs", "crashes"):
        names = sorted(outcome.name for outcome in outcomes if outcome.verdict == verdict)
        if names:
            lines.append(f"{verdict} ({len(names)}): {' '.join(names)}")
    own = sorted(outcome.name for outcome in outcomes if outcome.postgres == "an output of its own")
    if own:
        lines.append(f"PostgreSQL's own output is none of the expected ones: {' '.join(own)}")
    lines += [f"outside, {OUTSIDE[name]}: {name}" for name in outside]
    passed = sum(outcome.verdict == "pass" for outcome in outcomes)
    order = sum(outcome.verdict == "order" for outcome in outcomes)
    lines.append(f"{passed} of {len(outcomes)} specs pass, {order} more but for the order of rows without ORDER BY")
    lines.append(f"{len(outside)} are outside")
    return "\n".join(lines)


def main():
    args = arguments()
    listed = load_passing()
    try:
        program, specs = tester(), Specs(isolation_files())
        binary = args.zserver or built_server()
        with tempfile.TemporaryDirectory(prefix="zserver-isolation") as work:
            os.chmod(work, 0o755)
            return run(args, listed, program, specs, binary, Path(work))
    except Missing as missing:
        print(f"skipped: {len(listed)} of PostgreSQL's isolation specs: {missing}")
        return SKIPPED


def run(args, listed, program, specs, binary, work):
    names = args.specs or (sorted(listed) if args.check else specs.names())
    other_version = [name for name in names if args.check and listed.get(name) != specs.digest(name)]
    outside = [] if args.specs else [name for name in names if name in OUTSIDE]
    planned = [name for name in names if name not in outside and name not in other_version]
    postgres = None
    if args.postgres:
        postgres = Postgres(work / "postgres")
        postgres.init()
        postgres.start()
        postgres.keep_as_template()
    outcomes = []
    try:
        started = Run(program, specs, binary, work, postgres, (args.step_max, args.spec_max))
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            for done in concurrent.futures.as_completed([pool.submit(started.spec, name) for name in planned]):
                outcome = done.result()
                outcomes.append(outcome)
                if args.out:
                    args.out.mkdir(parents=True, exist_ok=True)
                    (args.out / f"{outcome.name}.diff").write_text(outcome.difference, errors="surrogateescape")
                if not args.check:
                    print(f"{outcome.verdict:8} {outcome.seconds:5.1f} s  {outcome.name}", flush=True)
    finally:
        if postgres is not None:
            postgres.stop()
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "report.txt").write_text(report(outcomes, outside) + "\n")
    if args.check:
        broken = [outcome for outcome in outcomes if outcome.verdict not in ("pass", "order")]
        for outcome in broken:
            print(f"{outcome.name} {outcome.verdict}:\n{outcome.difference}")
        held = len(outcomes) - len(broken)
        print(f"{held} specs held, {len(broken)} broken, {len(other_version)} of another version not held")
        return 1 if broken else 0
    if args.update:
        listed.update({o.name: specs.digest(o.name) for o in outcomes if o.verdict in ("pass", "order")})
        save_passing(listed)
    print("\n" + report(outcomes, outside))
    return 0


if __name__ == "__main__":
    sys.exit(main())
