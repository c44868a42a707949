#!/usr/bin/env python3
"""The OWASP Core Rule Set's own regression cases against this server's rules.

    compat/security/crs.py [--check] [--show RULE]

Of each published rule that `src/http/guard/waf/rules.tsv` names as one with the same purpose, the cases are sent as
they stand, to a server that refuses (`http_waf = block`). What has a body goes to a route whose bodies are looked at.
Three numbers a rule:

- cases that it has to find, and how many are refused here with the thresholds as they are without a word (by a rule, or
  before, as a bad request);
- how many of them some rule here fits at all (`http_waf_threshold = 1`);
- cases that it must not find, and how many are let through here: another rule may refuse one rightly.

The rules here are few and not those of the Core Rule Set at its higher levels, so that less than all is found.
`crs.tsv` beside this has the numbers; `--check` fails when fewer are refused or let through than stand there; without
it the numbers are written anew. `--show RULE` prints what is not found of one.

CRS_DIR=path is a checkout of coreruleset at the tag below; else it is cloned. ZSERVER=path is the server.
"""

import argparse
import base64
import collections
import os
import re
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TAG = "v4.28.0"
NUMBERS = HERE / "crs.tsv"
# Bodies of it are looked at, whatever they are.
WITH_BODY = "/api/v1/auth/login"
TOGETHER = 8


def checkout(scratch):
    if os.environ.get("CRS_DIR"):
        return Path(os.environ["CRS_DIR"])
    url = "https://github.com/coreruleset/coreruleset"
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", "--branch", TAG, url, f"{scratch}/crs"], check=True)
    return Path(scratch) / "crs"


def wanted():
    """The published rules that have one of the same purpose here."""
    text = (ROOT / "src/http/guard/waf/rules.tsv").read_text()
    groups = re.findall(r"\(CRS ([0-9, ]+)\)", text)
    return sorted({int(number) for group in groups for number in group.split(",")})


def cases(directory, rule):
    """(name, request, whether it has to be found) of a rule's cases of one stage."""
    for file in sorted(directory.glob(f"tests/regression/tests/*/{rule}.yaml")):
        document = yaml.safe_load(file.read_text())
        for test in document["tests"]:
            for stage in test["stages"]:
                log = stage["output"].get("log", {})
                if rule in log.get("expect_ids", []):
                    yield f"{rule}-{test['test_id']}", request(stage["input"]), True
                elif rule in log.get("no_expect_ids", []):
                    yield f"{rule}-{test['test_id']}", request(stage["input"]), False


def request(given):
    """The bytes of a request."""
    if "encoded_request" in given:
        return base64.b64decode(given["encoded_request"])
    headers = {str(key): str(value) for key, value in given.get("headers", {}).items()}
    names = {key.lower() for key in headers}
    data = given.get("data")
    data = b"" if data is None else str(data).encode()
    uri = str(given.get("uri", "/"))
    if data:
        uri = WITH_BODY + ("?" + uri.split("?", 1)[1] if "?" in uri else "")
        if given.get("autocomplete_headers", True):
            if "content-type" not in names:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            if "content-length" not in names:
                headers["Content-Length"] = str(len(data))
    headers = {key: value for key, value in headers.items() if key.lower() != "connection"}
    headers["Connection"] = "close"
    # What a request line cannot hold, clients encode.
    uri = uri.replace(" ", "%20")
    lines = [f"{given.get('method', 'GET')} {uri} {given.get('version') or 'HTTP/1.1'}"]
    lines += [f"{key}: {value}" for key, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def status(port, sent):
    """What a server answers; 0 for a connection that is closed without a word."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as stream:
        stream.sendall(sent)
        head = b""
        try:
            while b"\r\n" not in head and (some := stream.recv(4096)):
                head += some
        except ConnectionError:
            pass
    found = re.match(rb"HTTP/1\.[01] ([0-9]{3})", head)
    return int(found[1]) if found else 0


def ask(port, all_cases):
    with ThreadPoolExecutor(TOGETHER) as pool:
        return list(pool.map(lambda case: status(port, case[1]), all_cases))


def is_refused(sent, code, plain):
    """By the rules; or before, as what is no request at all. `plain` is the answer where nothing is judged.

    A body that is no login is 400 whatever is in it.
    """
    is_body = f" {WITH_BODY}".encode() in sent.split(b"\r\n", 1)[0]
    return (code == 403 and plain != 403) or not is_body and code in (0, 400, 413, 414, 431) and plain == code


def serve(threshold, mode):
    """The answers to the cases, of a server with this threshold."""
    environment = {**os.environ, "ZSERVER_HTTP_WAF": mode, "ZSERVER_HTTP_WAF_THRESHOLD": str(threshold)}
    with tempfile.TemporaryDirectory() as scratch:
        answers = Path(scratch) / "answers"
        words = [ROOT / "compat/openapi/serve.sh", "/tmp/zserver-crs", sys.executable, Path(__file__).resolve(), "--within", answers]
        subprocess.run([str(word) for word in words], env=environment, check=True)
        return [int(line) for line in answers.read_text().split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--show", type=int)
    parser.add_argument("--within", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        directory = checkout(scratch)
        os.environ["CRS_DIR"] = str(directory)
        all_cases = [case for rule in wanted() for case in cases(directory, rule)]
        if arguments.within:
            port = int(os.environ["BASE"].rsplit(":", 1)[1])
            arguments.within.write_text("\n".join(map(str, ask(port, all_cases))))
            return
        plain, refused, fits = serve(5, "off"), serve(5, "block"), serve(1, "block")
    numbers = collections.defaultdict(lambda: [0] * 5)
    for (name, sent, has_to), none, code, any_code in zip(all_cases, plain, refused, fits):
        row = numbers[int(name.split("-")[0])]
        if has_to:
            row[0] += 1
            row[1] += is_refused(sent, code, none)
            row[2] += is_refused(sent, any_code, none)
        else:
            row[3] += 1
            row[4] += not is_refused(sent, code, none)
        if arguments.show == int(name.split("-")[0]) and has_to != is_refused(sent, code, none):
            print(f"{name}: {'not found' if has_to else 'refused'} ({code})\n{sent.decode(errors='replace')}\n")
    sys.exit(report(numbers, arguments.check))


def report(numbers, checks):
    lines = [f"{rule}\t" + "\t".join(map(str, row)) for rule, row in sorted(numbers.items())]
    total = [sum(row[at] for row in numbers.values()) for at in range(5)]
    print(f"{len(numbers)} rules, {total[0]} cases to be found: {total[1]} refused, {total[2]} fit a rule; "
          f"{total[3]} cases to be passed over: {total[4]} let through")
    if not checks:
        NUMBERS.write_text("# rule, cases to be found, refused, fit a rule, cases to be passed over, let through\n" + "\n".join(lines) + "\n")
        return 0
    worse = 0
    for line in NUMBERS.read_text().splitlines():
        if line.startswith("#"):
            continue
        rule, *before = map(int, line.split("\t"))
        now = numbers.get(rule, [0] * 5)
        if now[1] < before[1] or now[4] < before[4]:
            print(f"{rule}: {now} now, {before} before")
            worse += 1
    return 1 if worse else 0


if __name__ == "__main__":
    main()
