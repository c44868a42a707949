#!/usr/bin/env python3
"""Looks for SQL injection with sqlmap, in every route that takes no SQL.

    compat/security/sqlmap.py [--only TEXT] [--level N] [--risk N]

For each operation of the server's own document a request is written with marks where something of the caller's goes in:
parts of the path, of the query, described headers, strings of the body's example. `MORE` has bodies with names and
filters that the examples are without, and routes of others' protocols. sqlmap tries each mark with its tests for
PostgreSQL: errors, true and false, unions, several statements, waits.

Fails when sqlmap finds something, when an answer is a server's error, or when a request was not tried to its end. That
it would find something is shown first, by a statement that is put together of what is given to `/api/v1/sql`.

ZSERVER=path is the server (compat/openapi/serve.sh starts it); what sqlmap says of each request is in
/tmp/zserver-sqlmap. The tests stay within what does not change rows by default (risk 1); DELETE comes last.
"""

import argparse
import base64
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUT = Path("/tmp/zserver-sqlmap")
LIMIT_SECONDS = 900
TOGETHER = 2
# SQL is what these are for; others' protocols are in MORE, for the document says nothing of their bodies.
OUTSIDE = {"sql", "qdrant", "neon", "tus", "livekit"}
# Streams without an end, where what they name is there.
STREAMS = {"changes": {"table": "nothing"}, "notifications": None, "job_events": {"id": "999999"}, "socket": None, "rtc_socket": None}
# Statements by design; headers that sqlmap leaves out, or that answer for the request before.
UNMARKED = {"statement", "Idempotency-Key", "Zserver-Database", "If-None-Match", "If-Modified-Since"}
VALUES = {
    "id": "1", "after": "0", "before": "100", "limit": "10", "queue": "default", "kind": "mail", "state": "available",
    "definition": "order", "prefix": "2026", "delimiter": "/", "version": "1", "key": "city", "file": "page.css", "room": "lobby", "identity": "ada", "track": "TR_x",
}
# Ids of another kind than VALUES has.
IDS = {f"{verb}_{noun}": "00000000-0000-0000-0000-000000000000" for verb in ["show", "stop", "change", "whep", "delete"] for noun in ["recording", "playback"]}
PATHS = {"collections": "items", "queues": "default", "schedules": "nightly", "definitions": "order", "steps": "take"}
POINTS = "/api/v1/collections/items/points"
MORE = [
    ("POST", f"{POINTS}/search", {
        "query": [1, 0, 1], "using": "*", "with_payload": ["city*"],
        "filter": {"must": [{"key": "city*", "match": {"any": ["Oslo*", "Rome"]}}, {"column": "id*", "range": {"gte": 0}}]}}),
    ("POST", f"{POINTS}/scroll", {"filter": {"should": [{"key": "city*", "match": {"value": "Oslo*"}}]}, "order_by": {"key": "city*"}}),
    ("POST", f"{POINTS}/count", {"filter": {"must_not": [{"key": "a[].b*", "match": {"value": "x*"}}, {"has_id": ["1*"]}]}}),
    ("POST", f"{POINTS}/facet", {"key": "city*", "filter": {"must": [{"key": "city*", "match": {"value": "Oslo*"}}]}}),
    ("POST", f"{POINTS}/payload", {"ids": [1], "change": {"set": {"members": {"city": "Oslo*"}, "key": "x*"}}}),
    ("POST", f"{POINTS}/payload", {"ids": [1], "change": {"delete": ["x*"]}}),
    ("POST", f"{POINTS}/vectors", {"ids": [1], "delete": ["small*"]}),
    ("PUT", POINTS, {"points": [{"id": 1, "vector": {"*": [1, 0, 0]}, "payload": {"city": "Oslo*"}, "columns": {"price*": "1*"}}]}),
    ("PATCH", "/api/v1/collections/items", {"add_vectors": {"v*": {"size": 2, "distance": "cosine*"}}, "drop_vectors": ["w*"]}),
    ("POST", "/api/v1/collections", {"name": "t*", "columns": [{"name": "price*", "type": "numeric*"}]}),
    ("POST", "/api/v1/jobs", {"kind": "mail*", "queue": "default*", "unique_key": "k*", "run_at": "2030-01-01*"}),
    ("POST", "/api/v1/jobs", {"kind": "function", "payload": {"function": "now*", "args": ["x*"]}}),
    ("POST", "/api/v1/webhooks", {"table": "orders*", "url": "https://nowhere.invalid/*", "ops": ["insert*"], "description": "d*"}),
    ("GET", "/api/v1/jobs?queue=default*&kind=mail*&state=available*&before=100*&limit=5*", None),
    ("GET", "/collections/items*/points/1*", None),
    ("POST", "/collections/items/points/search", {"vector": [1, 0, 0], "limit": 3, "filter": {"must": [{"key": "city*", "match": {"value": "Oslo*"}}]}}),
    ("POST", "/collections/items/points/scroll", {"limit": 3, "filter": {"must": [{"key": "city*", "match": {"text": "Os*"}}]}, "order_by": "city*"}),
    ("POST", "/collections/items/points/query/groups", {"query": [1, 0, 0], "group_by": "city*", "limit": 3}),
    ("POST", "/api/v1/rooms", {"name": "hall*", "role": "fuzz*", "metadata": "m*"}),
    ("POST", "/api/v1/rooms/lobby/tokens", {"identity": "ada*", "name": "Ada*", "metadata": "m*", "attributes": {"a*": "b*"}, "grants": {"canPublish*": "x*"}}),
    ("PUT", "/collections/items/index", {"field_name": "k*", "field_schema": "keyword*"}),
    ("POST", "/collections/aliases", {"actions": [{"create_alias": {"collection_name": "items*", "alias_name": "a*"}}]}),
]
# Headers of tus: bucket and name in base64, so that what stands there cannot be marked; the query can.
TUS = ("POST", "/files?bucket=docs*&name=x*", {"Tus-Resumable": "1.0.0", "Upload-Length": "5"})
# What sqlmap has to find.
CONTROL = ("POST", "/api/v1/sql", {"query": "select id from orders where id = 0 or 'x' = 'x*'"})


def marked(value, name=""):
    """The strings of a body, marked."""
    if isinstance(value, dict):
        return {key: marked(member, key) for key, member in value.items()}
    if isinstance(value, list):
        return [marked(member, name) for member in value]
    if isinstance(value, str) and name not in UNMARKED:
        # A star of the example's own would be a mark.
        return value.replace("*", "1") + "*"
    return value


def operations(document):
    """(name, method, path with marks, headers, body) of each operation that is tried."""
    shared = document["components"].get("parameters", {})
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if not isinstance(operation, dict) or OUTSIDE & set(operation.get("tags", [])):
                continue
            name = operation["operationId"]
            if name in STREAMS and STREAMS[name] is None:
                continue
            own = {**VALUES, **STREAMS.get(name, {}), **({"id": IDS[name]} if name in IDS else {})}
            asked = operation.get("parameters", []) + methods.get("parameters", [])
            asked = [shared[one["$ref"].rsplit("/", 1)[1]] if "$ref" in one else one for one in asked]
            query, headers, marks = [], {}, 0
            for one in asked:
                value = str(own.get(one["name"], one.get("example", "x"))).replace("*", "1")
                if one["name"] in UNMARKED:
                    continue
                if one["in"] == "query":
                    query.append(f"{one['name']}={value}*")
                elif one["in"] == "header":
                    headers[one["name"]] = value + "*"
                marks += 1
            body = None
            for kind, content in ((operation.get("requestBody") or {}).get("content") or {}).items():
                headers["Content-Type"] = "application/octet-stream" if kind == "*/*" else kind
                body = marked(content.get("example", {}))
            # A query with all of it would be refused for one of them: each is tried by itself.
            place = filled(path, own)
            if "*" in place + json.dumps(body) + str(headers):
                yield name, method.upper(), place, headers, body
            for at, part in enumerate(query):
                yield f"{name}-query-{at}", method.upper(), f"{place.replace('*', '')}?{part}", {}, None


def filled(path, values):
    """The path with names of things that are there, each marked."""
    before = ""
    parts = []
    for part in path.split("/"):
        name = re.fullmatch(r"\{(\w+)\}", part)
        if name and name[1] == "name" and before == "{bucket}":
            parts.append("2026/report.pdf*")
        elif name:
            known = {"bucket": "docs", "channel": "c", "table": "orders"}
            parts.append((PATHS.get(before) if name[1] == "name" else None) or values.get(name[1]) or known.get(name[1], "x"))
            parts[-1] += "*"
        else:
            parts.append(part)
        before = part
    return "/".join(parts)


def written(host, name, method, path, headers, body):
    """A file with the request as sqlmap reads it."""
    proof = base64.b64encode(b"fuzz:fuzz").decode()
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Authorization: Basic {proof}", "Zserver-Database: fuzz"]
    lines += [f"{key}: {value}" for key, value in headers.items()]
    if body is not None and "Content-Type" not in headers:
        lines.append("Content-Type: application/json")
    file = OUT / f"{name}.request"
    text = "" if body is None else body if isinstance(body, str) else json.dumps(body)
    file.write_text("\r\n".join(lines) + "\r\n\r\n" + text)
    return file


def tried(file, level, risk):
    """What sqlmap says of a request: (its last words, what is wrong or nothing, whether it has found something)."""
    place = OUT / file.stem
    words = [
        "sqlmap", "-r", file, "--batch", "--flush-session", "--dbms=PostgreSQL", f"--level={level}", f"--risk={risk}",
        "--ignore-code=*", "--time-sec=3", "--timeout=20", "--retries=1", "--disable-coloring", "--skip-waf", "--ignore-stdin",
        "--output-dir", place, "--param-exclude=^(User-Agent|Referer|Host|Cookie)$", "--answers=follow=N,redirect=N",
    ]
    try:
        done = subprocess.run(
            [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=LIMIT_SECONDS,
        )
        said = done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as hung:
        said = (hung.stdout or b"").decode(errors="replace")
        (OUT / f"{file.stem}.log").write_text(said)
        return said, f"not at its end after {LIMIT_SECONDS} s", False
    (OUT / f"{file.stem}.log").write_text(said)
    is_found = "injection point(s)" in said or any(log.stat().st_size for log in place.glob("*/log"))
    if is_found:
        return said, "an injection", True
    # What is not supported is 501, what is used up 503: both are described.
    broken = re.findall(r"\b(5(?!01|03)\d\d) \([^)]*\) - \d+ times", said)
    if broken:
        return said, f"answers of {', '.join(sorted(set(broken)))}", False
    if "all tested parameters do not appear to be injectable" not in said:
        return said, "not tried to its end", False
    return said, None, False


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help="operations whose name holds this")
    parser.add_argument("--level", type=int, default=2)
    parser.add_argument("--risk", type=int, default=1)
    arguments = parser.parse_args()
    if not shutil.which("sqlmap"):
        sys.exit("sqlmap is not here")
    if "BASE" not in os.environ:
        # Started by hand: with a server of its own.
        shutil.rmtree(OUT, ignore_errors=True)
        serve = HERE.parent / "openapi" / "serve.sh"
        os.execv(serve, [str(serve), str(OUT), sys.executable, str(Path(__file__).resolve()), *sys.argv[1:]])
    host = os.environ["BASE"].removeprefix("http://")
    with urllib.request.urlopen(f"{os.environ['BASE']}/openapi.json") as answer:
        document = json.load(answer)
    _, _, is_found = tried(written(host, "control", CONTROL[0], CONTROL[1], {}, CONTROL[2]), arguments.level, arguments.risk)
    if not is_found:
        sys.exit("sqlmap does not find what is there: see /tmp/zserver-sqlmap/control.log")
    print("ok control: a statement that is put together is found")
    requests = list(operations(document))
    requests += [(f"more-{at}", method, path, {}, body) for at, (method, path, body) in enumerate(MORE)]
    requests.append(("tus", TUS[0], TUS[1], TUS[2], None))
    requests = [request for request in requests if arguments.only in request[0]]
    # What is removed is not there for others.
    requests.sort(key=lambda request: request[1] == "DELETE")
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
        files = [written(host, *request) for request in requests]
        results = pool.map(lambda file: tried(file, arguments.level, arguments.risk), files)
        for (name, method, path, _, _), (_, wrong, _) in zip(requests, results):
            print(f"{'not ok' if wrong else 'ok'} {name}: {method} {path}{': ' + wrong if wrong else ''}", flush=True)
            failed += wrong is not None
    print(f"{len(requests)} requests, {failed} failed; see {OUT}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
