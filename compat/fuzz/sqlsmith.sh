#!/usr/bin/env bash
# Random statements of sqlsmith (Debian) against zserver: none may end the server, outlive
# its timeout or answer XX000.
#
#   compat/fuzz/sqlsmith.sh [statements, default 20000] [seed, default 1]
#
# Prints the most frequent errors, then the statements behind XX000; the exit status is 1
# if there are some, or if the server has ended.
source "$(dirname "$0")/../bench/servers.sh"
statements=${1:-20000}
seed=${2:-1}
need_packages sqlsmith
start_zserver
on_zserver -f "$root/compat/fuzz/schema.sql"
export PGOPTIONS="-c statement_timeout=3s"
target="host=127.0.0.1 port=$ZS_PORT user=postgres dbname=postgres"
sqlsmith --target="$target" --seed="$seed" --max-queries="$statements" --verbose >"$work/out" 2>&1 || true
unset PGOPTIONS
grep -aE $'^[0-9]+\t' "$work/out" | sort -rn | sed -n 1,30p || true
on_zserver -At -c "SELECT 'the server is there'"
# PostgreSQL's own XX000: what it says to a modifier of intervals that does not exist.
if grep -a 'internal error' "$work/zs.err" | grep -v 'error=invalid INTERVAL typmod'; then
    exit 1
fi
echo "no internal error"
