#!/usr/bin/env bash
# Unmodified clients against a server with SCRAM and TLS:
# psycopg 3, asyncpg, node-postgres, JDBC (Debian's driver) and libpq's psql.
#
#   compat/clients/run.sh [--postgres] [client ...]
#
# Each connects with a password over TLS, and checks types in both directions,
# transactions, errors, COPY where it has it, and 100,000 rows streamed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
source "$root/.ci/env"
need_commands openssl=openssl psql=postgresql-client-15 python3=python3 node=nodejs npm=npm javac=default-jdk-headless
need_packages libpostgresql-jdbc-java
work=$(mktemp -d)
chmod 755 "$work"
export PGHOST=127.0.0.1 PGPORT=${PGPORT:-5544} PGUSER=postgres PGDATABASE=postgres PGPASSWORD=client-test PGSSLMODE=require
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
    -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null

start_zserver() {
    cat >"$work/zserver.toml" <<TOML
ssl_cert_file = "$work/cert.pem"
ssl_key_file = "$work/key.pem"
TOML
    (cd "$root" && cargo build --quiet)
    ZSERVER_PASSWORD=$PGPASSWORD "$CARGO_TARGET_DIR/debug/zserver" serve --config "$work/zserver.toml" \
        --data "$work/data" --pg-listen "$PGHOST:$PGPORT" >"$work/out" 2>"$work/err" &
    server=$!
    until grep -qs ready "$work/out"; do
        kill -0 $server || { cat "$work/err" >&2; exit 1; }
        sleep 0.1
    done
}

# The same programs against PostgreSQL 15: what they expect is what it does.
start_postgres() {
    need_packages postgresql-15
    echo "$PGPASSWORD" >"$work/password"
    chown -R postgres "$work"
    setpriv --reuid=postgres --regid=postgres --clear-groups /usr/lib/postgresql/15/bin/initdb -D "$work/data" \
        -U postgres --locale=C.UTF-8 -E UTF8 -A scram-sha-256 --pwfile "$work/password" >/dev/null
    setpriv --reuid=postgres --regid=postgres --clear-groups /usr/lib/postgresql/15/bin/postgres -D "$work/data" \
        -p "$PGPORT" -c unix_socket_directories= -c ssl=on -c ssl_cert_file="$work/cert.pem" \
        -c ssl_key_file="$work/key.pem" >"$work/out" 2>"$work/err" &
    server=$!
    until psql -X -c '' 2>/dev/null; do
        kill -0 $server || { cat "$work/err" >&2; exit 1; }
        sleep 0.1
    done
}

trap 'kill -TERM ${server:-} 2>/dev/null; wait ${server:-} 2>/dev/null || true; rm -rf "$work"' EXIT
if [ "${1:-}" = --postgres ]; then
    shift
    start_postgres
else
    start_zserver
fi

failed=0
passed=0
check() {
    local name=$1
    shift
    if "$@" >"$work/$name.log" 2>&1; then
        echo "ok      $name"
        passed=$((passed + 1))
    else
        echo "FAILED  $name"
        tail -25 "$work/$name.log"
        failed=$((failed + 1))
    fi
}

client_psql() { psql -X -v ON_ERROR_STOP=1 -f "$here/psql.sql"; }
client_psycopg() {
    python3 -m venv "$work/psycopg" && "$work/psycopg/bin/pip" install --quiet 'psycopg[binary]'
    "$work/psycopg/bin/python" "$here/psycopg_client.py"
}
client_asyncpg() {
    python3 -m venv "$work/asyncpg" && "$work/asyncpg/bin/pip" install --quiet asyncpg
    "$work/asyncpg/bin/python" "$here/asyncpg_client.py"
}
client_node() {
    cp "$here/node_client.mjs" "$work/" && cd "$work"
    npm install --silent --no-audit --no-fund pg pg-query-stream pg-copy-streams >/dev/null
    node node_client.mjs
}
client_jdbc() {
    javac -cp /usr/share/java/postgresql.jar -d "$work" "$here/JdbcClient.java" &&
        java -cp "$work:/usr/share/java/postgresql.jar" JdbcClient
}

for name in "${@:-psql psycopg asyncpg node jdbc}"; do
    for one in $name; do check "$one" "client_$one"; done
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
