"""curl against the native API: the README's examples as they stand there, then every operation of the document."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tap import finish, http_step  # noqa: E402

PORT = os.environ.get("ZSERVER_HTTP_PORT")
step = http_step(PORT)
BASE = f"http://127.0.0.1:{PORT}"
ROOT = Path(os.environ.get("ZSERVER_SOURCE") or Path(__file__).resolve().parents[3])
SCRATCH = tempfile.TemporaryDirectory()
HERE = Path(SCRATCH.name)
# Protocols of others have clients of their own.
OTHERS = {"qdrant", "neon", "tus", "livekit"}


def operations():
    """What the document describes: id -> (method, path, operation)."""
    found = {}
    for area in sorted((ROOT / "src/http/openapi").glob("*.json")):
        for path, methods in json.loads(area.read_text()).get("paths", {}).items():
            for method, operation in methods.items():
                if not OTHERS & set(operation["tags"]):
                    found[operation["operationId"]] = (method.upper(), path, operation)
    return found


OPERATIONS = operations()
ASKED = set()


def shell(command):
    environment = {**os.environ, "PGCONNECT_TIMEOUT": "20"}
    return subprocess.run(["bash", "-c", command], cwd=HERE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def psql(database, *statements):
    for statement in statements:
        done = subprocess.run(["psql", "-XqAt", "-d", database, "-c", statement], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == 0, done.stderr.decode()


def ask(operation_id, status, /, body=None, query="", more=(), proof=("-u", "postgres:"), ends=True, **places):
    """One operation by curl; a body is the document's example, unless another one is given. `ends`: or it is a stream."""
    method, path, operation = OPERATIONS[operation_id]
    ASKED.add(operation_id)
    for parameter in operation.get("parameters", []):
        if parameter.get("in") == "path":
            value = places.get(parameter["name"], parameter.get("example"))
            path = path.replace("{%s}" % parameter["name"], str(value))
    words = ["curl", "-sS", "--max-time", "60" if ends else "3", *proof, "-o", HERE / "answer", "-w", "%{http_code} %{content_type}"]
    words += ["-I"] if method == "HEAD" else ["-X", method]
    content = operation.get("requestBody", {}).get("content", {})
    if body is None and content:
        body = next(iter(content.values())).get("example")
    says_type = any(str(word).startswith("Content-Type:") for word in more)
    if content and "*/*" not in content and not says_type:
        words += ["-H", f"Content-Type: {next(iter(content))}"]
    if body is not None:
        words += ["--data-binary", body if isinstance(body, str) else json.dumps(body)]
    done = subprocess.run([*words, *more, BASE + path + query], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    # 28: the time is over.
    assert done.returncode == (0 if ends else 28), f"{method} {path}: {done.stderr.decode()}"
    found, _, kind = done.stdout.decode().partition(" ")
    said = (HERE / "answer").read_bytes()
    assert int(found) == status, f"{method} {path}: {found} {said[:500]!r}"
    told = operation["responses"].get(found, {}).get("content")
    if told:
        kind = kind.split(";")[0]
        assert kind in told or "*/*" in told, f"{method} {path}: {kind}"
    is_json = kind.endswith(("/json", "+json"))
    return json.loads(said) if is_json and method != "HEAD" else said


# The examples of the README, in its order: their hosts, passwords and tokens are filled in.

KNOWN = {}
# curl sends no media, so that nothing is published where it is to play what is.
REFUSED = {"/rtc/whep/": "404"}


def is_stream(command):
    return "curl -N" in command


def filled(command):
    command = command.replace("http://127.0.0.1:8432", BASE).replace("app:…", "app:")
    command = command.replace("eyJ…", KNOWN.get("access_token", "")).replace("zsr_…", KNOWN.get("refresh_token", ""))
    command = command.replace("Last-Event-ID: 1207-31", "Last-Event-ID: 0-0")
    limit = 3 if is_stream(command) else 60
    command = re.sub(r"^curl", f"curl -sS --max-time {limit} -w '\\n%{{http_code}}'", command)
    return command.replace("psql -h 127.0.0.1 -U postgres", "psql")


def examples():
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    for block in blocks:
        if "curl " in block:
            for line in block.splitlines():
                if line.startswith(("curl ", "psql ")):
                    yield line.split("   # ")[0]


def try_example(command):
    done = shell(filled(command))
    said = done.stdout.decode(errors="replace")
    # 28: its time is over.
    assert done.returncode == (28 if is_stream(command) else 0), f"{command}: {done.stderr.decode()} {said}"
    if command.startswith("curl"):
        body, _, status = said.rpartition("\n")
        refused = next((status for part, status in REFUSED.items() if part in command), "2")
        assert status.startswith(refused), f"{command}: {status} {body}"
        if "access_token" in body:
            KNOWN.update(json.loads(body))


if PORT:
    (HERE / "report.pdf").write_bytes(os.urandom(5_000))
    (HERE / "offer.sdp").write_text(OPERATIONS["whip"][2]["requestBody"]["content"]["application/sdp"]["example"], newline="")
    psql("postgres", "CREATE ROLE ann LOGIN", "CREATE ROLE app LOGIN", "CREATE DATABASE app OWNER app", "CREATE TABLE t (a int)")
    psql("app", "CREATE EXTENSION events CASCADE", "CREATE TABLE orders (id int PRIMARY KEY)", "ALTER TABLE orders OWNER TO app", "SELECT events.watch('orders')")

for number, command in enumerate(examples(), 1):
    where = re.search(r":8432/([\w/.-]*)", command)
    step(f"README {number} {where[1] if where else 'psql'}")(lambda command=command: try_example(command))


@step("health and the document")
def _():
    for name in ["live", "ready", "started"]:
        assert ask(name, 200, proof=()).startswith(b"ok")
    assert b"zserver_uptime_seconds" in ask("metrics", 200, proof=())
    document = ask("document", 200, proof=())
    assert document["openapi"] == "3.1.0"
    for name in OPERATIONS:
        method, path, _ = OPERATIONS[name]
        assert method.lower() in document["paths"][path], f"{method} {path}"
    assert b"<title>" in ask("page", 200, proof=())
    assert b"fetch(" in ask("page_file", 200, proof=())
    # With `dev` only, which this server has.
    assert b"<title>" in ask("demo", 200, proof=())
    ask("demo_file", 200, proof=())


@step("statements in four forms")
def _():
    assert ask("run", 200)["results"][0]["rows"] == [[42]]
    for kind, first in [("application/x-ndjson", b'{"columns"'), ("text/csv", b"n\n"), ("application/vnd.apache.arrow.stream", b"\xff\xff\xff\xff")]:
        assert ask("run", 200, more=["-H", f"Accept: {kind}"]).startswith(first), kind
    again = [ask("run", 200, {"query": "select random()"}, more=["-H", "Idempotency-Key: k1"]) for _ in range(2)]
    assert again[0] == again[1]
    assert ask("run", 422, more=["-H", "Idempotency-Key: k1"])["code"] == "23505"
    assert ask("run", 400, {"query": "selec"})["position"] == "1"
    assert ask("socket", 426)["status"] == 426


@step("transactions")
def _():
    made = ask("begin", 201)
    ask("run_in_transaction", 200, {"query": "create table of_transaction (a int)"}, id=made["id"])
    assert ask("show_transaction", 200, id=made["id"])["state"] == "open"
    assert [one["id"] for one in ask("list_transactions", 200)["transactions"]] == [made["id"]]
    assert ask("commit", 200, id=made["id"])["state"] == "committed"
    assert ask("run_in_transaction", 410, id=made["id"])["status"] == 410
    assert ask("roll_back", 200, id=ask("begin", 201)["id"])["state"] == "rolled back"
    assert ask("drop_transaction", 200, id=ask("begin", 201)["id"])["state"] == "rolled back"


@step("sessions, tokens, keys")
def _():
    login = {"role": "postgres", "password": "any", "database": "postgres"}
    tokens = ask("log_in", 200, login, proof=())
    by_token = ("-H", f"Authorization: Bearer {tokens['access_token']}")
    assert ask("me", 200, proof=by_token)["proof"] == "token"
    tokens = ask("refresh", 200, {"refresh_token": tokens["refresh_token"]}, proof=())
    assert tokens["session"] in [one["id"] for one in ask("list_sessions", 200)["sessions"]]
    ask("end_session", 204, id=ask("log_in", 200, login, proof=())["session"])
    ask("revoke", 204, {"refresh_token": tokens["refresh_token"]}, proof=())
    assert ask("me", 401, proof=by_token)["status"] == 401
    key = ask("create_key", 201)
    assert ask("me", 200, proof=("-H", f"api-key: {key['key']}"))["scopes"] == ["sql", "jobs"]
    assert key["id"] in [one["id"] for one in ask("list_keys", 200)["keys"]]
    assert ask("rotate_key", 200, id=key["id"])["key"] != key["key"]
    ask("revoke_key", 204, id=key["id"])
    assert ask("public_keys", 200, proof=())["keys"]


@step("collections and points")
def _():
    name = {"name": "curl"}
    made = ask("create_collection", 201, {"name": "curl", "vectors": {"size": 3, "distance": "cosine"}})
    assert (made["points"], made["ids"]) == (0, "integer")
    assert name in ask("list_collections", 200)["collections"]
    assert ask("put_points", 200, **name) == {"points": 1}
    assert b'"stored":1' in ask("ingest", 200, '{"id": 2, "vector": [0, 1, 1], "payload": {"city": "Rome"}}\n', **name)
    assert ask("show_point", 200, **name)["payload"] == {"city": "Oslo"}
    assert len(ask("get_points", 200, **name)["points"]) == 2
    assert [one["id"] for one in ask("search_points", 200, **name)["points"]] == [1]
    assert len(ask("search_points", 200, {"searches": [{"query": [1, 0, 1]}, {"query": 1}]}, **name)["results"]) == 2
    assert len(ask("group_points", 200, **name)["groups"]) == 2
    page = ask("scroll_points", 200, {"limit": 1}, **name)
    assert ask("scroll_points", 200, {"cursor": page["next"]}, **name)["points"][0]["id"] == 2
    assert ask("count_points", 200, **name) == {"count": 2}
    assert len(ask("facet_points", 200, **name)["hits"]) == 2
    ask("put_index", 204, **name)
    assert ask("show_collection", 200, **name)["indexes"]["city"]["type"] == "keyword"
    ask("drop_index", 204, **name)
    ask("change_payload", 204, **name)
    ask("change_vectors", 204, **name)
    assert ask("change_collection", 200, **name)["metadata"] == {"of": "2026"}
    assert ask("delete_points", 200, **name) == {"points": 1}
    ask("drop_collection", 204, **name)
    assert ask("show_collection", 404, **name)["code"] == "42P01"


@step("files")
def _():
    bucket, file = {"bucket": "curl"}, {"bucket": "curl", "name": "a/b.txt"}
    assert ask("create_bucket", 201, **bucket)["versioning"]
    assert not ask("change_bucket", 200, {"public": False}, **bucket)["public"]
    assert "curl" in [one["name"] for one in ask("list_buckets", 200)["buckets"]]
    version = ask("store_file", 201, "one", **file)["version"]
    ask("store_file", 201, "two", **file)
    assert ask("read_file", 200, **file) == b"two"
    assert ask("read_file", 200, query=f"?version={version}", **file) == b"one"
    assert ask("read_file", 206, more=["-r", "1-"], **file) == b"wo"
    assert len(ask("read_file", 200, query="?versions", **file)["versions"]) == 2
    ask("look_at_file", 200, **file)
    ask("store_or_copy_file", 201, query="?copy=curl/a/b.txt", bucket="curl", name="c")
    signed = ask("store_or_copy_file", 200, query="?sign", **file)["url"]
    assert subprocess.run(["curl", "-fsS", BASE + signed], stdout=subprocess.PIPE, check=True).stdout == b"two"
    assert ask("list_files", 200, query="?delimiter=/", **bucket)["prefixes"] == ["a/"]
    ask("delete_bucket", 409, **bucket)
    for name in ["a/b.txt", "c"]:
        for one in ask("read_file", 200, query="?versions", bucket="curl", name=name)["versions"]:
            ask("delete_file", 204, query=f"?version={one['version']}", bucket="curl", name=name)
    ask("delete_bucket", 204, **bucket)


@step("jobs, workers, queues, schedules")
def _():
    made = ask("submit", 201)
    assert ask("submit", 201) == made, "its key is held"
    assert ask("submit", 201, {"jobs": [{"kind": "mail"}, {"kind": "mail"}]})["ids"]
    jobs = {job["id"]: job for job in ask("claim", 200)["jobs"]}
    job = jobs.pop(made["id"])
    ids = sorted(jobs)
    assert ask("heartbeat", 200, {"lease": job["lease"], "progress": 0.5}, id=job["id"]) == {"cancel_requested": False}
    ask("log_line", 201, id=job["id"])
    ask("complete_job", 204, {"lease": job["lease"], "result": {"sent": True}}, id=job["id"])
    assert len(ask("job_logs", 200, id=job["id"])["logs"]) == 2
    assert b"event: state" in ask("job_events", 200, id=job["id"])
    assert ask("fail_job", 200, {"lease": jobs[ids[0]]["lease"], "error": "no", "retry": False}, id=ids[0]) == {"state": "discarded"}
    assert ask("retry_job", 200, id=ids[0]) == {"state": "available"}
    assert ask("cancel_job", 200, id=ids[0]) == {"state": "cancelled"}
    done = [{"id": ids[1], "lease": jobs[ids[1]]["lease"]}]
    assert ask("complete_batch", 200, {"jobs": done}) == {"ids": [ids[1]]}
    assert ask("show_job", 200, id=ids[1])["state"] == "completed"
    assert len(ask("list_jobs", 200, query="?kind=mail&limit=2")["jobs"]) == 2
    ask("delete_job", 204, id=ids[1])
    assert ask("change_queue", 200) == {"name": "mail", "is_paused": False, "max_running": 5}
    assert ask("pause_queue", 200)["is_paused"] and not ask("resume_queue", 200)["is_paused"]
    assert "mail" in [one["name"] for one in ask("list_queues", 200)["queues"]]
    assert ask("create_schedule", 201)["time_zone"] == "Europe/Berlin"
    assert ask("show_schedule", 200)["cron"] == "30 3 * * *"
    assert ask("pause_schedule", 200)["is_paused"] and not ask("resume_schedule", 200)["is_paused"]
    assert "nightly" in [one["name"] for one in ask("list_schedules", 200)["schedules"]]
    ask("delete_schedule", 204)


@step("sagas")
def _():
    assert ask("define", 200) == {"name": "order"}
    made = ask("start_run", 201)
    assert ask("start_run", 201) == made, "its key was given before"
    for _ in range(100):
        shown = ask("show_run", 200, **made)
        if shown["state"] == "completed":
            break
        subprocess.run(["sleep", "0.1"], check=True)
    assert [one["state"] for one in shown["steps"]] == ["completed", "completed"]
    assert made["id"] in [one["id"] for one in ask("list_runs", 200)["runs"]]
    assert [one["name"] for one in ask("list_definitions", 200)["definitions"]] == ["order"]
    assert ask("cancel_run", 200, **made)["state"]
    assert ask("resolve_step", 409, **made)["code"] == "55000"
    ask("forget", 204)


@step("events and webhooks")
def _():
    psql("postgres", "CREATE EXTENSION IF NOT EXISTS events CASCADE", "CREATE TABLE orders (id int PRIMARY KEY)", "SELECT events.watch('orders')")
    found = ask("watched", 200)
    assert found["tables"] == ["public.orders"] and found["next"] is None
    psql("postgres", "INSERT INTO orders VALUES (7)")
    assert b"event: insert" in ask("changes", 200, query="?after=" + found["position"], ends=False)
    assert ask("notifications", 200, ends=False) is not None
    made = ask("create_webhook", 201, {"table": "orders", "url": "https://nowhere.invalid/"})
    place = {"id": made["id"]}
    assert ask("show_webhook", 200, **place)["table"] == "orders"
    assert ask("change_webhook", 200, **place)["is_paused"]
    assert ask("rotate_webhook", 200, **place)["secret"] != made["secret"]
    assert [one["id"] for one in ask("list_webhooks", 200)["webhooks"]] == [made["id"]]
    ask("delete_webhook", 204, **place)


ROOM_TOKEN = []


def by_token():
    return ("-H", f"Authorization: Bearer {ROOM_TOKEN[0]}")


def come():
    """Somebody comes by WHIP, and is there until the connection is given up. Answers the session and its ETag."""
    assert ask("whip", 201, proof=by_token(), more=["-D", HERE / "head"]).startswith(b"v=0")
    head = (HERE / "head").read_text()
    return re.search(r"(?im)^location: /api/v1/rtc/sessions/(\w+)", head)[1], re.search(r"(?im)^etag: (\S+)", head)[1]


@step("rooms, who is in them, what is said")
def _():
    assert ask("create_room", 201)["name"] == "lobby"
    assert "lobby" in [one["name"] for one in ask("list_rooms", 200)["rooms"]]
    assert ask("change_room", 200)["is_locked"] is False
    ROOM_TOKEN.append(ask("issue_room_token", 201)["token"])
    # A room is alive only while somebody is there.
    assert ask("list_participants", 200) == {"participants": [], "next": None}
    for name in ["say_in_room", "show_participant", "change_participant", "remove_participant", "subscribe_participant", "change_track"]:
        assert ask(name, 404)["code"] == "42704", name
    assert ask("show_room", 200)["live"] is None
    come()
    assert [one["identity"] for one in ask("list_participants", 200)["participants"]] == ["ada"]
    assert ask("show_participant", 200)["state"] == "joined"
    assert ask("change_participant", 200)["name"] == "Ada"
    assert ask("say_in_room", 200) == {"told": 1}
    ask("subscribe_participant", 204)
    # She publishes nothing before her connection stands.
    assert ask("change_track", 404)["code"] == "42704"
    assert ask("show_room", 200)["live"]["participants"] == 1
    ask("remove_participant", 204)
    assert ask("show_participant", 404)["code"] == "42704"
    # Her token is over, too.
    assert ask("whip", 401, proof=by_token())["code"] == "28000"


@step("sessions of WHIP and WHEP, servers of ICE")
def _():
    # A token of the second in which she was removed would be of before.
    ROOM_TOKEN[:] = [ask("issue_room_token", 201, {"identity": "bob"})["token"]]
    session, etag = come()
    ask("change_rtc_session", 204, proof=by_token(), more=["-H", f"If-Match: {etag}"], id=session)
    ask("change_rtc_session", 412, proof=by_token(), more=["-H", 'If-Match: "another"'], id=session)
    ask("change_rtc_session", 428, proof=by_token(), id=session)
    restart = "a=ice-ufrag:other\r\na=ice-pwd:2f1muCWoOi3uLifh0NuRHlQx\r\n"
    assert ask("change_rtc_session", 200, restart, proof=by_token(), more=["-H", "If-Match: *"], id=session).startswith(b"a=ice-ufrag:")
    # It is nobody else's.
    ask("end_rtc_session", 404, id=session)
    ask("end_rtc_session", 200, proof=by_token(), id=session)
    ask("end_rtc_session", 404, proof=by_token(), id=session)
    assert ask("whep", 404)["message"] == 'nothing is published in room "lobby"'
    assert ask("whip", 415, more=["-H", "Content-Type: application/json"])["status"] == 415
    assert ask("whip", 422, "v=0")["status"] == 422
    assert ask("ice_servers", 200)["ice_servers"] == []
    assert ask("check_ice_servers", 200) == {"is_ok": True, "servers": []}
    assert ask("rtc_socket", 426)["status"] == 426


@step("recordings and playbacks")
def _():
    ask("create_bucket", 201, bucket="recordings")
    made = ask("start_recording", 201)
    place = {"id": made["id"]}
    assert made["state"] == "requested" and made["file"] is None
    assert [one["id"] for one in ask("list_recordings", 200)["recordings"]] == [made["id"]]
    ask("stop_recording", 200, **place)
    for _ in range(100):
        shown = ask("show_recording", 200, **place)
        if shown["state"] == "failed":
            break
        subprocess.run(["sleep", "0.1"], check=True)
    # Nobody was there.
    assert shown["state"] == "failed" and shown["error"], shown
    ask("stop_recording", 409, **place)
    # There is nothing to be played.
    ask("whep_recording", 409, **place)
    ask("start_playback", 409, {"recording": made["id"]})
    assert ask("list_playbacks", 200)["playbacks"] == []
    for name in ["show_playback", "change_playback", "stop_playback", "delete_playback", "direct_rtc_playback"]:
        assert ask(name, 404, **place)["status"] == 404, name
    ask("delete_recording", 204, **place)
    ask("show_recording", 404, **place)
    ask("delete_room", 204)
    ask("show_room", 404)


@step("every operation of the document was asked")
def _():
    assert not set(OPERATIONS) - ASKED, sorted(set(OPERATIONS) - ASKED)


finish()
