"""The committed list of statements that pass. It only grows.

One line for each file and protocol: the file's name, the first 8 hex digits of its
SHA-256, the protocol, and the numbers of the statements that are equal, as ranges.
Numbers count statements and skipped meta commands as they run. Where the fetched
file has another digest (another minor version) its line is not held.
"""

import hashlib
from pathlib import Path

PATH = Path(__file__).parent / "passing.txt"


def digest(text):
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]


def load():
    """{(file, mode): (digest, set of numbers)}"""
    listed = {}
    if PATH.exists():
        for line in PATH.read_text().splitlines():
            name, file_digest, mode, ranges = line.split(" ")
            listed[name, mode] = (file_digest, numbers(ranges))
    return listed


def save(listed):
    lines = [
        f"{name} {file_digest} {mode} {ranges(passing)}\n"
        for (name, mode), (file_digest, passing) in sorted(listed.items())
        if passing
    ]
    PATH.write_text("".join(lines))


def numbers(text):
    found = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def ranges(passing):
    parts, ordered = [], sorted(passing)
    for number in ordered:
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)
