# Sourced by the comparisons: starts PostgreSQL 15 and zserver side by side.
#
# Sets PG_PORT and ZS_PORT; both stop when the script ends. PostgreSQL runs with
# durable commits and shared_buffers at a quarter of memory. With ZSERVER naming a binary
# nothing is built.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/.ci/env"
need_packages postgresql-15 postgresql-contrib
PG_BIN=${PG_BIN:-/usr/lib/postgresql/15/bin}
PG_PORT=${PG_PORT:-5533}
ZS_PORT=${ZS_PORT:-5534}
work=$(mktemp -d)
chmod 755 "$work"

as_postgres() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
    else
        "$@"
    fi
}

start_postgres() {
    mkdir -p "$work/pg"
    [ "$(id -u)" = 0 ] && chown postgres "$work/pg"
    as_postgres "$PG_BIN/initdb" -D "$work/pg/data" -U postgres --locale=C.UTF-8 -E UTF8 -A trust >/dev/null
    local quarter_mb
    quarter_mb=$(($(awk '/MemTotal/ {print $2}' /proc/meminfo) / 4096))
    as_postgres "$PG_BIN/pg_ctl" -w -D "$work/pg/data" -l "$work/pg/log" start -o "-p $PG_PORT \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories=$work/pg \
        -c shared_buffers=${quarter_mb}MB -c fsync=on -c synchronous_commit=on -c max_wal_size=4GB" >/dev/null
}

start_zserver() {
    if [ -z "${ZSERVER:-}" ]; then
        (cd "$root" && cargo build --release --quiet)
        ZSERVER=$CARGO_TARGET_DIR/release/zserver
    fi
    "$ZSERVER" serve --dev --data "$work/zs" \
        --pg-listen "127.0.0.1:$ZS_PORT" >"$work/zs.out" 2>"$work/zs.err" &
    zserver_pid=$!
    until grep -q ready "$work/zs.out" 2>/dev/null; do
        kill -0 "$zserver_pid" || { cat "$work/zs.err" >&2; exit 1; }
        sleep 0.1
    done
}

stop_servers() {
    [ -n "${zserver_pid:-}" ] && kill -TERM "$zserver_pid" 2>/dev/null && wait "$zserver_pid" || true
    [ -d "$work/pg/data" ] && as_postgres "$PG_BIN/pg_ctl" -D "$work/pg/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap stop_servers EXIT

on_postgres() { psql -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$PG_PORT" -U postgres postgres "$@"; }
on_zserver() { psql -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$ZS_PORT" -U postgres postgres "$@"; }
