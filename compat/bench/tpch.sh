#!/usr/bin/env bash
# TPC-H on PostgreSQL 15 and on zserver: 22 answers compared, times side by side.
#
#   compat/bench/tpch.sh [scale factor, default 0.1]
#
# The data comes from tpchgen-cli (PyPI); it is loaded by COPY into both.
source "$(dirname "$0")/servers.sh"
factor=${1:-0.1}
here=$root/compat/bench/tpch
need_packages python3 python3-venv
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet tpchgen-cli
"$work/venv/bin/tpchgen-cli" --scale-factor "$factor" --output-dir "$work/tbl" >/dev/null
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
