"""Programs whose output is compared: what a client prints on PostgreSQL it has to print on zserver.

A program prints `== STEP` and after it whatever lines it likes: answers, metadata, errors
with their fields. The step passes where zserver's lines are PostgreSQL's. A step that
prints a line beginning with `BROKEN` has a fault of its own and passes nowhere. What
PostgreSQL made the program print is kept beside the client's files; a program that has
changed is asked anew. Differences are in `OUT/NAME/differences.txt`.
"""

import difflib
import hashlib
import json
import subprocess

import suites

LIMIT_SECONDS = 600


def sections(text):
    """`{step: lines}`, in the order of the program."""
    found, step = {}, None
    for line in text.splitlines():
        if line.startswith("== "):
            step = line[3:]
            found.setdefault(step, [])
        elif step is not None:
            found[step].append(line)
    return found


def run(server, words, directory, limit=LIMIT_SECONDS, **environment):
    """The sections of one run of a program; what it writes as its errors goes to the log."""
    environment = server.environment(**{key: str(value) for key, value in environment.items()})
    with open(server.log, "wb") as log:
        try:
            done = subprocess.run(
                [str(word) for word in words], cwd=directory, env=environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=log, timeout=limit,
            )
            said, ended = done.stdout, f"exit {done.returncode}"
        except subprocess.TimeoutExpired as hung:
            said, ended = hung.stdout or b"", "hung"
        log.write(said)
    found = sections(said.decode(errors="replace"))
    found["the program ends"] = [ended]
    return found


def fingerprint(*paths):
    """Of the program's own files, so that a changed one is asked anew."""
    files = sorted(file for path in paths for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file())
    return hashlib.sha256(b"".join(file.read_bytes() for file in files if "__pycache__" not in str(file))).hexdigest()


def write_differences(path, expected, said):
    with open(path, "w") as out:
        for step, lines in expected.items():
            if said.get(step) != lines:
                out.write(f"== {step}\n")
                changes = difflib.unified_diff(lines, said.get(step, ["(no such step)"]), "PostgreSQL", "zserver", lineterm="", n=1)
                out.writelines(f"{line}\n" for line in changes)


def main(name, program, *more):
    """`program(server)` answers the sections; `more` are files it reads outside of its folder."""

    def suite(server, arguments):
        kept = suites.CACHE / f"{name}.transcript.json"
        mark = fingerprint(suites.HERE / name, *more)
        said = program(server)
        if server.kind == "postgres":
            kept.write_text(json.dumps({"mark": mark, "said": said}))
            return {step: "failed" if any(line.startswith("BROKEN") for line in lines) else "passed" for step, lines in said.items()}
        expected = json.loads(kept.read_text())["said"]
        write_differences(server.log.with_name("differences.txt"), expected, said)
        return {step: "passed" if said.get(step) == lines else "failed" for step, lines in expected.items()}

    kept = suites.CACHE / f"{name}.transcript.json"
    known = suites.CACHE / f"{name}.postgres.json"
    if known.exists() and (not kept.exists() or json.loads(kept.read_text())["mark"] != fingerprint(suites.HERE / name, *more)):
        known.unlink()
    suites.main(name, suite)
