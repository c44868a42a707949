"""What programs of rooms need besides their client: statements, a key, whether a token is good."""

import base64
import json
import urllib.error
import urllib.request

HEADERS = {"Authorization": "Basic " + base64.b64encode(b"postgres:").decode(), "Zserver-Database": "postgres"}


def ask(port, method, path, body=None, headers=HEADERS):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode()


def sql(port, query):
    """The rows of a statement."""
    status, text = ask(port, "POST", "/api/v1/sql", {"query": query})
    assert status == 200, text
    return json.loads(text)["results"][0].get("rows", [])


def key(port):
    """A key of an application: its id and its secret."""
    sql(port, "create extension if not exists rtc cascade")
    [[id, secret]] = sql(port, "select id, secret from rtc.create_key('compat')")
    return id, secret


def validate(port, token):
    return ask(port, "GET", f"/rtc/validate?access_token={token}", headers={})
