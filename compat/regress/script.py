"""Cuts a psql script into statements and meta commands, as psql does.

It reads on demand: the data of a COPY FROM STDIN is the script's next lines, and
only the server's answer says whether there is one.
"""

import re
from dataclasses import dataclass


@dataclass
class Statement:
    """A statement as written, variables not yet replaced. `multiple` says that `\\;` joined several."""

    text: str
    line: int
    multiple: bool = False
    # What ended it: ";" or a meta command such as "gset prefix".
    ending: str = ";"


@dataclass
class Meta:
    """A meta command outside a statement: its name and the rest of its line."""

    name: str
    rest: str
    line: int


DOLLAR_QUOTE = re.compile(r"\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$")
WORD = re.compile(r"[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*")
ENDS_STATEMENT = ("g", "gx", "gset", "gexec", "gdesc", "crosstabview")
# Variables stand outside quotes; the replacement comes later, when they have values.
VARIABLE = re.compile(r":(?:'\w+'|\"\w+\"|\{\?\w+\}|\w+)")


class Script:
    def __init__(self, text):
        self.text = text
        self.at = 0
        self.standard_strings = True

    def line_number(self):
        return self.text.count("\n", 0, self.at) + 1

    def copy_data(self):
        """The lines up to `\\.`, as bytes."""
        lines = []
        if self.text[self.at : self.at + 1] == "\n":
            self.at += 1
        while self.at < len(self.text):
            end = self.text.find("\n", self.at)
            end = len(self.text) if end < 0 else end
            line, self.at = self.text[self.at : end], end + 1
            if line == "\\.":
                break
            lines.append(line + "\n")
        return "".join(lines).encode("utf-8", "surrogateescape")

    def skip_line(self):
        """Passes over the rest of a line: what is between the end of a COPY and its data."""
        end = self.text.find("\n", self.at)
        rest = self.text[self.at : end if end >= 0 else len(self.text)]
        if not rest.strip() or rest.strip().startswith("--"):
            self.at += len(rest)

    def next(self):
        """The next statement or meta command; None at the end."""
        self.skip_blank()
        if self.at >= len(self.text):
            return None
        if self.text[self.at] == "\\" and self.text[self.at + 1 : self.at + 2] not in (";", ":"):
            return self.meta()
        return self.statement()

    def skip_blank(self):
        while True:
            match = re.compile(r"\s+|--[^\n]*").match(self.text, self.at)
            if match:
                self.at = match.end()
            elif self.text.startswith("/*", self.at):
                self.at = self.end_of_comment(self.at)
            else:
                return

    def meta(self):
        line = self.line_number()
        match = re.compile(r"\\([a-zA-Z_+?!;]*)([^\n]*)").match(self.text, self.at)
        self.at = match.end()
        return Meta(match[1], match[2].strip(), line)

    def statement(self):
        line, start = self.line_number(), self.at
        parts, depth, blocks, words, multiple = [], 0, 0, [], False
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == ";" and depth <= 0 and blocks == 0:
                self.at += 1
                return Statement(self.piece(parts, start, self.at - 1), line, multiple)
            if char == "\\":
                following = self.text[self.at + 1 : self.at + 2]
                if following == ";":
                    parts.append(self.text[start : self.at] + ";")
                    self.at += 2
                    start, multiple, words, depth = self.at, True, [], 0
                    continue
                if following == ":":
                    self.at += 2
                    continue
                return self.ended_by_meta(parts, start, line, multiple)
            if char in "([":
                depth += char == "("
            elif char in ")]":
                depth -= char == ")"
            word = WORD.match(self.text, self.at)
            if word and not self.is_prefixed_string(word):
                blocks = block_depth(blocks, word[0].lower(), words)
                words.append(word[0].lower())
                self.at = word.end()
            else:
                self.at = self.after_token()
        return Statement(self.piece(parts, start, len(self.text)), line, multiple)

    def piece(self, parts, start, end):
        return ("".join(parts) + self.text[start:end]).strip()

    def ended_by_meta(self, parts, start, line, multiple):
        """A statement that a meta command sends, or that goes on after one (\\if and the like)."""
        text = self.piece(parts, start, self.at)
        command = self.meta()
        ending = f"{command.name} {command.rest}".strip()
        if command.name not in ENDS_STATEMENT:
            ending = "dropped"
        return Statement(text, line, multiple, ending)

    def is_prefixed_string(self, word):
        return self.text[word.end() : word.end() + 1] == "'" and word[0].lower() in ("e", "b", "x", "n")

    def after_token(self):
        """Where the token here ends: quoted text, comment, number or one character."""
        text, at = self.text, self.at
        if text.startswith("--", at):
            end = text.find("\n", at)
            return len(text) if end < 0 else end
        if text.startswith("/*", at):
            return self.end_of_comment(at)
        if text[at] in "eE" and text[at + 1 : at + 2] == "'":
            return end_of_quote(text, at + 1, "'", True)
        if text[at] in "bBxXnN" and text[at + 1 : at + 2] == "'":
            return end_of_quote(text, at + 1, "'", False)
        if text[at] == "'":
            return end_of_quote(text, at, "'", not self.standard_strings)
        if text[at] == '"':
            return end_of_quote(text, at, '"', False)
        quote = DOLLAR_QUOTE.match(text, at)
        if quote and not text[at - 1 : at].isalnum():
            end = text.find(quote[0], quote.end())
            return len(text) if end < 0 else end + len(quote[0])
        number = re.compile(r"\d[\w.]*").match(text, at)
        return number.end() if number else at + 1

    def end_of_comment(self, at):
        depth = 0
        for match in re.compile(r"/\*|\*/").finditer(self.text, at):
            depth += 1 if match[0] == "/*" else -1
            if depth == 0:
                return match.end()
        return len(self.text)


def block_depth(depth, word, words):
    """How deep in BEGIN ATOMIC ... END a word leaves us: only functions have such bodies."""
    head = [w for w in words[:4] if w not in ("or", "replace")]
    if head[:1] != ["create"] or not {"function", "procedure"} & set(head[1:2]):
        return depth
    if word == "begin" or (word == "case" and depth):
        return depth + 1
    return depth - 1 if word == "end" and depth else depth


def end_of_quote(text, at, quote, backslashes):
    at += 1
    while at < len(text):
        if backslashes and text[at] == "\\":
            at += 2
        elif text[at] == quote:
            if text[at + 1 : at + 2] != quote:
                return at + 1
            at += 2
        else:
            at += 1
    return len(text)


def tokens(text, standard_strings=True):
    """(start, end) of every token of a statement, for those who look past quotes."""
    script = Script(text)
    script.standard_strings = standard_strings
    while script.at < len(text):
        start = script.at
        word = WORD.match(text, start)
        script.at = word.end() if word and not script.is_prefixed_string(word) else script.after_token()
        yield start, script.at


def replace_variables(text, values, standard_strings=True):
    """Puts psql's variables in: `:name`, `:'name'`, `:"name"`; unknown ones stay."""
    if ":" not in text:
        return text
    out, script = [], Script(text)
    script.standard_strings = standard_strings
    while script.at < len(text):
        if text.startswith("::", script.at):
            out.append("::")
            script.at += 2
            continue
        match = VARIABLE.match(text, script.at)
        if match:
            out.append(variable(match[0], values))
            script.at = match.end()
            continue
        start = script.at
        word = WORD.match(text, start)
        script.at = word.end() if word and not script.is_prefixed_string(word) else script.after_token()
        out.append(text[start : script.at].replace("\\:", ":"))
    return "".join(out)


def variable(written, values):
    name = written.strip(":'\"{?}")
    if written.startswith(":{?"):
        return "TRUE" if name in values else "FALSE"
    if name not in values:
        return written
    value = values[name]
    if written[1] == "'":
        quoted = "'" + value.replace("'", "''") + "'"
        return " E" + quoted.replace("\\", "\\\\") if "\\" in value else quoted
    if written[1] == '"':
        return '"' + value.replace('"', '""') + '"'
    return value


def arguments(rest, values):
    """A meta command's words; adjacent pieces without blanks are joined, as in \\set."""
    words = []
    for match in re.finditer(r"(?:'(?:[^'\\]|''|\\.)*'|\"(?:[^\"]|\"\")*\"|:'\w+'|:\"\w+\"|\S)+", rest):
        pieces = re.findall(r":'\w+'|:\"\w+\"|:\{\?\w+\}|:\w+|'(?:[^'\\]|''|\\.)*'|[^':]+|.", match[0])
        words.append("".join(piece_value(piece, values) for piece in pieces))
    return words


def piece_value(piece, values):
    if piece.startswith(":") and len(piece) > 1:
        return variable(piece, values)
    if piece.startswith("'") and len(piece) > 1:
        return piece[1:-1].replace("''", "'")
    return piece
