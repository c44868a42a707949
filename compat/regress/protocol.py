"""A small client of PostgreSQL's protocol 3.0 that keeps every message it gets.

Drivers hide what this comparison is about (positions, typmods, tags, notices), so
the few messages that it needs are written out here. No TLS, no passwords: both
servers trust loopback.
"""

import socket
import struct
import time
from dataclasses import dataclass, field

PROTOCOL_3_0 = 196608
CANCEL_REQUEST = 80877102
BINARY = 1


class Lost(Exception):
    """The server closed the connection, or sent what the protocol does not know."""


class Hang(Exception):
    """The server did not answer in time."""


@dataclass
class Column:
    name: str
    type_oid: int
    typmod: int
    format: int


@dataclass
class Result:
    """One statement's answer: rows with their columns, a tag, or both."""

    columns: list | None = None
    rows: list = field(default_factory=list)
    tag: str | None = None


@dataclass
class Answer:
    """All that came between a request and ReadyForQuery."""

    results: list = field(default_factory=list)
    error: dict | None = None
    notices: list = field(default_factory=list)
    # "I" outside a transaction, "T" in one, "E" in a failed one.
    status: str = "I"
    # Why there is no whole answer: "lost" or "hang".
    broken: str | None = None
    seconds: float = 0.0


class Connection:
    def __init__(self, port, user="postgres", database="postgres", settings=None):
        self.port = port
        self.parameters = {}
        self.buffer = b""
        self.key = None
        self.deadline = time.monotonic() + 20
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        words = {"user": user, "database": database, **(settings or {})}
        body = struct.pack("!I", PROTOCOL_3_0)
        body += b"".join(text(k) + text(v) for k, v in words.items()) + b"\0"
        self.socket.sendall(struct.pack("!I", len(body) + 4) + body)
        self.opened = self.read_answer()

    def close(self):
        try:
            self.socket.sendall(message(b"X"))
        except OSError:
            pass
        self.socket.close()

    def query(self, sql):
        self.send(message(b"Q", text(sql)))

    def extended(self, sql):
        """Parse, Bind with binary results, Describe, Execute, Sync in one packet."""
        self.send(
            message(b"P", text("") + text(sql) + struct.pack("!H", 0))
            + message(b"B", text("") + text("") + struct.pack("!HHHH", 0, 0, 1, BINARY))
            + message(b"D", b"P" + text(""))
            + message(b"E", text("") + struct.pack("!I", 0))
            + message(b"S")
        )

    def describe(self, sql):
        """Only the columns that a statement would have."""
        parse = message(b"P", text("") + text(sql) + struct.pack("!H", 0))
        self.send(parse + message(b"D", b"S" + text("")) + message(b"S"))

    def send(self, data):
        try:
            self.socket.settimeout(20)
            self.socket.sendall(data)
        except OSError:
            # What the server said before it closed is still to be read.
            pass

    def answer(self, timeout, copy_data=lambda: None):
        """Reads up to ReadyForQuery. `copy_data` gives the data for each COPY FROM STDIN, or
        None to refuse it. After `timeout` seconds the statement is cancelled."""
        started = time.monotonic()
        self.deadline = started + timeout
        answer = Answer()
        try:
            try:
                self.read_answer(answer, copy_data)
            except Hang:
                answer.broken = "hang"
                self.cancel()
                self.deadline = time.monotonic() + 5
                self.read_answer(answer, copy_data)
        except (Lost, OSError):
            answer.broken = answer.broken or "lost"
            self.parameters = None
        except Hang:
            self.parameters = None
        answer.seconds = time.monotonic() - started
        return answer

    @property
    def usable(self):
        return self.parameters is not None

    def cancel(self):
        if self.key is None:
            return
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as other:
                other.sendall(struct.pack("!II", 16, CANCEL_REQUEST) + self.key)
        except OSError:
            pass

    def read_answer(self, answer=None, copy_data=lambda: None):
        answer = answer or Answer()
        current = Result()
        while True:
            kind, body = self.read_message()
            if kind == b"Z":
                answer.status = body.decode()
                return answer
            if kind == b"T":
                current.columns = columns_of(body)
                answer.results.append(current)
            elif kind == b"D":
                current.rows.append(cells_of(body))
            elif kind == b"d":
                current.rows.append((body,))
            elif kind == b"H":
                current.columns = [Column("COPY", 0, len(body) // 2, body[0])]
                answer.results.append(current)
            elif kind == b"G":
                self.feed(copy_data())
            elif kind in (b"C", b"I"):
                current.tag = body[:-1].decode() if kind == b"C" else "(empty)"
                if current.columns is None:
                    answer.results.append(current)
                current = Result()
            elif kind == b"E":
                answer.error = fields_of(body)
                if answer.error.get("S") == "FATAL" and self.key is None:
                    raise Lost(answer.error.get("M"))
            elif kind == b"N":
                answer.notices.append(fields_of(body))
            elif kind == b"S":
                name, value = body[:-1].split(b"\0")
                self.parameters[name.decode()] = value.decode()
            elif kind == b"K":
                self.key = body
            elif kind == b"R":
                if body[:4] != b"\0\0\0\0":
                    raise Lost("the server asks for a password")
            elif kind not in (b"1", b"2", b"3", b"n", b"s", b"t", b"c", b"A"):
                raise Lost(f"message {kind!r}")

    def feed(self, data):
        if data is None:
            self.send(message(b"f", text("no data")))
        else:
            chunks = [data[at : at + 65536] for at in range(0, len(data), 65536)]
            self.send(b"".join(message(b"d", chunk) for chunk in chunks) + message(b"c"))

    def read_message(self):
        head = self.read_bytes(5)
        (length,) = struct.unpack("!I", head[1:])
        return head[:1], self.read_bytes(length - 4)

    def read_bytes(self, count):
        while len(self.buffer) < count:
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise Hang
            self.socket.settimeout(left)
            try:
                more = self.socket.recv(max(65536, count - len(self.buffer)))
            except TimeoutError as error:
                raise Hang from error
            if not more:
                raise Lost("closed")
            self.buffer += more
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken


def text(value):
    return value.encode("utf-8", "surrogateescape") + b"\0"


def message(kind, body=b""):
    return kind + struct.pack("!I", len(body) + 4) + body


def columns_of(body):
    (count,) = struct.unpack_from("!H", body)
    at, columns = 2, []
    for _ in range(count):
        end = body.index(b"\0", at)
        name = body[at:end].decode("utf-8", "replace")
        _table, _number, type_oid, _size, typmod, fmt = struct.unpack_from("!IhIhih", body, end + 1)
        columns.append(Column(name, type_oid, typmod, fmt))
        at = end + 19
    return columns


def cells_of(body):
    (count,) = struct.unpack_from("!H", body)
    at, cells = 2, []
    for _ in range(count):
        (length,) = struct.unpack_from("!i", body, at)
        at += 4
        if length < 0:
            cells.append(None)
        else:
            cells.append(body[at : at + length])
            at += length
    return tuple(cells)


def fields_of(body):
    """An error's or notice's fields by their letter: S, C, M, D, H, P and so on."""
    fields = {}
    for part in body.split(b"\0"):
        if part:
            fields[chr(part[0])] = part[1:].decode("utf-8", "replace")
    return fields
