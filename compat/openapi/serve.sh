#!/usr/bin/env bash
# Runs a command beside a server that has what the examples of its document name, and ends it.
#
#   compat/openapi/serve.sh OUT COMMAND [WORD ...]        BASE in the command's environment is the server's URL
#
# ZSERVER=path is the server; else it is built. It is one of its own, over a directory that is removed: a role that is
# no superuser (`fuzz`, password `fuzz`), which owns its database `fuzz`; HTTP jobs go to no host. Its log is in OUT.
# Fails when the command does, when the server ends before, or when something in it panics.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
out=$1
shift

if [ -z "${ZSERVER:-}" ]; then
    ZSERVER=$(cd "$root" && source .ci/env && cargo build --quiet --locked && echo "$CARGO_TARGET_DIR/debug/zserver")
fi

mkdir -p "$out"
data=$(mktemp -d)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export ZSERVER_PASSWORD=top ZSERVER_AUTH_LOGIN_FAILURES=1000000 ZSERVER_JOBS_HTTP_HOSTS=nowhere.invalid
export ZSERVER_RTC_CONNECT_TIMEOUT=12h
export ZSERVER_HTTP_TRANSACTION_IDLE_TIMEOUT=2s ZSERVER_HTTP_RATE_ADMIN=0 ZSERVER_HTTP_RATE_USER=0
"$ZSERVER" serve --data "$data/zs" --pg-listen 127.0.0.1:0 --http-listen "127.0.0.1:$port" > "$out/server.out" 2> "$out/server.log" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$data"' EXIT
export BASE=http://127.0.0.1:$port
for _ in $(seq 100); do
    curl -fs "$BASE/readyz" > /dev/null && break
    sleep 0.2
done

sql() { # DATABASE STATEMENT
    python3 -c 'import json, sys; print(json.dumps({"query": sys.argv[1]}))' "$2" |
        curl -fsS -u postgres:top -H "Zserver-Database: $1" "$BASE/api/v1/sql" -d @- > /dev/null
}
fuzz() { curl -fsS -u fuzz:fuzz "$@" > /dev/null; }

sql postgres "CREATE ROLE fuzz LOGIN PASSWORD 'fuzz'"
sql postgres "CREATE DATABASE fuzz OWNER fuzz"
for extension in auth collections events files http jobs rtc sagas; do
    sql fuzz "CREATE EXTENSION IF NOT EXISTS $extension CASCADE"
done
sql fuzz "GRANT INSERT ON files.buckets TO fuzz"
sql fuzz "GRANT INSERT, UPDATE ON jobs.queue TO fuzz"
sql fuzz "GRANT CREATE ON SCHEMA collections TO fuzz"
sql fuzz "CREATE TABLE orders (id int PRIMARY KEY)"
sql fuzz "ALTER TABLE orders OWNER TO fuzz"
sql fuzz "SELECT events.watch('orders')"
# What the examples of the document name.
fuzz "$BASE/api/v1/collections" -d '{"name": "items", "vectors": {"size": 3, "distance": "cosine"}}'
fuzz "$BASE/api/v1/collections/items/points" -X PUT -d '{"points": [{"id": 1, "vector": [1, 0, 0], "payload": {"city": "Oslo"}}]}'
fuzz -X PUT "$BASE/api/v1/files/docs" -d '{"versioning": true}'
fuzz -T "$root/compat/openapi/serve.sh" "$BASE/api/v1/files/docs/2026/report.pdf"
fuzz "$BASE/api/v1/jobs" -d '{"kind": "mail"}'
fuzz "$BASE/api/v1/schedules" -d '{"name": "nightly", "cron": "30 3 * * *", "kind": "mail"}'
fuzz -X PUT "$BASE/api/v1/sagas/definitions/order" -d '{"steps": [{"name": "take", "kind": "sql", "statement": "select 1"}]}'
fuzz "$BASE/api/v1/sagas" -d '{"definition": "order"}'
fuzz "$BASE/api/v1/rooms" -d '{"name": "lobby"}'
fuzz -X PUT "$BASE/api/v1/files/recordings" -d '{}'
# Somebody is in the room, as long as it is waited for the connection.
token=$(curl -fsS -u fuzz:fuzz "$BASE/api/v1/rooms/lobby/tokens" -d '{"identity": "ada"}' | python3 -c 'import json, sys; print(json.load(sys.stdin)["token"])')
curl -fsS "$BASE/openapi.json" |
    python3 -c 'import json, sys; sys.stdout.write(json.load(sys.stdin)["paths"]["/api/v1/rtc/whip/{room}"]["post"]["requestBody"]["content"]["application/sdp"]["example"])' |
    curl -fsS -H "Authorization: Bearer $token" -H 'Content-Type: application/sdp' --data-binary @- "$BASE/api/v1/rtc/whip/lobby" > /dev/null

status=0
"$@" || status=$?
kill -0 "$server" || { echo "the server has ended: see $out/server.log"; status=1; }
if grep -E "panicked|has panicked" "$out/server.log"; then status=1; fi
exit "$status"
