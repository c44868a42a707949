#!/usr/bin/env bash
# Hours of mixed load: what the server keeps must not grow (goal R7).
#
#   compat/soak.sh [minutes, default 10]
#
# pgbench's transactions, prepared and simple, connections that come and go, analytic
# reads, rollbacks, large updates that go through files, tables made and dropped, failing
# statements. Every 10 seconds a line: resident memory, descriptors, threads, journal and
# store on disk. At the end the slope of memory and of descriptors over the second half is
# held against SLOPE_KIB_MAX (KiB a minute, 1024) and one descriptor a minute. The caches,
# which have an eighth of memory each, have 64 MB here: else they would be filling all the
# time. What is in the journal is in memory, too, until the journal is at its limit and a
# flush empties both: memory is counted without it. With ZSERVER naming a binary nothing is built.
set -euo pipefail
minutes=${1:-10}
slope_kib_max=${SLOPE_KIB_MAX:-1024}
port=${ZS_PORT:-5528}
root=$(cd "$(dirname "$0")/.." && pwd)
source "$root/.ci/env"
export PATH="$PATH:/usr/lib/postgresql/15/bin"
need_commands psql=postgresql-client-15 pgbench=postgresql-contrib python3=python3
if [ -z "${ZSERVER:-}" ]; then
    (cd "$root" && cargo build --release --quiet --bin zserver)
    ZSERVER=$CARGO_TARGET_DIR/release/zserver
fi
work=$(mktemp -d)
ZSERVER_BLOCK_CACHE=64MB ZSERVER_POINT_CACHE=64MB ZSERVER_MAX_WRITE_SET=4MB \
    "$ZSERVER" serve --dev --data "$work/zs" --pg-listen "127.0.0.1:$port" \
    >"$work/out" 2>"$work/err" &
server=$!
loads=()
trap 'kill "${loads[@]}" 2>/dev/null; kill -TERM $server 2>/dev/null; wait || true; rm -rf "$work"' EXIT
until grep -q ready "$work/out" 2>/dev/null; do
    kill -0 "$server" || { cat "$work/err" >&2; exit 1; }
    sleep 0.1
done
export PGHOST=127.0.0.1 PGPORT=$port PGUSER=postgres PGDATABASE=postgres
sql() { psql -X -q "$@"; }

pgbench -i -s 2 -q >/dev/null 2>&1
sql -c 'CREATE TABLE big AS SELECT g AS a, md5(g::text) AS b, 0 AS c FROM generate_series(1, 60000) g' \
    -c 'CREATE INDEX ON big (c)'
cat >"$work/mixed.sql" <<'SQL'
\set n random(1, 200000)
BEGIN;
SELECT abalance FROM pgbench_accounts WHERE aid = :n;
SAVEPOINT s;
UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = :n;
ROLLBACK TO s;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 1, :n, 1, now());
ROLLBACK;
SELECT count(*), sum(abalance) FROM pgbench_accounts WHERE aid BETWEEN :n AND :n + 2000;
SQL
cat >"$work/heavy.sql" <<'SQL'
UPDATE big SET c = c + 1;
BEGIN; DELETE FROM big; ROLLBACK;
SELECT c, count(*) FROM big GROUP BY c;
SELECT b FROM big ORDER BY b LIMIT 10;
CREATE TABLE scratch (a int PRIMARY KEY, b text); INSERT INTO scratch SELECT g, 'x' FROM generate_series(1, 2000) g; DROP TABLE scratch;
SELECT 1 / 0;
DELETE FROM pgbench_history WHERE mtime < now() - interval '1 minute';
VACUUM pgbench_history;
SQL
journal_kib() { du -ck "$work"/zs/engine/*.jnl 2>/dev/null | tail -n 1 | cut -f1; }
seconds=$((minutes * 60))
pgbench -n -c 4 -j 1 -T "$seconds" -M prepared >"$work/load1" 2>&1 &
loads+=($!)
pgbench -n -c 2 -j 1 -T "$seconds" -C -f "$work/mixed.sql" >"$work/load2" 2>&1 &
loads+=($!)
(end=$((SECONDS + seconds)); while [ $SECONDS -lt $end ]; do sql -f "$work/heavy.sql" >/dev/null 2>&1 || true; sleep 1; done) &
loads+=($!)

printf '%8s %10s %8s %8s %12s %10s\n' seconds 'RSS KiB' files threads 'journal KiB' 'store KiB'
began=$SECONDS
while [ $((SECONDS - began)) -lt "$seconds" ]; do
    sleep 10
    kill -0 "$server" || { cat "$work/err" >&2; exit 1; }
    rss=$(awk '/VmRSS/ {print $2}' "/proc/$server/status")
    threads=$(awk '/Threads/ {print $2}' "/proc/$server/status")
    files=$(ls "/proc/$server/fd" | wc -l)
    journal=$(journal_kib)
    store=$(du -sk "$work/zs" | cut -f1)
    printf '%8d %10d %8d %8d %12d %10d\n' $((SECONDS - began)) "$rss" "$files" "$threads" "$journal" "$store" |
        tee -a "$work/samples"
done
wait "${loads[@]}" || true
python3 - "$work/samples" "$slope_kib_max" <<'PY'
import sys
rows = [[float(word) for word in line.split()] for line in open(sys.argv[1])]
half = rows[len(rows) // 2:]
def slope(column):
    n = len(half)
    if n < 3: return 0.0
    x = [row[0] / 60 for row in half]; y = [column(row) for row in half]
    mx, my = sum(x) / n, sum(y) / n
    return sum((a - mx) * (b - my) for a, b in zip(x, y)) / sum((a - mx) ** 2 for a in x)
memory, files = slope(lambda row: row[1] - row[4]), slope(lambda row: row[2])
print(f"soak: {memory:.0f} KiB a minute beside the journal, {files:.2f} descriptors a minute, "
      f"journal at most {max(row[4] for row in rows):.0f} KiB, store {rows[-1][5]:.0f} KiB")
sys.exit(memory > float(sys.argv[2]) or files > 1)
PY
