"""A way for datagrams that loses, delays and narrows them, each direction for itself.

It stands in userspace between a peer and the server, so that it works on every machine, also
where the kernel has no `netem`. A peer is told the relay's port in place of the server's
candidate; towards the server each has a socket of its own, whose address the server learns
from what comes from there. Packets are lost evenly, every so many, so that figures of a few
seconds can be compared.
"""

import heapq
import itertools
import selectors
import socket
import threading
import time

# What waits where the way is narrow, in seconds: what would wait longer is lost.
QUEUE_SECONDS = 0.3


class Way:
    """One direction: what it does to datagrams, and what it has done."""

    def __init__(self):
        self.loss = 0.0
        self.delay = 0.0
        self.rate = 0
        self.free_at = 0.0
        self.owed = 0.0
        self.passed = self.lost = 0

    def due(self, now, data):
        """When a datagram arrives; none if it does not."""
        # STUN and DTLS are few: what keeps the way open is not what is measured.
        is_media = bool(data) and 128 <= data[0] < 192
        if is_media:
            self.owed += self.loss
            if self.owed >= 1:
                self.owed -= 1
                self.lost += 1
                return None
        if self.rate:
            self.free_at = max(self.free_at, now)
            if is_media and self.free_at - now > QUEUE_SECONDS:
                self.lost += 1
                return None
            self.free_at += len(data) * 8 / self.rate
            now = self.free_at
        self.passed += is_media
        return now + self.delay


class Relay:
    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.up, self.down = Way(), Way()
        self.lock = threading.Lock()
        self.ports = {}
        self.waiting = []
        self.numbers = itertools.count()
        self.is_over = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def through(self, port):
        """The port that leads to this one of the server."""
        with self.lock:
            if port not in self.ports:
                near, far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
                for one in (near, far):
                    one.bind(("127.0.0.1", 0))
                    one.setblocking(False)
                far.connect(("127.0.0.1", port))
                pair = {"near": near, "far": far, "peer": None}
                self.selector.register(near, selectors.EVENT_READ, (pair, "near"))
                self.selector.register(far, selectors.EVENT_READ, (pair, "far"))
                self.ports[port] = near.getsockname()[1]
            return self.ports[port]

    def impair(self, up=None, down=None):
        """Sets loss (0 to 1), delay (seconds), rate (bits per second) of directions; else none."""
        for way, what in ((self.up, up or {}), (self.down, down or {})):
            way.loss, way.delay, way.rate = (what.get(name, 0) for name in ("loss", "delay", "rate"))

    def run(self):
        while not self.is_over:
            wait = self.waiting[0][0] - time.monotonic() if self.waiting else 0.02
            for key, _ in self.selector.select(max(0, min(wait, 0.02))):
                self.take(*key.data)
            now = time.monotonic()
            while self.waiting and self.waiting[0][0] <= now:
                _, _, pair, to, data = heapq.heappop(self.waiting)
                self.send(pair, to, data)

    def take(self, pair, side):
        while True:
            try:
                data, source = pair[side].recvfrom(2048)
            except (BlockingIOError, ConnectionRefusedError):
                return
            if side == "near":
                pair["peer"] = source
            way, to = (self.up, "far") if side == "near" else (self.down, "near")
            due = way.due(time.monotonic(), data)
            if due is not None:
                heapq.heappush(self.waiting, (due, next(self.numbers), pair, to, data))

    @staticmethod
    def send(pair, to, data):
        try:
            if to == "far":
                pair["far"].send(data)
            elif pair["peer"]:
                pair["near"].sendto(data, pair["peer"])
        except OSError:
            pass  # What cannot be sent is lost.

    def stop(self):
        self.is_over = True
        self.thread.join()
