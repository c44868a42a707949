#!/usr/bin/env bash
# SQL over HTTP beside the PostgreSQL protocol, on one server, client included: point reads
# and durable inserts of one row, requests per second.
#
#   compat/bench/http.sh [seconds a run, default 10] [clients, default 16]
#
# wrk sends the requests, with one thread; pgbench the same statements, prepared, from as
# many clients. With ZSERVER naming a binary nothing is built.
source "$(dirname "$0")/servers.sh"
need_packages wrk
seconds=${1:-10}
clients=${2:-16}
rows=100000
export ZSERVER_HTTP_LISTEN=127.0.0.1:${ZS_HTTP_PORT:-5535} ZSERVER_HTTP_POOL_SESSIONS=$clients
start_zserver
url=http://$ZSERVER_HTTP_LISTEN/api/v1/sql

on_zserver -c 'CREATE TABLE points (id int PRIMARY KEY, name text)' \
    -c "INSERT INTO points SELECT g, 'name ' || g FROM generate_series(1, $rows) g" \
    -c 'CREATE TABLE log (id bigserial PRIMARY KEY, a int)' -c 'ANALYZE points'

# A request with a random parameter, and how many were not answered by 200.
script() {
    cat >"$work/$1.lua" <<LUA
wrk.method = "POST"
wrk.headers["Authorization"] = "Basic cG9zdGdyZXM6"
local failed = 0
function request()
    return wrk.format(nil, nil, nil, '{"query": "$2", "params": [' .. math.random(1, $rows) .. ']}')
end
function response(status)
    if status ~= 200 then failed = failed + 1 end
end
function done(summary)
    local errors = summary.errors
    io.write(string.format("rate %.0f\nerrors %d\n", summary.requests / (summary.duration / 1e6),
        errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
LUA
}
script read 'select name from points where id = $1'
script insert 'insert into log (a) values ($1)'
echo "\\set id random(1, $rows)
SELECT name FROM points WHERE id = :id" >"$work/read.sql"
echo "\\set id random(1, $rows)
INSERT INTO log (a) VALUES (:id)" >"$work/insert.sql"

over_http() {
    wrk -t 1 -c "$clients" -d "$seconds" -s "$work/$1.lua" "$url" >"$work/wrk.out" 2>&1
    local errors
    errors=$(sed -n 's/^errors //p' "$work/wrk.out")
    [ "$errors" = 0 ] || { echo "$errors requests failed" >&2; cat "$work/wrk.out" >&2; exit 1; }
    sed -n 's/^rate //p' "$work/wrk.out"
}
over_protocol() {
    "$PG_BIN/pgbench" -n -h 127.0.0.1 -p "$ZS_PORT" -U postgres -M prepared -c "$clients" -j 1 -T "$seconds" \
        -f "$work/$1.sql" postgres 2>/dev/null | sed -n 's/^tps = \([0-9]*\).*/\1/p'
}

printf '%-16s %12s %12s %8s\n' "$clients clients" HTTP/s protocol/s ratio
for what in read insert; do
    http=$(over_http $what)
    protocol=$(over_protocol $what)
    awk -v w="$what" -v h="$http" -v p="$protocol" 'BEGIN { printf "%-16s %12d %12d %8.2f\n", w, h, p, h / p }'
done
counted=$(on_zserver -At -c 'SELECT count(*) FROM log')
echo "$counted rows were inserted"
