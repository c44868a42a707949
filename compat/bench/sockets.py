#!/usr/bin/env python3
"""WebSockets of /api/v1/sql: the memory of idle ones, and how fast notifications fan out.

    compat/bench/sockets.py [--idle 10000] [--listeners 200] [--seconds 10] [--batch 1 100]

Starts a server of its own (ZSERVER names the binary) and prints its resident memory with
so many sockets open that do nothing, then messages per second that all listeners together
receive while one client notifies. Both ends count: it all runs on this machine. It needs
as many file descriptors as sockets (`ulimit -n`).
"""

import argparse
import os
import resource
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time

PG_PORT = int(os.environ.get("ZS_PORT", 5534))
HTTP_PORT = int(os.environ.get("ZS_HTTP_PORT", 5535))
IDLE_LIMIT_MB = 300
HANDSHAKE = (
    "GET /api/v1/sql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: zserver.sql.v1\r\nAuthorization: Basic cG9zdGdyZXM6\r\n\r\n"
).encode()


def frame(text):
    """A masked text frame; a mask of zeroes leaves the text as it is."""
    payload = text.encode()
    assert len(payload) < 65536
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
    return b"\x81" + length + b"\0\0\0\0" + payload


def open_socket():
    stream = socket.create_connection(("127.0.0.1", HTTP_PORT))
    stream.sendall(HANDSHAKE)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += stream.recv(4096)
    assert b" 101 " in answer, answer
    return stream


def resident_mb(pid):
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return 0.0


def idle(server, count):
    before = resident_mb(server.pid)
    sockets = [open_socket() for _ in range(count)]
    time.sleep(2)
    after = resident_mb(server.pid)
    print(f"{count} idle WebSockets: {after:.0f} MB resident, {before:.0f} MB without, "
          f"{(after - before) * 1024 / count:.1f} kB each")
    # All of them live.
    for stream in sockets[:: max(1, count // 100)]:
        stream.sendall(frame('{"type": "query", "id": 1, "query": "select 1"}'))
        assert stream.recv(4096), "a socket is dead"
    for stream in sockets:
        stream.close()
    return after <= IDLE_LIMIT_MB


def fan_out(listeners, seconds, batch):
    sockets = [open_socket() for _ in range(listeners)]
    for stream in sockets:
        stream.sendall(frame('{"type": "listen", "id": 1, "channel": "news"}'))
        stream.recv(4096)
        stream.setblocking(False)
    poll = select.epoll()
    by_number = {stream.fileno(): stream for stream in sockets}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    # One client notifies as fast as it may, `batch` times in a transaction, and is at most
    # `ahead` notifications before the listeners.
    sent = received = 0
    ahead = max(2000, 20 * batch)
    stop = threading.Event()
    progress = [0, 0]

    def notify():
        statement = "".join(f"NOTIFY news, 'message {n}';" for n in range(batch))
        words = ["psql", "-X", "-q", "-h", "127.0.0.1", "-p", str(PG_PORT), "-U", "postgres", "postgres"]
        psql = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        while not stop.is_set():
            if progress[0] - progress[1] >= ahead:
                time.sleep(0.0005)
                continue
            psql.stdin.write(f"BEGIN;{statement}COMMIT;\n")
            psql.stdin.flush()
            progress[0] += batch
        psql.stdin.close()
        psql.wait()

    sender = threading.Thread(target=notify)
    sender.start()
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        for number, _ in poll.poll(0.1):
            try:
                data = by_number[number].recv(1 << 20)
            except BlockingIOError:
                continue
            assert data, "a listener was closed"
            received += data.count(b'"notification"')
        progress[1] = received // listeners
    took = time.monotonic() - begun
    stop.set()
    sender.join()
    sent = progress[0]
    for stream in sockets:
        stream.close()
    print(f"{listeners} listeners, {sent} notifications, {batch} in a transaction: {received / took:,.0f} messages/s received")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--idle", type=int, default=10_000)
    parser.add_argument("--listeners", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--batch", type=int, nargs="*", default=[1, 100], help="notifications in a transaction")
    arguments = parser.parse_args()
    most = max(arguments.idle, arguments.listeners) + 500
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < most:
        sys.exit(f"{most} file descriptors are needed, and {hard} allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    with tempfile.TemporaryDirectory() as work:
        environment = {**os.environ, "ZSERVER_HTTP_MAX_CONNECTIONS": str(most)}
        words = [os.environ["ZSERVER"], "serve", "--dev", "--data", f"{work}/data", "--pg-listen", f"127.0.0.1:{PG_PORT}",
                 "--http-listen", f"127.0.0.1:{HTTP_PORT}"]
        server = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            while "HTTP is served" not in server.stdout.readline():
                if server.poll() is not None:
                    sys.exit("the server did not start")
            is_small = idle(server, arguments.idle)
            for batch in arguments.batch:
                fan_out(arguments.listeners, arguments.seconds, batch)
        finally:
            server.terminate()
            server.wait()
    sys.exit(0 if is_small else 1)


if __name__ == "__main__":
    main()
