#!/usr/bin/env python3
"""Random calls of the extension vector's functions, operators, casts and input on both servers.

    compat/vector/values.py [--zserver PATH] [--count 5000] [--seed 1]

Values are edges (signed zeros, denormals, the greatest floats, NaN and infinities as text,
wrong dimensions, too many elements) as often as ordinary ones. Answers are compared as
`compat/regress/compare.py` does, details of errors too; distances of float elements may
differ by one part in 100,000, as the order of a sum is nobody's promise.
"""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from sources import need_pgvector

from compare import compare
from servers import Missing, Pair, built_server

SKIPPED = 77
NEAR = 1e-5
FLOATS = ["0", "-0", "1", "-1", "0.5", "3.25", "1e-45", "1.1754944e-38", "3.4028235e38", "-3.4028235e38", "65504", "65519", "65520", "6e-8", "5.960464e-8", "2.9e-8", "0.1", "-7.75", "1e10", "123456.789"]
BAD_FLOATS = ["NaN", "Infinity", "-inf", "4e38", "1e400", "1e-400", "", "a", "1e", "0x1", "+1", " 2 ", "1_0", ".5", "5."]
DENSE = ("vector", "halfvec")
DISTANCES = ("<->", "<#>", "<=>", "<+>")
ARRAYS = ("int4", "float4", "float8", "numeric")


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def of(self, *choices):
        return self.random.choice(choices)

    def chance(self, share):
        return self.random.random() < share

    def number(self):
        if self.chance(0.04):
            return self.of(*BAD_FLOATS)
        if self.chance(0.4):
            return self.of(*FLOATS)
        return repr(round(self.random.uniform(-100, 100), self.random.randrange(0, 6)))

    def dims(self):
        return self.random.randrange(1, 6) if self.chance(0.9) else self.of(0, 1, 17, 33, 64)

    def dense(self, dims):
        text = "[" + self.of(",", ", ", " ,").join(self.number() for _ in range(dims)) + "]"
        return self.spoiled(text)

    def sparse(self, dims):
        count = self.random.randrange(0, dims + 1)
        places = self.random.sample(range(1, dims + 1), count) if dims else []
        if self.chance(0.1):
            places = [place + self.of(-1, 0, 1) for place in places]
        text = "{" + ",".join(f"{place}:{self.number()}" for place in places) + f"}}/{dims}"
        return self.spoiled(text)

    def spoiled(self, text):
        if not self.chance(0.05):
            return self.of("", " ") + text + self.of("", " ") if self.chance(0.1) else text
        place = self.random.randrange(len(text))
        return text[:place] + self.of("", ",", "[", "]", "{", "}", "/", ":", "-", "x", "99999999999") + text[place + self.of(0, 1) :]

    def value(self, kind, dims=None):
        dims = self.dims() if dims is None else dims
        if kind == "bit":
            return f"B'{''.join(self.of('0', '1') for _ in range(dims))}'"
        if kind in ARRAYS:
            return self.array(kind, dims)
        text = self.sparse(dims) if kind == "sparsevec" else self.dense(dims)
        modifier = f"({self.of(dims, dims, dims, self.dims())})" if self.chance(0.1) else ""
        return f"'{text}'::{kind}{modifier}"

    def array(self, kind, dims):
        numbers = [str(self.random.randrange(-5, 6)) if kind == "int4" else self.of(*FLOATS) for _ in range(dims)]
        if self.chance(0.05):
            numbers.append(self.of("NULL", "NaN" if kind != "int4" else "7"))
        return f"'{{{','.join(numbers)}}}'::{kind}[]"

    def pair(self, kind):
        dims = self.dims()
        return self.value(kind, dims), self.value(kind, dims if self.chance(0.95) else self.dims())

    def statement(self):
        return "SELECT " + getattr(self, self.of("distances", "arithmetic", "compares", "functions", "casts", "aggregates", "bits", "inputs"))()

    def distances(self):
        kind = self.of(*DENSE, "sparsevec")
        a, b = self.pair(kind)
        call = self.of("l2_distance", "inner_product", "cosine_distance", "l1_distance", "")
        if call:
            return f"{call}({a}, {b})"
        return f"{a} {self.of(*DISTANCES)} {b}"

    def arithmetic(self):
        a, b = self.pair(self.of(*DENSE))
        return f"{a} {self.of('+', '-', '*', '||')} {b}"

    def compares(self):
        kind = self.of(*DENSE, "sparsevec")
        a, b = self.value(kind), self.value(kind)
        return f"{a} {self.of('<', '<=', '=', '<>', '>=', '>')} {b}, {kind}_cmp({b}, {a})"

    def functions(self):
        kind = self.of(*DENSE, "sparsevec")
        value = self.value(kind)
        calls = ["l2_normalize({0})", "vector_norm({0})" if kind == "vector" else "l2_norm({0})"]
        if kind != "sparsevec":
            calls += ["vector_dims({0})", "binary_quantize({0})", f"subvector({{0}}, {self.random.randrange(-2, 7)}, {self.random.randrange(-1, 7)})"]
        return self.of(*calls).format(value)

    def casts(self):
        source = self.of(*DENSE, "sparsevec", *ARRAYS)
        targets = ["vector", "halfvec", "sparsevec"] + (["float4[]"] if source in DENSE else [])
        target = self.of(*targets)
        modifier = f"({self.dims() or 1})" if self.chance(0.2) and target != "float4[]" else ""
        return f"{self.value(source)}::{target}{modifier}"

    def aggregates(self):
        kind, dims = self.of(*DENSE), self.dims()
        values = ", ".join(f"({self.value(kind, dims)})" for _ in range(self.random.randrange(1, 5)))
        return f"{self.of('avg', 'sum')}(v) FROM (VALUES {values}) t (v)"

    def bits(self):
        a, b = self.pair("bit")
        call = self.of("hamming_distance({0}, {1})", "jaccard_distance({0}, {1})", "{0} <~> {1}", "{0} <%> {1}")
        return call.format(a, b)

    def inputs(self):
        return ", ".join(self.value(kind) for kind in self.random.sample([*DENSE, "sparsevec"], 2))


def near(expected, got):
    """Whether two answers differ only in the last digits of floats."""
    if expected.error or got.error or len(expected.results) != len(got.results):
        return False
    for a, b in zip(expected.results, got.results):
        cells = [[cell for row in result.rows for cell in row] for result in (a, b)]
        if len(cells[0]) != len(cells[1]) or not all(map(near_cell, *cells)):
            return False
    return True


def near_cell(a, b):
    if a == b or a is None or b is None:
        return a == b
    numbers = [cell.decode().strip("[]{}").split(",") for cell in (a, b)]
    try:
        pairs = list(zip(*[[float(word.rsplit(":", 1)[-1].split("/")[0].rstrip("}")) for word in words] for words in numbers]))
    except ValueError:
        return False
    return len(numbers[0]) == len(numbers[1]) and all(x == y or abs(x - y) <= NEAR * max(abs(x), abs(y)) for x, y in pairs)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zserver")
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="zserver-values") as work:
            Path(work).chmod(0o755)
            pair = Pair(Path(work) / "pair", args.zserver or built_server())
            try:
                need_pgvector(pair)
                return run(pair, args)
            finally:
                pair.stop()
    except Missing as missing:
        print(f"skipped: random values: {missing}")
        return SKIPPED


def run(pair, args):
    maker = Maker(args.seed)
    postgres, zserver = pair.connect()
    zserver.query("CREATE EXTENSION vector")
    zserver.answer(60)
    equal = close = errors = 0
    faults = []
    for _ in range(args.count):
        sql = maker.statement()
        for connection in (postgres, zserver):
            connection.query(sql)
        expected, got = postgres.answer(20), zserver.answer(20)
        difference, soft = compare(sql, expected, got)
        errors += expected.error is not None
        if difference is None and not soft:
            equal += 1
        elif difference is not None and near(expected, got):
            close += 1
        else:
            faults.append(f"{sql}\n   P {said(expected)}\n   Z {said(got)}")
    print("\n".join(faults[:40]))
    print(f"{equal} of {args.count} equal ({errors} of them errors), {close} but for the last digits, {len(faults)} differ")
    return 1 if faults else 0


def said(answer):
    if answer.error:
        return " ".join(f"{letter}={answer.error[letter]}" for letter in "CMDHP" if letter in answer.error)
    return answer.broken or str([result.rows for result in answer.results])[:300]


if __name__ == "__main__":
    sys.exit(main())
