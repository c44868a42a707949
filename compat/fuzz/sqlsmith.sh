#!/usr/bin/env bash
# Random queries of sqlsmith (Debian) against zserver: none may end the server, hang beyond
# its timeout or answer XX000.
#
#   compat/fuzz/sqlsmith.sh [queries, default 20000] [seed, default 1]
#
# Prints the errors by SQLSTATE and the statements behind XX000.
source "$(dirname "$0")/../bench/servers.sh"
queries=${1:-20000}
seed=${2:-1}
need_packages sqlsmith
start_zserver
on_zserver -f "$root/compat/fuzz/schema.sql"
on_zserver -c "ALTER ROLE postgres SET statement_timeout = '2s'"
target="host=127.0.0.1 port=$ZS_PORT user=postgres dbname=postgres"
status=0
timeout 7200 sqlsmith --target="$target" --seed="$seed" --max-queries="$queries" --verbose >"$work/out" 2>&1 || status=$?
tail -40 "$work/out"
