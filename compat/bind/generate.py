#!/usr/bin/env python3
"""Asks PostgreSQL what it makes of each statement in statements.sql.

Each is parsed and described through the wire protocol, without running it. One
line per statement is printed, tab separated: the statement, then either
`ok`, the parameters' type names and the columns as `name type`, or `error`,
SQLSTATE, position (in characters from 1) and message; then detail and hint.

    compat/bind/generate.py HOST PORT > src/sql/bind/tests/expected.tsv
"""

import socket
import struct
import sys
from pathlib import Path

HERE = Path(__file__).parent


class Connection:
    """As much of the protocol as describing statements needs."""

    def __init__(self, host, port):
        self.socket = socket.create_connection((host, port))
        self.buffer = b""
        options = b"user\0postgres\0database\0postgres\0\0"
        body = struct.pack("!i", 196608) + options
        self.socket.sendall(struct.pack("!i", len(body) + 4) + body)
        self.until_ready()

    def send(self, kind, body):
        self.socket.sendall(kind + struct.pack("!i", len(body) + 4) + body)

    def receive(self, count):
        while len(self.buffer) < count:
            self.buffer += self.socket.recv(65536)
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def until_ready(self):
        messages = []
        while True:
            kind = self.receive(1)
            (length,) = struct.unpack("!i", self.receive(4))
            body = self.receive(length - 4)
            if kind == b"Z":
                return messages
            messages.append((kind, body))

    def query(self, sql):
        self.send(b"Q", sql.encode() + b"\0")
        return self.until_ready()

    def describe(self, sql):
        self.send(b"P", b"\0" + sql.encode() + b"\0" + struct.pack("!h", 0))
        self.send(b"D", b"S\0")
        self.send(b"S", b"")
        return self.until_ready()


def error_fields(body):
    return {part[:1].decode(): part[1:].decode() for part in body.split(b"\0") if part}


def row_columns(body):
    (count,) = struct.unpack("!h", body[:2])
    offset = 2
    for _ in range(count):
        end = body.index(b"\0", offset)
        name = body[offset:end].decode()
        _, _, oid, _, typmod, _ = struct.unpack("!ihihih", body[end + 1 : end + 19])
        offset = end + 19
        yield f"{name}:{oid}:{typmod}"


def outcome(messages):
    parameters, columns = "", ""
    for kind, body in messages:
        if kind == b"E":
            fields = error_fields(body)
            values = [fields.get(key, "") for key in "CPMDH"]
            return ["error", *values]
        if kind == b"t":
            (count,) = struct.unpack("!h", body[:2])
            parameters = " ".join(map(str, struct.unpack(f"!{count}i", body[2:])))
        if kind == b"T":
            columns = "|".join(row_columns(body))
    return ["ok", parameters, columns]


def main(host, port):
    connection = Connection(host, int(port))
    connection.query("CREATE SCHEMA bind_cases; SET search_path = bind_cases")
    connection.query((HERE / "schema.sql").read_text())
    for statement in (HERE / "statements.sql").read_text().splitlines():
        print("\t".join([statement, *outcome(connection.describe(statement))]))
    connection.query("DROP SCHEMA bind_cases CASCADE")


main(*sys.argv[1:])
