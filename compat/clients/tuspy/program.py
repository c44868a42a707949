"""tuspy against the server."""

import base64
import hashlib
import io
import os
import sys
import tempfile
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tap import finish, http_step  # noqa: E402

PORT = os.environ.get("ZSERVER_HTTP_PORT")
step = http_step(PORT)
BASE = f"http://127.0.0.1:{PORT}"
HEADERS = {"Authorization": "Basic " + base64.b64encode(b"postgres:").decode(), "Zserver-Database": "postgres"}


def ask(method, path, data=None):
    request = urllib.request.Request(BASE + path, data=data, method=method, headers=HEADERS)
    with urllib.request.urlopen(request) as answer:
        return answer.read()


def same(path, data):
    assert hashlib.sha256(ask("GET", f"/api/v1/files/{path}")).digest() == hashlib.sha256(data).digest()


if PORT:
    from tusclient import client, exceptions
    from tusclient.storage import filestorage

    ask("PUT", "/api/v1/files/py", b"{}")
    tus = client.TusClient(BASE + "/files", headers=dict(HEADERS))


@step("a file in pieces")
def _():
    data = os.urandom(1_000_000)
    uploader = tus.uploader(file_stream=io.BytesIO(data), chunk_size=200_000, metadata={"bucket": "py", "filename": "a"})
    uploader.upload()
    same("py/a", data)


@step("with checksums")
def _():
    data = os.urandom(500_000)
    options = {"chunk_size": 100_000, "metadata": {"bucket": "py", "filename": "sums"}, "upload_checksum": True}
    tus.uploader(file_stream=io.BytesIO(data), **options).upload()
    same("py/sums", data)


@step("stopped and gone on with")
def _():
    data = os.urandom(900_000)
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "file")
        with open(path, "wb") as file:
            file.write(data)
        options = {
            "chunk_size": 300_000, "store_url": True, "metadata": {"bucket": "py", "filename": "again"},
            "url_storage": filestorage.FileStorage(os.path.join(scratch, "urls")),
        }
        tus.uploader(path, **options).upload_chunk()
        again = tus.uploader(path, **options)
        assert again.offset == 300_000, again.offset
        again.upload()
    same("py/again", data)


@step("what is refused")
def _():
    try:
        tus.uploader(file_stream=io.BytesIO(b"x"), metadata={"bucket": "nothing", "filename": "a"}).upload()
    except exceptions.TusCommunicationError as error:
        assert error.status_code == 404, error.status_code
    else:
        raise AssertionError("it was taken")


@step("what the server says of itself")
def _():
    request = urllib.request.Request(BASE + "/files", method="OPTIONS")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 204 and answer.headers["Tus-Version"] == "1.0.0"
        assert "concatenation" in answer.headers["Tus-Extension"]


finish()
