#!/usr/bin/env python3
"""How fast points come in and files go out over HTTP, client included.

    compat/bench/transfer.py [--zserver=BIN] [--points 100000] [--dims 384] [--mb 1024]

Starts a server of its own and prints a line each: points a second of one NDJSON stream into
a collection, once by random numbers of four digits and once by f32 as they are printed in
full; bytes a second of an upload and of downloads of one large file, by one connection and by
two. An ingest counts when its answer says that all is committed; of the first download it is
said apart, because the server compares a content with its hash when it reads it first.
Without --zserver the server is built, with optimizations.
"""

import argparse
import json
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PG_PORT = int(os.environ.get("ZS_PORT", 5534))
HTTP_PORT = int(os.environ.get("ZS_HTTP_PORT", 5535))
AUTHORIZATION = "Authorization: Basic cG9zdGdyZXM6\r\n"
CHUNK = 1 << 20


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zserver")
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--dims", type=int, default=384)
    parser.add_argument("--mb", type=int, default=1024)
    return parser.parse_args()


def built():
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zserver" / "target"
    return str(Path(os.environ.get("CARGO_TARGET_DIR", cache)) / "release" / "zserver")


class Server:
    def __init__(self, binary, directory):
        words = [binary, "serve", "--dev", "--data", f"{directory}/data", "--pg-listen", f"127.0.0.1:{PG_PORT}"]
        environment = {
            **os.environ,
            "ZSERVER_HTTP_LISTEN": f"127.0.0.1:{HTTP_PORT}",
            "ZSERVER_HTTP_MAX_FILE": str(8 << 30),
        }
        self.process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        while "ready" not in self.process.stdout.readline():
            if self.process.poll() is not None:
                sys.exit("the server has not started")

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Connection:
    """A request at a time, its body as chunks that are there already."""

    def __init__(self):
        self.stream = socket.create_connection(("127.0.0.1", HTTP_PORT))
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)

    def ask(self, method, path, length, chunks=()):
        """The status, and what of the body came with the head."""
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{AUTHORIZATION}Content-Length: {length}\r\n\r\n"
        self.stream.sendall(head.encode())
        for chunk in chunks:
            self.stream.sendall(chunk)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self.stream.recv(65536) or sys.exit("the server hung up")
        head, _, body = received.partition(b"\r\n\r\n")
        self.chunked = b"chunked" in head.lower()
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        self.length = int(lengths[0].split(b":")[1]) if lengths else None
        return int(head.split()[1]), body

    def rest(self, body):
        """The whole body, to its length or to the last chunk."""
        def is_whole():
            return body.endswith(b"0\r\n\r\n") if self.length is None else len(body) >= self.length

        while not is_whole():
            body += self.stream.recv(65536) or sys.exit("the server hung up")
        return body

    def drain(self, body):
        """Bytes of the body, which go nowhere."""
        count, buffer = len(body), memoryview(bytearray(CHUNK))
        while count < self.length:
            got = self.stream.recv_into(buffer)
            count += got or sys.exit("the server hung up")
        return count


def request(method, path, body=b""):
    connection = Connection()
    status, answer = connection.ask(method, path, len(body), [body])
    answer = connection.rest(answer)
    if status >= 300:
        sys.exit(f"{method} {path}: {status} {answer.decode()}")
    return answer


def chunks_of(lines):
    """About a megabyte each."""
    chunk = []
    size = 0
    for line in lines:
        chunk.append(line)
        size += len(line)
        if size >= CHUNK:
            yield b"".join(chunk)
            chunk, size = [], 0
    yield b"".join(chunk)


def ingest(name, points, dims, number):
    rng = random.Random(7)
    # Vectors are used again: the server does not know, and the client need not print more.
    rows = [", ".join(number(rng) for _ in range(dims)) for _ in range(5_000)]
    lines = (f'{{"id": {at}, "vector": [{rows[at % len(rows)]}], "payload": {{"n": {at % 100}}}}}\n'.encode() for at in range(points))
    chunks = list(chunks_of(lines))
    length = sum(map(len, chunks))
    body = json.dumps({"name": name, "vectors": {"size": dims, "distance": "cosine"}}).encode()
    request("POST", "/api/v1/collections", body)
    connection = Connection()
    answer = [b""]

    def read():
        """The answer comes line by line, while the stream goes on."""
        while not answer[0].endswith(b"0\r\n\r\n"):
            got = connection.stream.recv(65536)
            if not got:
                return
            answer[0] += got

    reader = threading.Thread(target=read)
    began = time.perf_counter()
    head = f"POST /api/v1/collections/{name}/points/ingest HTTP/1.1\r\nHost: localhost\r\n{AUTHORIZATION}Content-Type: application/x-ndjson\r\nContent-Length: {length}\r\n\r\n"
    connection.stream.sendall(head.encode())
    reader.start()
    for chunk in chunks:
        connection.stream.sendall(chunk)
    reader.join()
    seconds = time.perf_counter() - began
    counted = json.loads(request("POST", "/api/v1/sql", json.dumps({"query": f'select count(*) as n from collections."{name}"'}).encode()))
    there = json.dumps(counted)
    if f'{points}' not in there:
        sys.exit(f"of {points} points there are: {there}\n{answer[0][-2000:].decode()}")
    print(f"ingest of {dims} {name}: {points / seconds:,.0f} points/s, {length / seconds / 1e6:,.0f} MB/s", flush=True)


def download(path, connections):
    counts = [0] * connections

    def one(at):
        connection = Connection()
        status, body = connection.ask("GET", path, 0)
        assert status == 200, status
        counts[at] = connection.drain(body)

    threads = [threading.Thread(target=one, args=(at,)) for at in range(connections)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began)


def files(mb):
    request("PUT", "/api/v1/files/bench", b"{}")
    path = "/api/v1/files/bench/large"
    block = random.Random(3).randbytes(CHUNK)
    connection = Connection()
    began = time.perf_counter()
    status, answer = connection.ask("PUT", path, mb * CHUNK, (struct.pack("<Q", at) + block[8:] for at in range(mb)))
    answer = connection.rest(answer)
    if status >= 300:
        sys.exit(f"upload: {status} {answer.decode()}")
    print(f"upload of {mb} MiB: {mb * CHUNK / (time.perf_counter() - began) / 1e6:,.0f} MB/s", flush=True)
    print(f"download, the first: {download(path, 1) / 1e6:,.0f} MB/s", flush=True)
    for connections in (1, 2):
        best = max(download(path, connections) for _ in range(3))
        print(f"download by {connections}: {best / 1e6:,.0f} MB/s, the best of 3", flush=True)


def main():
    args = arguments()
    binary = args.zserver or built()
    with tempfile.TemporaryDirectory() as directory:
        server = Server(binary, directory)
        try:
            files(args.mb)
            ingest("short_numbers", args.points, args.dims, lambda rng: f"{rng.uniform(-1, 1):.4f}")
            ingest("long_numbers", args.points, args.dims, lambda rng: repr(struct.unpack("f", struct.pack("f", rng.uniform(-1, 1)))[0]))
        finally:
            server.stop()


main()
