#!/usr/bin/env bash
# TPC-H on PostgreSQL 15 and on zserver: 22 answers compared, times side by side.
#
#   compat/bench/tpch.sh [scale factor, default 0.1]
#
# The data comes from tpchgen-cli (PyPI); it is loaded by COPY into both. At scale 1 the
# plans are compared with those in `tpch/plans`; `PLANS=write` writes them instead.
source "$(dirname "$0")/servers.sh"
factor=${1:-0.1}
here=$root/compat/bench/tpch
need_packages python3 python3-venv
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet tpchgen-cli==4.0.0
"$work/venv/bin/tpchgen-cli" tbl --quiet --scale-factor "$factor" --output-dir "$work/tbl"
start_postgres
start_zserver
tables="region nation part supplier partsupp customer orders lineitem"
for server in postgres zserver; do
    "on_$server" -f "$here/schema.sql"
    for table in $tables; do
        # Each line ends in a separator, which COPY would read as one more column.
        sed 's/|$//' "$work/tbl/$table.tbl" | "on_$server" -c "\\copy $table from stdin with (delimiter '|')"
    done
    "on_$server" -f "$here/keys.sql" -c 'ANALYZE'
done
# Statistics are of a sample, so costs and rows vary; the order of joins must not.
plan_of() { (echo 'EXPLAIN (COSTS OFF)'; cat "$1") | on_zserver -At; }
if [ "$factor" = 1 ]; then
    for query in "$here"/q*.sql; do
        plan=$here/plans/$(basename "$query" .sql).txt
        if [ "${PLANS:-}" = write ]; then
            plan_of "$query" >"$plan"
        else
            plan_of "$query" | diff "$plan" - || echo "$(basename "$query"): the plan DIFFERS"
        fi
    done
fi
printf '%-6s %12s %12s %6s %s\n' query PostgreSQL zserver ratio answer
for query in "$here"/q*.sql; do
    name=$(basename "$query" .sql)
    for server in postgres zserver; do
        start=$(date +%s.%N)
        "on_$server" -At -f "$query" >"$work/$name.$server" 2>&1 || true
        stop=$(date +%s.%N)
        eval "${server}_s=$(awk -v a="$start" -v b="$stop" 'BEGIN {printf "%.3f", b - a}')"
    done
    answer=equal
    cmp -s "$work/$name.postgres" "$work/$name.zserver" || answer=DIFFERENT
    ratio=$(awk -v a="$postgres_s" -v b="$zserver_s" 'BEGIN {printf "%.2f", a / b}')
    printf '%-6s %12s %12s %6s %s\n' "$name" "$postgres_s" "$zserver_s" "$ratio" "$answer"
    [ $answer = equal ] || diff "$work/$name.postgres" "$work/$name.zserver" | head -4 || true
done
