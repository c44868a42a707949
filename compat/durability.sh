#!/usr/bin/env bash
# What is promised about commits, counted by hand rather than by the day (goals D1, D2, D6,
# I3): kills, power cuts, histories with and without kills, random schedules, and a start
# over a large store after a kill. One line each; the first that fails ends it.
#
#   compat/durability.sh [step …]       kills cuts histories schedules faults start
#
#   KILLS=500 CUTS=200 TRANSACTIONS=1000000 SCHEDULES=1000000 GIB=1 START_MAX_MS=5000
#
# The server is a release build, the tests are of every day's profile. Power cuts need root,
# for an ext4 image of their own. With ZSERVER naming a binary, and TESTS and UNIT_TESTS the
# two test binaries, nothing is built.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
source .ci/env
steps=${*:-kills cuts histories schedules faults start}

# The executable that a target was built into.
built() {
    cargo "$@" --message-format=json 2>/dev/null |
        python3 -c 'import json, sys
for line in sys.stdin:
    it = json.loads(line)
    if it.get("executable"): print(it["executable"])' | tail -n 1
}
: "${ZSERVER:=$(built build --release --bin zserver)}"
: "${TESTS:=$(built test --no-run --test main)}"
: "${UNIT_TESTS:=$(built test --no-run --lib)}"
export TEST_ZSERVER=$ZSERVER

# Runs tests by name and prints what they count.
counted() {
    local name=$1 binary=$2 began=$SECONDS said
    shift 2
    if ! said=$("$binary" --nocapture "$@" 2>&1); then
        echo "$name: FAILED" >&2
        tail -n 40 <<<"$said" >&2
        exit 1
    fi
    grep -E '^(.* \.\.\. )?[0-9A-Za-z]+[: ].*(lost|anomalies|schedules in|skipped|faults)' <<<"$said" |
        sed "s/^test .* \.\.\. //; s/^/$name: /; s/\$/ ($((SECONDS - began)) s)/"
}

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

# A store of so many GiB with a journal as full as it gets, killed while it is written to.
start_after_kill() {
    local port=${ZS_PORT:-5529} work server gib=${GIB:-1}
    work=$(mktemp -d)
    sql() { psql -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U postgres postgres "$@"; }
    begin() {
        rm -f "$work/out"
        "$ZSERVER" serve --dev --data "$work/zs" --pg-listen "127.0.0.1:$port" >"$work/out" 2>"$work/err" &
        server=$!
        until grep -q ready "$work/out" 2>/dev/null; do
            kill -0 "$server" 2>/dev/null || { cat "$work/err" >&2; exit 1; }
            sleep 0.01
        done
    }
    begin
    trap 'kill -9 $server 2>/dev/null; rm -rf "$work"' RETURN
    sql -c 'CREATE TABLE t (a bigint PRIMARY KEY, b text)'
    local rows=$((gib * 1024 * 1024)) at
    for ((at = 0; at < rows; at += 65536)); do
        sql -c "INSERT INTO t SELECT g, repeat(md5(g::text), 32) FROM generate_series($at, $at + 65535) g"
    done
    # Writes by key fill the journal; the kill comes in the middle of them.
    for ((at = 0; at < 40; at++)); do
        echo "UPDATE t SET b = repeat(md5((a + $at)::text), 32) WHERE a % 300 = $at;"
    done >"$work/updates"
    sql -f "$work/updates"
    (sql -f "$work/updates" >/dev/null 2>&1 || true) &
    local writer=$!
    sleep 2
    kill -9 "$server"
    wait "$writer" "$server" 2>/dev/null || true
    local size began took
    size=$(du -sm "$work/zs" | cut -f1)
    began=$(milliseconds)
    begin
    took=$(($(milliseconds) - began))
    local found
    found=$(sql -At -c 'SELECT count(*) FROM t')
    echo "start: $size MiB on disk, ready $took ms after a kill, $found of $rows rows"
    [ "$found" = "$rows" ] && [ "$took" -le "${START_MAX_MS:-5000}" ]
}

for step in $steps; do
    case $step in
    kills)
        TEST_KILLS=${KILLS:-500} counted kills "$TESTS" crash::no_acknowledged
        ;;
    cuts)
        TEST_CUTS=${CUTS:-200} counted cuts "$TESTS" power::
        ;;
    histories)
        export TEST_TRANSACTIONS=${TRANSACTIONS:-1000000}
        for test in repeatable_read_is serializable_has snapshot_isolation_holds a_serial_order; do
            counted histories "$TESTS" "history::workload::$test"
        done
        ;;
    schedules)
        TEST_SCHEDULES=${SCHEDULES:-1000000} counted schedules "$UNIT_TESTS" random_schedules
        ;;
    faults)
        counted faults "$UNIT_TESTS" every_operation_of_the_files
        ;;
    start)
        start_after_kill
        ;;
    *)
        echo "no step \"$step\"" >&2
        exit 2
        ;;
    esac
done
