#!/usr/bin/env python3
"""Calls over bad ways: Chromium sends and is sent, and what the server says of it is compared.

    compat/rtc/netem.py [--zserver=BIN]

A page in a headless Chromium has two participants, who reach the server through a relay in
userspace (`relay.py`) that loses 5 % of packets, lets 500 kbit/s through, and delays by
200 ms each way, one after the other and with nothing in between. Each step prints what was measured;
`ok` or `not ok` says whether

 - audio goes on throughout,
 - the score falls while it is bad, and recovers,
 - loss and round trips agree with Chromium's `getStats()` within 10 %,
 - a lower layer is sent where the way is narrow, and the highest again afterwards.

It needs Chromium (CHROMIUM names it; without it all counts as skipped). Without --zserver
the server is built, with optimizations.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlparse

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "clients"))
import chromium  # noqa: E402
import rooms  # noqa: E402

from relay import Relay  # noqa: E402

ROOM = "netem"
# Since the server measures every two seconds and writes down every ten: long enough for two rows.
PHASE_SECONDS = 24
# Losses are told apart from chance in more of them.
LOSSY_SECONDS = 44
# What is measured in a phase settles first.
SETTLE_SECONDS = 5
# How long the highest layer may take to come back.
RECOVERY_SECONDS = 70
AGREE = 0.10
AUDIO_PACKETS_PER_SECOND = 50


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zserver")
    return parser.parse_args()


def built():
    root = HERE.parents[1]
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=root, check=True)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zserver" / "target"
    return str(Path(os.environ.get("CARGO_TARGET_DIR", cache)) / "release" / "zserver")


class Server:
    def __init__(self, binary, directory):
        words = [binary, "serve", "--dev", "--data", f"{directory}/data", "--pg-listen", "127.0.0.1:0",
                 "--http-listen", "127.0.0.1:0"]
        environment = {**os.environ, "ZSERVER_HTTP_CORS_ORIGINS": "*"}
        self.process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if "HTTP is served" in line:
                self.port = int(line.rsplit(":", 1)[1])
                break
        else:
            sys.exit("the server has not started")
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def token(self, identity):
        status, text = rooms.ask(self.port, "POST", f"/api/v1/rooms/{ROOM}/tokens", {"identity": identity})
        assert status == 201, text
        return json.loads(text)["token"]

    def rows(self, since):
        """What the server has written down of `bea`'s connection, and of what `ada` publishes."""
        found = rooms.sql(self.port, f"""
            SELECT identity, track IS NULL, score, loss, round_trip_ms, rating FROM rtc.quality
            WHERE at > to_timestamp({since}) ORDER BY id""")
        sent = [row for row in found if row[0] == "bea" and row[1]]
        published = [row for row in found if row[0] == "ada" and not row[1]]
        return [Row(row) for row in sent], [Row(row) for row in published]

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Row:
    def __init__(self, row):
        _, _, self.score, self.loss, self.round_trip_ms, self.rating = row


class Page:
    """The program's end of the page: what it asks for, and what it tells."""

    def __init__(self, server, relay, directory):
        self.told = []
        self.error = None
        page = self
        tokens = json.dumps({name: server.token(name) for name in ("ada", "bea")})
        call = f"{(HERE / 'page.js').read_text()}\npage('ws://127.0.0.1:{server.port}', {tokens}).catch((error) => fetch('/told', {{ method: 'POST', body: JSON.stringify({{ error: error.stack }}) }}));"

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                url = urlparse(self.path)
                if url.path == "/relay":
                    self.answer("text/plain", str(relay.through(int(parse_qs(url.query)["port"][0]))))
                else:
                    self.answer("text/html", f"<meta charset=utf-8><body><script>{call}</script>")

            def do_POST(self):
                said = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if "error" in said:
                    page.error = page.error or said["error"]
                else:
                    page.told.append(said)
                self.answer("text/plain", "")

            def answer(self, kind, text):
                body = text.encode()
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.browser = chromium.start(f"{directory}/profile", f"http://127.0.0.1:{self.http.server_address[1]}/")

    def look(self):
        if self.error:
            sys.exit(f"the page has failed: {self.error}")
        return self.told[-1] if self.told else None

    def until(self, what, seconds):
        """Waits until something holds of what was told last; whether it does."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            now = self.look()
            if now and what(now):
                return True
            time.sleep(0.25)
        return False

    def stop(self):
        self.browser.kill()
        self.browser.wait()
        self.http.shutdown()


def streams(told, who, kind, of="inbound-rtp"):
    return [one for one in told[who]["streams"] if one["type"] == of and one["kind"] == kind]


def total(told, name):
    return sum(one.get(name) or 0 for kind in ("audio", "video") for one in streams(told, "bea", kind))


def width(told):
    return max((one.get("frameWidth") or 0 for one in streams(told, "bea", "video")), default=0)


def mean(values):
    values = [value for value in values if value is not None]
    return sum(values) / len(values) if values else None


class Measured:
    """A phase: what Chromium measured, and what the server."""

    def __init__(self, server, page, seconds):
        time.sleep(SETTLE_SECONDS)
        since, before, first = time.time(), page.look(), len(page.told)
        time.sleep(seconds - SETTLE_SECONDS)
        after = page.look()
        during = page.told[first:]
        took = after["at"] - before["at"]
        change = lambda name: total(after, name) - total(before, name)  # noqa: E731
        self.loss = change("packetsLost") / max(1, change("packetsLost") + change("packetsReceived"))
        audio = [streams(told, "bea", "audio")[0]["packetsReceived"] for told in (before, after)]
        self.audio = (audio[1] - audio[0]) / took
        self.round_trip_ms = mean([told["bea"].get("roundTrip") for told in during]) * 1000
        self.bitrate = change("bytesReceived") * 8 / took
        # Of the picture, second by second.
        self.widths = [width(told) for told in during]
        # A row says how the two seconds before it were.
        self.rows, self.published = server.rows(since + 2)
        self.score = mean([row.score for row in self.rows])
        self.server_loss = mean([row.loss for row in self.rows])
        self.server_round_trip_ms = mean([row.round_trip_ms for row in self.rows])

    def tell(self, name):
        shown = lambda value, form: "-" if value is None else format(value, form)  # noqa: E731
        print(f"{name}: score {shown(self.score, '.1f')} of {len(self.rows)} rows; loss {self.loss * 100:.2f} % "
              f"(the server: {shown(self.server_loss and self.server_loss * 100, '.2f')} %); round trip "
              f"{self.round_trip_ms:.1f} ms (the server: {shown(self.server_round_trip_ms, '.1f')} ms); audio "
              f"{self.audio:.1f} packets/s; video {self.wide()} wide; {self.bitrate / 1000:.0f} kbit/s", flush=True)

    def wide(self):
        """Widths and for how many seconds, one after the other."""
        groups = ((value, len(list(group))) for value, group in itertools.groupby(self.widths))
        return ", ".join(f"{value} ({seconds} s)" for value, seconds in groups)


class Checks:
    def __init__(self):
        self.failed = 0

    def check(self, name, holds):
        print(f"{'ok' if holds else 'not ok'} {name}", flush=True)
        self.failed += not holds


def agree(one, other):
    return one is not None and other is not None and abs(one - other) <= AGREE * max(abs(one), abs(other))


def trial(server, page, relay, checks):
    is_seen = lambda told: width(told) >= 1280 and total(told, "packetsReceived") > 300  # noqa: E731
    checks.check("the highest layer is seen", page.until(is_seen, 60))

    def phase(name, seconds=PHASE_SECONDS, **ways):
        relay.impair(**ways)
        measured = Measured(server, page, seconds)
        measured.tell(name)
        checks.check(f"{name}: audio goes on", measured.audio > AUDIO_PACKETS_PER_SECOND * 0.8)
        return measured

    clean = phase("nothing")
    checks.check("nothing: excellent", clean.score is not None and clean.score > 80)
    # On the way down only: what is lost of audio on the way up is lost to whom it is sent, too.
    lossy = phase("5 % lost", LOSSY_SECONDS, down={"loss": 0.05})
    checks.check("5 % lost: the score falls", lossy.score is not None and lossy.score < clean.score - 20)
    checks.check("5 % lost: loss agrees", agree(lossy.loss, lossy.server_loss))
    again = phase("nothing after loss")
    checks.check("nothing after loss: the score has recovered", again.score is not None and again.score > 80)
    comes_back(checks, page, "nothing after loss")
    narrow = phase("500 kbit/s", down={"rate": 500_000})
    lower = [value for value in narrow.widths if 0 < value < 1280]
    checks.check("500 kbit/s: a lower layer is sent, most of the time", len(lower) > len(narrow.widths) / 2)
    relay.impair()
    comes_back(checks, page, "nothing after 500 kbit/s")
    late = phase("200 ms each way", up={"delay": 0.2}, down={"delay": 0.2})
    checks.check("200 ms each way: the score falls", late.score is not None and late.score < clean.score - 5)
    checks.check("200 ms each way: round trips agree", agree(late.round_trip_ms, late.server_round_trip_ms))


def comes_back(checks, page, name):
    """Checks that the highest layer is seen again, unless the page itself does not send it."""
    begun = time.monotonic()
    is_back = page.until(lambda told: width(told) >= 1280, RECOVERY_SECONDS)
    print(f"the highest layer is {'' if is_back else 'not '}there after {time.monotonic() - begun:.0f} s", flush=True)
    reason = None if is_back else unsent(page)
    if reason:
        print(f"skipped {name}: the highest layer is seen: Chromium does not send it ({reason})", flush=True)
    else:
        checks.check(f"{name}: the highest layer is seen", is_back)


def unsent(page):
    """Why Chromium has not sent the highest layer of late; none if it has."""
    highest = [[one for one in streams(told, "ada", "video", "outbound-rtp") if one.get("rid") == "f"] for told in page.told[-10:]]
    highest = [found[0] for found in highest if found]
    is_sent = len(highest) > 1 and highest[-1]["packetsSent"] > highest[0]["packetsSent"] + 20
    return None if is_sent else highest[-1].get("qualityLimitationReason") if highest else "none"


def main():
    words = arguments()
    if not chromium.binary():
        print("skipped: there is no Chromium")
        return 0
    checks = Checks()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        server = Server(words.zserver or built(), directory)
        relay, page = Relay(), None
        try:
            rooms.sql(server.port, "create extension if not exists rtc cascade")
            status, text = rooms.ask(server.port, "POST", "/api/v1/rooms", {"name": ROOM})
            assert status == 201, text
            page = Page(server, relay, directory)
            trial(server, page, relay, checks)
        finally:
            if page:
                page.stop()
            relay.stop()
            server.stop()
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
