#!/usr/bin/env bash
# pgbench on PostgreSQL 15 and on zserver in turn: transactions/s and their ratio.
#
#   compat/bench/pgbench.sh [seconds a run, default 30] [scale, default 10]
#
# Every combination of script (select-only, simple-update, TPC-B), protocol
# (simple, extended, prepared) and clients (1, 8, 32); then TPC-B's invariant.
source "$(dirname "$0")/servers.sh"
seconds=${1:-30}
scale=${2:-10}
start_postgres
start_zserver

pgbench_at() {
    local port=$1
    shift
    "$PG_BIN/pgbench" -h 127.0.0.1 -p "$port" -U postgres "$@" postgres
}
tps() { sed -n 's/^tps = \([0-9.]*\).*/\1/p'; }

for port in "$PG_PORT" "$ZS_PORT"; do
    pgbench_at "$port" -i -q -s "$scale" 2>&1 | tail -1
done
printf '%-14s %-9s %7s %12s %12s %6s\n' script protocol clients PostgreSQL zserver ratio
for script in select-only simple-update tpcb-like; do
    for protocol in ${PROTOCOLS:-simple extended prepared}; do
        for clients in ${CLIENTS:-1 8 32}; do
            a=$(pgbench_at "$PG_PORT" -n -b "$script" -M "$protocol" -c "$clients" -j 2 -T "$seconds" | tps)
            b=$(pgbench_at "$ZS_PORT" -n -b "$script" -M "$protocol" -c "$clients" -j 2 -T "$seconds" | tps)
            ratio=$(awk -v a="$a" -v b="$b" 'BEGIN {printf "%.2f", b / a}')
            printf '%-14s %-9s %7s %12.0f %12.0f %6s\n' "$script" "$protocol" "$clients" "$a" "$b" "$ratio"
        done
    done
done
# simple-update changes accounts and history only, so branches and tellers are
# compared with the TPC-B part of the history by their own sums.
on_zserver -At -c "SELECT CASE WHEN
    (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history)
    AND (SELECT sum(bbalance) FROM pgbench_branches) = (SELECT sum(tbalance) FROM pgbench_tellers)
    THEN 'invariant holds' ELSE 'INVARIANT BROKEN' END"
