"""Runs one file on both servers, statement by statement, and judges each answer."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from compare import Difference, compare, is_plan
from dependents import Dependents
from protocol import Answer
from script import Meta, Script, Statement, arguments, replace_variables

TIMEOUT_SECONDS = 60
POSTGRES_TIMEOUT_SECONDS = 60
PG, ZS = 0, 1
# Statements that need what the project leaves out: (what, pattern).
LEFT_OUT = [
    ("functions in C", re.compile(r"\blanguage\s+'?c'?\b|regresslib|:libdir", re.I)),
    ("tablespaces", re.compile(r"^\s*(create|drop|alter)\s+tablespace\b", re.I)),
]
COPY_STDIN = re.compile(r"\bfrom\s+stdin\b", re.I)
# `\copy … from 'file'`: the client reads it.
COPY_FILE = re.compile(r"\bfrom\s+'([^']+)'", re.I)


@dataclass
class Outcome:
    """One statement: `verdict` is equal, different, dependent, plan or skipped."""

    number: int
    line: int
    sql: str
    verdict: str
    difference: Difference | None = None
    soft: list = field(default_factory=list)
    answers: list = field(default_factory=list)


class FileRun:
    def __init__(self, pair, text, mode, variables, directory=Path(".")):
        self.pair, self.mode, self.directory = pair, mode, directory
        # What the next COPY FROM STDIN reads instead of the script's lines.
        self.copied = None
        self.script = Script(text)
        self.connections = pair.connect()
        self.user = "postgres"
        self.values = [{**variables, "abs_builddir": str(place)} for place in pair.outputs]
        self.conditions = []
        self.dependents = Dependents()
        self.outcomes = []
        self.number = 0

    def run(self):
        while (item := self.script.next()) is not None:
            if isinstance(item, Meta):
                if self.meta(item) == "quit":
                    break
            elif all(self.conditions):
                self.statement(item)
            elif COPY_STDIN.search(item.text):
                self.script.copy_data()
        for connection in self.connections:
            if connection:
                connection.close()
        return self.outcomes

    def meta(self, item):
        name, rest = item.name, item.rest
        if name in ("if", "elif", "else", "endif"):
            self.condition(name, rest)
        elif not all(self.conditions):
            return None
        elif name in ("q", "quit"):
            return "quit"
        elif name == "set":
            for values in self.values:
                words = arguments(rest, values)
                if words:
                    values[words[0]] = "".join(words[1:])
        elif name == "unset":
            for values in self.values:
                values.pop(rest, None)
        elif name == "getenv":
            # The caller gave these variables by psql's names for them.
            pass
        elif name in ("c", "connect"):
            self.reconnect(arguments(rest, self.values[PG]))
        elif name == "copy" and COPY_STDIN.search(rest.replace("pstdin", "stdin")):
            self.statement(Statement("COPY " + rest.replace("pstdin", "stdin"), item.line))
        elif name == "copy" and COPY_FILE.search(rest):
            self.copied = (self.directory / COPY_FILE.search(rest)[1]).read_bytes()
            self.statement(Statement("COPY " + COPY_FILE.sub("FROM STDIN", rest), item.line))
            self.copied = None
        elif name.startswith(("d", "copy", "lo", "sf", "sv", "z")):
            self.number += 1
            sql = f"\\{name} {rest}"
            self.outcomes.append(Outcome(self.number, item.line, sql, "skipped", Difference("psql", "meta command")))
        return None

    def condition(self, name, rest):
        if name == "if":
            self.conditions.append(all(self.conditions) and self.true(rest))
        elif name == "endif":
            self.conditions.pop()
        else:
            # A branch runs if none before it did; nesting in a dead branch stays dead.
            taken = self.conditions.pop()
            live = all(self.conditions) and not taken
            self.conditions.append(live and (name == "else" or self.true(rest)))

    def true(self, rest):
        word = "".join(arguments(rest, self.values[PG])).lower()
        return word in ("t", "true", "on", "1", "yes")

    def reconnect(self, words):
        if len(words) > 1 and words[1] != "-":
            self.user = words[1]
        for connection in self.connections:
            if connection:
                connection.close()
        self.connections = self.pair.connect(self.user)

    def statement(self, item):
        self.number += 1
        standard = self.script.standard_strings
        texts = [replace_variables(item.text, values, standard) for values in self.values]
        if item.ending == "dropped":
            return
        left_out = next((what for what, pattern in LEFT_OUT if pattern.search(item.text)), None)
        if left_out:
            self.skip(item, left_out)
            return
        answers = self.ask(texts, item)
        if self.number_of_rows(answers) == 0 and item.ending == "empty":
            return
        self.judge(item, texts, answers)
        if item.ending.startswith("gset"):
            self.gset(item.ending[4:].strip(), answers)
        elif item.ending == "gexec" and not answers[PG].error:
            for row in answers[PG].results[0].rows:
                for cell in row:
                    self.statement(Statement(cell.decode(), item.line))

    def number_of_rows(self, answers):
        return sum(len(result.rows) for result in answers[PG].results)

    def skip(self, item, why):
        self.outcomes.append(Outcome(self.number, item.line, item.text, "skipped", Difference("left out", why)))

    def ask(self, texts, item):
        """Sends to both, then reads PostgreSQL's answer and the other's."""
        for n, connection in enumerate(self.connections):
            if connection is None or not connection.usable:
                self.connections[n] = self.reopened(n)
        extended = self.mode == "extended" and not item.multiple
        extended = extended and not re.match(r"\s*copy\b", item.text, re.I) and item.ending == ";"
        for connection, text in zip(self.connections, texts):
            if connection is None:
                continue
            if item.ending == "gdesc":
                connection.describe(text)
            elif extended:
                connection.extended(text)
            else:
                connection.query(text)
        data = []
        answers = [self.answer(PG, lambda: self.read_copy_data(data))]
        fed = iter(data)
        answers.append(self.answer(ZS, lambda: next(fed, None)))
        if self.connections[PG] and self.connections[PG].usable:
            parameters = self.connections[PG].parameters
            self.script.standard_strings = parameters.get("standard_conforming_strings") != "off"
        return answers

    def reopened(self, n):
        server = (self.pair.postgres, self.pair.zserver)[n]
        if n == ZS and not server.alive():
            server.stop()
            server.start()
        return self.pair.open(server, self.user)

    def answer(self, n, copy_data):
        connection = self.connections[n]
        if connection is None:
            return Answer(broken="lost")
        return connection.answer((POSTGRES_TIMEOUT_SECONDS, TIMEOUT_SECONDS)[n], copy_data)

    def read_copy_data(self, data):
        if self.copied is not None:
            data.append(self.copied)
            return self.copied
        if not data:
            self.script.skip_line()
        data.append(self.script.copy_data())
        return data[-1]

    def judge(self, item, texts, answers):
        postgres, zserver = answers
        if postgres.broken:
            self.skip(item, f"PostgreSQL: {postgres.broken}")
            return
        difference, soft = compare(texts[PG], postgres, zserver)
        if difference is None:
            plan = is_plan(texts[PG]) and postgres.error is None
            verdict = "plan" if plan else "equal"
        else:
            dependent = self.dependents.explain(texts[PG], postgres, zserver, difference)
            verdict = "dependent" if dependent else "different"
        if difference is not None:
            self.dependents.note(texts[PG], postgres, zserver)
        outcome = Outcome(self.number, item.line, texts[PG], verdict, difference, soft, answers)
        self.outcomes.append(outcome)

    def gset(self, prefix, answers):
        for values, answer in zip(self.values, answers):
            for result in answer.results[:1]:
                for row in result.rows[:1]:
                    for column, cell in zip(result.columns, row):
                        if cell is not None:
                            values[prefix + column.name] = cell.decode()
