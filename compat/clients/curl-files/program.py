"""curl against files over HTTP."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tap import finish, http_step  # noqa: E402

PORT = os.environ.get("ZSERVER_HTTP_PORT")
step = http_step(PORT)
BASE = f"http://127.0.0.1:{PORT}"
FILES = f"{BASE}/api/v1/files"
SCRATCH = tempfile.TemporaryDirectory()
DATA = os.urandom(2_000_000)
HERE = Path(SCRATCH.name)


def curl(*words, check=True, signed=False):
    who = [] if signed else ["-u", "postgres:", "-H", "Zserver-Database: postgres"]
    done = subprocess.run(["curl", "-sS", *who, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert not check or done.returncode == 0, done.stderr.decode()
    return done.stdout


def status(*words, **options):
    return curl("-o", os.devnull, "-w", "%{http_code}", *words, **options).decode()


if PORT:
    (HERE / "data").write_bytes(DATA)
    assert status("-X", "PUT", f"{FILES}/c") == "201"


@step("a file, and a pipe of no known length")
def _():
    assert status("-T", HERE / "data", f"{FILES}/c/x.bin") == "201"
    piped = subprocess.run(
        ["curl", "-sS", "-u", "postgres:", "-H", "Expect: 100-continue", "-T", "-", f"{FILES}/c/piped"], input=DATA, stdout=subprocess.PIPE, check=True
    )
    assert json.loads(piped.stdout)["size"] == len(DATA)
    for name in ["x.bin", "piped"]:
        assert curl(f"{FILES}/c/{name}") == DATA


@step("ranges")
def _():
    assert curl("-r", "100-199", f"{FILES}/c/x.bin") == DATA[100:200]
    assert curl("-r", "-10", f"{FILES}/c/x.bin") == DATA[-10:]
    several = curl("-r", "0-9,1000-1009", f"{FILES}/c/x.bin")
    assert DATA[:10] in several and DATA[1000:1010] in several and len(several) < 1_000
    assert status("-r", "2000000-", f"{FILES}/c/x.bin") == "416"


@step("a download that goes on")
def _():
    (HERE / "part").write_bytes(DATA[:777_777])
    curl("-C", "-", "-o", HERE / "part", f"{FILES}/c/x.bin")
    assert (HERE / "part").read_bytes() == DATA


@step("conditions")
def _():
    curl("--etag-save", HERE / "etag", "-o", HERE / "got", f"{FILES}/c/x.bin")
    assert status("--etag-compare", HERE / "etag", f"{FILES}/c/x.bin") == "304"
    assert status("-z", HERE / "got", f"{FILES}/c/x.bin") in ("200", "304")
    assert status("-z", "2001-01-01", f"{FILES}/c/x.bin") == "200"
    assert status("-T", HERE / "data", "-H", "If-None-Match: *", f"{FILES}/c/x.bin") == "412"


@step("names and headers")
def _():
    curl("-T", HERE / "data", "-H", "Content-Type: image/png", f"{FILES}/c/a%20b/%C3%A9.png")
    head = curl("-I", f"{FILES}/c/a%20b/%C3%A9.png").decode().lower()
    assert "content-length: 2000000" in head and "content-type: image/png" in head
    curl("-OJ", "--output-dir", HERE, f"{FILES}/c/x.bin")
    assert (HERE / "x.bin").read_bytes() == DATA
    assert status("--path-as-is", "-T", HERE / "data", f"{FILES}/c/../../etc/passwd") in ("400", "404", "405")


@step("signed URLs")
def _():
    url = json.loads(curl("-X", "POST", f"{FILES}/c/x.bin?sign"))["url"]
    assert curl(BASE + url, signed=True) == DATA
    assert status("-X", "DELETE", BASE + url, signed=True) == "403"
    assert status(f"{FILES}/c/x.bin", signed=True) == "401"


finish()
