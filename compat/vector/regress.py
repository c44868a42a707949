#!/usr/bin/env python3
"""Runs pgvector's own SQL tests on PostgreSQL 15 with pgvector and on zserver in lock-step.

    compat/vector/regress.py [--zserver PATH] [--mode simple|extended|both] [--out DIR] [file ...]
    compat/vector/regress.py --check     fails where a statement differs that gaps.txt does not list

The files are pgvector's `test/sql/*.sql` of the version in `sources.py`, by name without
`.sql`. Each starts in a fresh database with the extension in it, as `make installcheck`
does it. What is compared stands in `compat/regress/compare.py`. Of EXPLAIN only success is
compared there; here its text says which index is used, and that is compared too.
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

from sources import need_pgvector, pgvector_source

import lockstep
import report
from compare import Difference, is_plan
from lockstep import FileRun
from servers import Missing, Pair, built_server

SKIPPED = 77
MODES = ("simple", "extended")
GAPS = Path(__file__).parent / "gaps.txt"
# Files take no part of PostgreSQL's parts: nothing in them is left out.
lockstep.LEFT_OUT.clear()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--mode", choices=(*MODES, "both"), default="both")
    parser.add_argument("--zserver", help="the server's binary; otherwise it is built")
    parser.add_argument("--out", type=Path, help="where differing statements go")
    parser.add_argument("--check", action="store_true")
    return parser.parse_args()


# A file that psql copies is one that the server copies, in a directory of each server's own.
PSQL_COPY = re.compile(r"^\\copy (.*?)'(results/[^']*)'(.*)$", re.M)


def run_file(pair, path, mode):
    pair.fresh_databases()
    text = PSQL_COPY.sub(r"\\set place :abs_builddir '/\2'\nCOPY \1:'place'\3;", path.read_text())
    return FileRun(pair, text, mode, {}).run()


def scans(answer):
    """What a plan says about the way to the rows: scans by index and by table."""
    text = "\n".join(cell.decode() for result in answer.results for row in result.rows for cell in row if cell)
    return re.findall(r"(?:Index Only Scan|Index Scan|Seq Scan)(?: using \w+)?", text)


def judge_plans(outcomes):
    """A plan is equal where it goes to the rows by the same index."""
    for outcome in outcomes:
        if outcome.verdict == "plan" and is_plan(outcome.sql):
            expected, got = map(scans, outcome.answers)
            outcome.verdict = "equal" if expected == got else "different"
            if expected != got:
                outcome.difference = Difference("plan", f"{got} for {expected}")
    return outcomes


def known_gaps():
    lines = GAPS.read_text(encoding="utf-8").splitlines() if GAPS.exists() else []
    return {line for line in lines if line and not line.startswith("#")}


def gap(name, mode, outcome):
    """With the line: files have the same statement in several places."""
    return f"{name} {mode}: {outcome.line} {' '.join(outcome.sql.split())}"


def main():
    args = arguments()
    modes = MODES if args.mode == "both" else (args.mode,)
    try:
        paths = sorted((pgvector_source() / "test" / "sql").glob("*.sql"))
        paths = [path for path in paths if not args.files or path.stem in args.files]
        binary = args.zserver or built_server()
        with tempfile.TemporaryDirectory(prefix="zserver-pgvector") as work:
            Path(work).chmod(0o755)
            return compared(args, paths, modes, binary, Path(work))
    except Missing as missing:
        print(f"skipped: pgvector's tests: {missing}")
        return SKIPPED


def template(work, binary):
    pair = Pair(work / "template", binary)
    try:
        need_pgvector(pair)
        connections = pair.connect()
        connections[1].query("CREATE EXTENSION vector")
        answer = connections[1].answer(60)
        if answer.error:
            print(f"CREATE EXTENSION vector fails: {answer.error}")
        for connection in connections:
            connection.close()
        pair.keep_as_template()
    finally:
        pair.stop()
    return pair


def compared(args, paths, modes, binary, work):
    pair = Pair(work / "pair", binary, template(work, binary))
    found = {}
    try:
        for path in paths:
            for mode in modes:
                outcomes = judge_plans(run_file(pair, path, mode))
                found[path.stem, mode] = outcomes
                print(report.row(f"{path.stem} ({mode})", report.counts(outcomes)), flush=True)
    finally:
        pair.stop()
    differing = {}
    for (name, mode), outcomes in found.items():
        if args.out:
            args.out.mkdir(parents=True, exist_ok=True)
            (args.out / f"{name}.{mode}.diff").write_text(report.differences(name, mode, outcomes))
        for outcome in outcomes:
            if outcome.verdict in ("different", "dependent"):
                differing[gap(name, mode, outcome)] = report.differences(name, mode, [outcome])
    total = sum((report.counts(outcomes) for outcomes in found.values()), report.counts([]))
    print(report.row("all", total))
    print(f"equal but for: {report.soft(found)}")
    if args.check:
        return check(differing, {key[0] + " " + key[1] for key in found})
    print(report.causes(found, 40))
    return 0


def check(differing, ran):
    listed = {line for line in known_gaps() if line.split(":")[0] in ran}
    broken = [f"not listed: {line}\n{text}" for line, text in differing.items() if line not in listed]
    gone = sorted(listed - set(differing))
    print("\n".join(broken))
    print("".join(f"equal now, to be taken out of gaps.txt: {line}\n" for line in gone), end="")
    print(f"{len(listed)} gaps listed, {len(broken)} others")
    return 1 if broken or gone else 0


if __name__ == "__main__":
    sys.exit(main())
