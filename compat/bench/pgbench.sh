#!/usr/bin/env bash
# pgbench on PostgreSQL 15 and on zserver in turn: transactions/s and the time within which
# 99 of 100 transactions are done (ms), and their ratios: above 1 is faster, and below 1
# slower, for both.
#
#   compat/bench/pgbench.sh [seconds a run, default 30] [scale, default 10]
#
# Every combination of script (select-only, simple-update, TPC-B), protocol
# (simple, extended, prepared) and clients (1, 8, 32); then TPC-B's invariant.
# SCRIPTS, PROTOCOLS and CLIENTS choose some. Each run is split into ROUNDS (default 3) that
# take turns, so that what else the machine does meets both.
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

# One round: transactions, seconds, and the log of a part of the transactions.
round() {
    local side=$1 port=$2 script=$3 protocol=$4 clients=$5 sample=1
    [ "$script" = select-only ] && sample=0.05
    pgbench_at "$port" -n -b "$script" -M "$protocol" -c "$clients" -j 2 -T "$round_seconds" \
        -l --log-prefix="$work/log.$side" --sampling-rate="$sample" |
        sed -n 's/^tps = \([0-9.]*\).*/\1/p' >>"$work/tps.$side"
    cat "$work/log.$side".* | cut -d ' ' -f 3 >>"$work/times.$side"
    rm "$work/log.$side".*
}
mean() { awk '{ sum += $1 } END { printf "%.0f", sum / NR }' "$work/tps.$1"; }
p99() { sort -n "$work/times.$1" | awk '{ a[NR] = $1 } END { printf "%.2f", a[int(NR * 0.99) + 1] / 1000 }'; }

for port in "$PG_PORT" "$ZS_PORT"; do
    pgbench_at "$port" -i -q -s "$scale" 2>&1 | tail -1
done
rounds=${ROUNDS:-3}
round_seconds=$(((seconds + rounds - 1) / rounds))
printf '%-14s %-9s %7s %11s %9s %6s %11s %9s %6s\n' script protocol clients \
    'PostgreSQL' zserver ratio 'PG p99 ms' zserver ratio
for script in ${SCRIPTS:-select-only simple-update tpcb-like}; do
    for protocol in ${PROTOCOLS:-simple extended prepared}; do
        for clients in ${CLIENTS:-1 8 32}; do
            rm -f "$work"/tps.* "$work"/times.*
            for ((at = 0; at < rounds; at++)); do
                round pg "$PG_PORT" "$script" "$protocol" "$clients"
                round zs "$ZS_PORT" "$script" "$protocol" "$clients"
            done
            awk -v s="$script" -v p="$protocol" -v c="$clients" -v a="$(mean pg)" -v b="$(mean zs)" \
                -v x="$(p99 pg)" -v y="$(p99 zs)" 'BEGIN {
                    printf "%-14s %-9s %7s %11s %9s %6.2f %11s %9s %6.2f\n", s, p, c, a, b, b / a, x, y, x / y }'
        done
    done
done
# simple-update changes accounts and history only, so branches and tellers are
# compared with the TPC-B part of the history by their own sums.
on_zserver -At -c "SELECT CASE WHEN
    (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history)
    AND (SELECT sum(bbalance) FROM pgbench_branches) = (SELECT sum(tbalance) FROM pgbench_tellers)
    THEN 'invariant holds' ELSE 'INVARIANT BROKEN' END"
