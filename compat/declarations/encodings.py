#!/usr/bin/env python3
"""Writes src/sql/types/encoding/tables: what PostgreSQL 15 converts codes of client encodings to.

    PGHOST=127.0.0.1 PGPORT=5433 PGUSER=postgres compat/declarations/encodings.py DIR [encoding ...]

Every code that an encoding can have is asked of `convert_from`, every character of Unicode of
`convert_to`; src/sql/types/encoding/tables.rs says how the answers are written down.
"""

import subprocess
import sys
from pathlib import Path

HOLE = "�"

# Lead bytes (as hexadecimal digits), and the range of the last byte.
EUC = range(0xA1, 0xFF)
LEADS = {
    "EUC_TW": [(bytes([a]), EUC) for a in EUC]
    + [(bytes([0x8E, plane, a]), EUC) for plane in range(0xA1, 0xB8) for a in EUC],
    "JOHAB": [(bytes([a]), range(0x31, 0xFF)) for a in range(0x84, 0xFA)],
    "GB18030": [(bytes([a]), range(0x40, 0xFF)) for a in range(0x81, 0xFF)],
}


def ask(sql):
    """The rows of a query, tabs between the columns."""
    out = subprocess.run(["psql", "-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1"], input=sql, check=True,
                         stdout=subprocess.PIPE, text=True)
    return [line.split("\t") for line in out.stdout.split("\n") if line]


FUNCTIONS = """
SET client_encoding = 'UTF8';
CREATE FUNCTION pg_temp.of_code(b bytea, e text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN encode(convert_to(convert_from(b, e), 'UTF8'), 'hex');
EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$;
CREATE FUNCTION pg_temp.of_character(n int, e text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN encode(convert_to(chr(n), e), 'hex');
EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$;
"""


def characters(name):
    """The codes of all characters of Unicode that have one."""
    rows = ask(FUNCTIONS + f"""SELECT n, c FROM (SELECT n, pg_temp.of_character(n, '{name}') AS c
        FROM generate_series(128, 1114111) n WHERE n NOT BETWEEN 55296 AND 57343) s WHERE c IS NOT NULL""")
    return {int(n): c for n, c in rows}


def codes(name, wanted):
    """The characters of codes."""
    found = {}
    for at in range(0, len(wanted), 20000):
        values = ",".join(f"'{code.hex()}'" for code in wanted[at:at + 20000])
        rows = ask(FUNCTIONS + f"""SELECT c, t FROM (SELECT c, pg_temp.of_code(decode(c, 'hex'), '{name}') AS t
            FROM unnest(ARRAY[{values}]) c) s WHERE t IS NOT NULL""")
        found.update((code, bytes.fromhex(text).decode()) for code, text in rows)
    return found


def linear(code):
    """The number of a code of four bytes of GB18030."""
    a, b, c, d = bytes.fromhex(code)
    return (((a - 0x81) * 10 + b - 0x30) * 126 + c - 0x81) * 10 + d - 0x30


def table(name):
    lines = []
    encoded = characters(name)
    read = codes(name, [lead + bytes([last]) for lead, lasts in LEADS[name] for last in lasts])
    first = {}
    for lead, lasts in LEADS[name]:
        text = "".join(read.get((lead + bytes([last])).hex(), HOLE) for last in lasts)
        start = len(text) - len(text.lstrip(HOLE))
        text = text.strip(HOLE)
        if text:
            lines.append(f"{lead.hex()} {lasts[start]:02x} {text}")
        for last in lasts:
            code = (lead + bytes([last])).hex()
            if code in read:
                first.setdefault(read[code], code)
    written = {}
    runs = []
    for n, code in sorted(encoded.items()):
        if len(code) == 8 and name == "GB18030":
            if runs and n == runs[-1][1] + runs[-1][2] and linear(code) == linear(runs[-1][0]) + runs[-1][2]:
                runs[-1][2] += 1
            else:
                runs.append([code, n, 1])
        elif first.get(chr(n)) != code:
            written.setdefault(code[:-2], {})[int(code[-2:], 16)] = chr(n)
    for lead, lasts in sorted(written.items()):
        text = "".join(lasts.get(last, HOLE) for last in range(min(lasts), max(lasts) + 1))
        lines.append(f"<< {lead} {min(lasts):02x} {text}")
    lines += [f"= {code} {n:x} {count}" for code, n, count in runs]
    lines += [f"> {character}" for character in first if ord(character) not in encoded]
    return "\n".join(lines) + "\n"


def main():
    out = Path(sys.argv[1])
    for name in sys.argv[2:] or LEADS:
        (out / f"{name.lower()}.txt").write_text(table(name))


if __name__ == "__main__":
    main()
