#!/usr/bin/env bash
# Resident memory of zserver while many rows go through one statement: a SELECT that
# streams them, COPY FROM of them in one transaction, COPY TO, and a sort.
#
#   compat/bench/memory.sh [rows, default 10000000]
#
# Prints the peak of each step in MiB. What the server keeps must not grow with the
# rows: the limit that the figures are held against is MEMORY_LIMIT_MIB. The caches of blocks
# and of rows found by key have an eighth of memory each; here they have 256 MB, so that any
# machine measures the same. With ZSERVER naming a binary, that is measured and nothing is built.
set -euo pipefail
rows=${1:-10000000}
limit_mib=${MEMORY_LIMIT_MIB:-2048}
root=$(cd "$(dirname "$0")/../.." && pwd)
port=${ZS_PORT:-5534}
if [ -z "${ZSERVER:-}" ]; then
    source "$root/.ci/env"
    (cd "$root" && cargo build --release --quiet)
    ZSERVER=$CARGO_TARGET_DIR/release/zserver
fi
work=$(mktemp -d)
ZSERVER_BLOCK_CACHE=256MB ZSERVER_POINT_CACHE=256MB "$ZSERVER" serve --dev --data "$work/zs" --pg-listen "127.0.0.1:$port" >"$work/out" 2>"$work/err" &
server=$!
trap 'kill -TERM $server 2>/dev/null; wait $server || true; rm -rf "$work"' EXIT
until grep -q ready "$work/out" 2>/dev/null; do
    kill -0 "$server" || { cat "$work/err" >&2; exit 1; }
    sleep 0.1
done
sql() { psql -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U postgres postgres "$@"; }

worst=0
# The highest resident memory since the step before, by the kernel's count.
step() {
    local name=$1
    shift
    echo 5 >"/proc/$server/clear_refs"
    local began=$SECONDS
    "$@"
    local peak
    peak=$(awk '/VmHWM/ {printf "%d", $2 / 1024}' "/proc/$server/status")
    printf '%-34s %7d MiB %6d s\n' "$name" "$peak" "$((SECONDS - began))"
    [ "$peak" -gt "$worst" ] && worst=$peak
    return 0
}

select_rows() {
    sql -At -c "\\copy (SELECT g, md5(g::text) FROM generate_series(1, $rows) g) TO '$work/rows'"
}
copy_in() {
    sql -c 'BEGIN' -c "\\copy t FROM '$work/rows' (DELIMITER E'\\t')" -c 'COMMIT'
}
scan_rows() { sql -At -c 'SELECT a, b FROM t' --set=FETCH_COUNT=10000 >/dev/null; }

sql -c 'CREATE TABLE t (a bigint PRIMARY KEY, b text)'
printf '%-34s %11s %8s\n' "$rows rows" peak time
step 'nothing' true
step 'SELECT of computed rows' select_rows
step 'COPY FROM in one transaction' copy_in
step 'SELECT of the table' scan_rows
step 'COPY TO' sql -c "\\copy t TO '/dev/null'"
step 'SELECT … ORDER BY' sql -At -o /dev/null -c "SELECT count(*) FROM (SELECT b FROM t ORDER BY b OFFSET 1) s"
step 'INSERT … SELECT' sql -c 'CREATE TABLE u (a bigint, b text)' -c 'INSERT INTO u SELECT a, b FROM t'
step 'DELETE of all rows' sql -c 'DELETE FROM u'
[ "$worst" -le "$limit_mib" ] || { echo "more than $limit_mib MiB" >&2; exit 1; }
