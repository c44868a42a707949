"""Searches over the wire: prepared statements, binary vectors, messages made before the clock runs.

A client is a process that sends Bind, Execute and Sync in one packet and reads up to
ReadyForQuery, so that little of what is measured is the client's.
"""

import multiprocessing
import socket
import struct
import time

PROTOCOL_3_0 = 196608
INT8, BINARY = 20, 1


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


def vector_bytes(vector):
    return struct.pack("!hh", len(vector), 0) + vector.astype(">f4").tobytes()


def bind(parameter):
    """Bind of the prepared statement `q` with one binary parameter, Execute, Sync."""
    body = b"\0q\0" + struct.pack("!HHH", 1, BINARY, 1) + struct.pack("!I", len(parameter)) + parameter
    body += struct.pack("!HH", 1, BINARY)
    return message(b"B", body) + message(b"E", b"\0" + struct.pack("!I", 0)) + message(b"S", b"")


class Client:
    """One connection with the statement prepared as `q`; its first column is an int8."""

    def __init__(self, port, statement, settings=()):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=600)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        body = struct.pack("!I", PROTOCOL_3_0) + b"user\0postgres\0database\0postgres\0\0"
        self.socket.sendall(struct.pack("!I", len(body) + 4) + body)
        self.read()
        for setting in settings:
            self.socket.sendall(message(b"Q", f"SET {setting}".encode() + b"\0"))
            self.read()
        self.socket.sendall(message(b"P", b"q\0" + statement.encode() + b"\0" + struct.pack("!H", 0)) + message(b"S", b""))
        self.read()

    def read(self):
        """The messages up to ReadyForQuery, as bytes; an error is raised."""
        data = self.socket.recv(65536)
        # ReadyForQuery is six bytes: Z, a length of five, the transaction's status.
        while not (len(data) >= 6 and data[-6:-1] == b"Z\0\0\0\x05"):
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("the server closed the connection")
            data += more
        if b"SERROR\0" in data or b"SFATAL\0" in data:
            raise RuntimeError(data.replace(b"\0", b" ").decode(errors="replace")[:400])
        return data

    def ids(self, packet):
        """The first column of the rows that a search answers."""
        self.socket.sendall(packet)
        data, at, found = self.read(), 0, []
        while at < len(data):
            (length,) = struct.unpack_from("!I", data, at + 1)
            if data[at : at + 1] == b"D":
                found.append(struct.unpack_from("!q", data, at + 11)[0])
            at += length + 1
        return found

    def close(self):
        self.socket.close()


def answers(port, statement, queries, settings):
    client = Client(port, statement, settings)
    found = [client.ids(bind(vector_bytes(query))) for query in queries]
    client.close()
    return found


def recall(found, truth, k):
    """The share of the true `k` that was found; `truth` may have fewer where fewer match."""
    wanted = [set(map(int, row[:k])) for row in truth]
    return sum(len(set(row) & true) for row, true in zip(found, wanted)) / max(1, sum(map(len, wanted)))


def run_client(port, statement, packets, settings, seconds, start, out):
    client = Client(port, statement, settings)
    for packet in packets[:5]:
        client.socket.sendall(packet)
        client.read()
    start.wait()
    took, began = [], time.perf_counter()
    number = 0
    while (now := time.perf_counter()) - began < seconds:
        client.socket.sendall(packets[number % len(packets)])
        client.read()
        took.append(time.perf_counter() - now)
        number += 1
    out.put((number, time.perf_counter() - began, took))
    client.close()


def throughput(port, statement, queries, settings, clients, seconds):
    """`{"qps", "p50_ms", "p99_ms"}` of that many clients at once."""
    context = multiprocessing.get_context("fork")
    packets = [bind(vector_bytes(query)) for query in queries]
    start, out = context.Barrier(clients), context.Queue()
    workers = []
    for number in range(clients):
        mine = packets[number * len(packets) // clients :] + packets[: number * len(packets) // clients]
        workers.append(context.Process(target=run_client, args=(port, statement, mine, settings, seconds, start, out)))
    for worker in workers:
        worker.start()
    results = [out.get(timeout=seconds + 600) for _ in workers]
    for worker in workers:
        worker.join()
    took = sorted(each for _, _, times in results for each in times)
    return {
        "qps": sum(count / spent for count, spent, _ in results),
        "p50_ms": 1e3 * took[len(took) // 2],
        "p99_ms": 1e3 * took[min(len(took) - 1, len(took) * 99 // 100)],
    }
