#!/usr/bin/env python3
"""Runs PostgreSQL's regression files on PostgreSQL 15 and on zserver in lock-step.

    compat/regress/run.py [--out DIR] [--mode simple|extended|both] [file ...]
    compat/regress/run.py contrib      the tests of PostgreSQL's extensions; contrib/hstore: of one
    compat/regress/run.py tests/sql/*.slt      the same for the project's own files
    compat/regress/run.py --check-own          all of those: only what gaps.txt lists may differ
    compat/regress/run.py --check      holds passing.txt: what it lists must be equal
    compat/regress/run.py --update     adds what passes now to passing.txt

Each statement goes to both servers on connections of their own, in one run with the
simple protocol and in another with the extended one and binary results. Compared are
success, SQLSTATE, message and position, names, types and typmods of columns, rows,
command tag and transaction status; `compare.py` says what is evened out. Detail, hint
and notices are reported, not counted. A difference does not stop the run.

The report names shares per file and category, lost connections, hangs and XX000 first;
DIR gets every differing statement with both answers.
"""

import argparse
import multiprocessing
import os
import queue
import shutil
import sys
import tempfile
import time
from pathlib import Path

import contrib
import files
import own
import passing
import report
from lockstep import FileRun
from servers import Missing, Pair, built_server, give_to_postgres
from sources import contrib_files, regression_files

SKIPPED = 77
MODES = ("simple", "extended")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", help="regression files by name, without .sql, or paths of .slt and .sql files")
    parser.add_argument("--mode", choices=(*MODES, "both"), default="both")
    parser.add_argument("--out", type=Path, help="directory for the report")
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1))
    parser.add_argument("--zserver", help="the server's binary; otherwise it is built")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--check-own", action="store_true")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--quiet", action="store_true", help="only the totals")
    return parser.parse_args()


class Run:
    """What every worker needs to run a file."""

    def __init__(self, regress, contrib_directory, work, binary, libraries=""):
        self.regress, self.contrib, self.work, self.binary = regress, contrib_directory, work, binary
        self.libraries = libraries
        # Files name data by paths that PostgreSQL's server must be able to read.
        shutil.copytree(regress / "data", work / "files" / "data")
        give_to_postgres(work / "files")
        self.variables = {
            "abs_srcdir": str(work / "files"),
            "libdir": "/nonexistent",
            "dlsuffix": ".so",
        }

    def text(self, name):
        if own.is_own(name):
            return own.script(name)
        if contrib.is_contrib(name):
            path = contrib.path(self.contrib, name)
        else:
            path = self.regress / "sql" / f"{name}.sql"
        return path.read_text(encoding="utf-8", errors="surrogateescape").replace("\r\n", "\n")

    def file(self, pair, name, mode):
        directory = contrib.path(self.contrib, name).parents[1] if contrib.is_contrib(name) else self.regress
        return FileRun(pair, self.text(name), mode, self.variables, directory).run()

    def prepare(self, pair, name):
        """What a file needs first."""
        if contrib.is_contrib(name):
            preface = contrib.preface(name, self.text(name))
            FileRun(pair, preface, "simple", self.variables, self.regress).run()
        for needed in (*files.NEEDS.get(name, ()), *contrib.NEEDS.get(name, ())):
            self.file(pair, needed, "simple")

    def template(self):
        """Servers whose databases hold what test_setup makes, stopped; and its outcomes."""
        pair = Pair(self.work / "template", self.binary, libraries=self.libraries)
        try:
            outcomes = self.file(pair, "test_setup", "simple")
            pair.keep_as_template()
        finally:
            pair.stop()
        return pair, outcomes


def worker(run, template, tasks, results, number):
    pair = None
    try:
        pair = Pair(run.work / f"worker{number}", run.binary, template, run.libraries)
        while True:
            try:
                name, mode = tasks.get(timeout=1)
            except queue.Empty:
                break
            started = time.monotonic()
            pair.fresh_databases()
            run.prepare(pair, name)
            outcomes = run.file(pair, name, mode)
            results.put((name, mode, outcomes, time.monotonic() - started))
    except Exception as error:  # The others go on; the report says what is missing.
        results.put((None, None, repr(error), 0))
        raise
    finally:
        if pair is not None:
            pair.stop()


def run_files(run, names, modes, jobs, progress):
    template, setup = run.template()
    tasks, results = multiprocessing.Queue(), multiprocessing.Queue()
    planned = [(name, mode) for name in names for mode in modes if name != "test_setup"]
    for task in planned:
        tasks.put(task)
    processes = [
        multiprocessing.Process(target=worker, args=(run, template, tasks, results, n))
        for n in range(min(jobs, len(planned)))
    ]
    for process in processes:
        process.start()
    found = {("test_setup", "simple"): setup}
    waiting = len(planned)
    while waiting and (any(process.is_alive() for process in processes) or not results.empty()):
        try:
            name, mode, outcomes, seconds = results.get(timeout=1)
        except queue.Empty:
            continue
        if name is None:
            print(f"a worker ended: {outcomes}", file=sys.stderr)
            continue
        waiting -= 1
        found[name, mode] = outcomes
        progress(name, mode, outcomes, seconds)
    for process in processes:
        process.join()
    return found, waiting


def write_report(out, found):
    out.mkdir(parents=True, exist_ok=True)
    for (name, mode), outcomes in found.items():
        (out / f"{name.replace('/', '.')}.{mode}.diff").write_text(report.differences(name, mode, outcomes))
    (out / "shares.txt").write_text(report.shares(found) + "\n")
    (out / "causes.txt").write_text(report.causes(found) + "\n")


def equal_numbers(outcomes):
    return {outcome.number for outcome in outcomes if outcome.verdict == "equal"}


def check(run, listed, found):
    """What passing.txt lists and is not equal now."""
    broken, held, other_version = [], 0, 0
    for (name, mode), (digest, numbers) in sorted(listed.items()):
        if digest != passing.digest(run.text(name)):
            other_version += 1
            continue
        outcomes = {outcome.number: outcome for outcome in found.get((name, mode), [])}
        for number in sorted(numbers):
            outcome = outcomes.get(number)
            if outcome is not None and outcome.verdict == "equal":
                held += 1
            else:
                broken.append(report.differences(name, mode, [outcome]) if outcome else f"{name} #{number} did not run")
    return broken, held, other_version


def check_own(found):
    """What differs in the project's own files and is not listed, and what is listed and does not."""
    listed, differing, equal = own.gaps(), {}, 0
    for (name, mode), outcomes in found.items():
        for outcome in outcomes:
            if own.is_own(name) and outcome.verdict in ("different", "dependent"):
                differing[own.gap(name, mode, outcome)] = report.differences(name, mode, [outcome])
            elif own.is_own(name):
                equal += outcome.verdict == "equal"
    broken = [f"not listed: {line}\n{text}" for line, text in differing.items() if line not in listed]
    gone = [line for line in listed if line not in differing]
    print("\n".join(broken))
    print("".join(f"equal now, to be taken out of gaps.txt: {line}\n" for line in gone), end="")
    print(f"{equal} statements of the project's own files equal, {len(listed)} gaps listed, {len(broken)} others")
    return 1 if broken or gone else 0


def update(run, found):
    listed = passing.load()
    for (name, mode), outcomes in found.items():
        digest = passing.digest(run.text(name))
        before = listed.get((name, mode), (digest, set()))
        kept = before[1] if before[0] == digest else set()
        listed[name, mode] = (digest, kept | equal_numbers(outcomes))
    passing.save(listed)


def main():
    args = arguments()
    listed = passing.load()
    try:
        regress = regression_files()
        binary = args.zserver or built_server()
        with tempfile.TemporaryDirectory(prefix="zserver-regress") as work:
            os.chmod(work, 0o755)
            if args.check and not args.files:
                extra = sorted({name for name, _ in listed if contrib.is_contrib(name)})
            else:
                extra = [name for name in args.files if contrib.is_contrib(name)]
            extensions = contrib_files() if extra else None
            run = Run(regress, extensions, Path(work), binary, contrib.libraries(extra))
            return compared(args, run, listed, extra)
    except Missing as missing:
        held = sum(len(numbers) for _, numbers in listed.values())
        print(f"skipped: {held} statements of PostgreSQL's regression files: {missing}")
        return SKIPPED


def compared(args, run, listed, extra):
    only = own.files() if args.check_own else args.files
    names = files.names(run.regress, only, run.contrib)
    if args.check and not only:
        names += extra
    modes = MODES if args.mode == "both" else (args.mode,)
    if args.check:
        names = [name for name in names if any((name, mode) in listed for mode in modes)]

    def progress(name, mode, outcomes, seconds):
        if not (args.quiet or args.check or args.check_own):
            print(f"{report.row(f'{name} ({mode})', report.counts(outcomes))}  {seconds:.0f} s", flush=True)

    found, waiting = run_files(run, names, modes, args.jobs, progress)
    if args.out:
        write_report(args.out, found)
    if args.update:
        update(run, found)
    if args.check_own:
        return check_own(found) or waiting
    if args.check:
        wanted = {key: value for key, value in listed.items() if key in found or (not args.files and key[1] in modes)}
        broken, held, other_version = check(run, wanted, found)
        print("\n".join(broken))
        print(f"{held} statements held, {len(broken)} broken, {other_version} files of another version not held")
        return 1 if broken or waiting else 0
    if not args.quiet:
        print("\n" + report.causes(found, 40) + "\n")
    print(report.shares(found).split("\n\n", 1)[1] if len(found) > 2 else "")
    print(f"equal but for: {report.soft(found)}")
    return 1 if waiting else 0


if __name__ == "__main__":
    sys.exit(main())
