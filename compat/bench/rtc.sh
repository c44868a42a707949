#!/usr/bin/env bash
# Real time under load, on one server: packets forwarded a second by one core of it, one
# video to many, a room in which everybody hears everybody, data channels, and peers that
# come and go.
#
#   compat/bench/rtc.sh [fanout|audio|channel|cycles …, default all of them]
#
# The client (compat/bench/rtc-load) is another stack than the server's and runs on the same
# machine: what the server takes of the processors is read from /proc, so that "per core" is
# the server's own. SECONDS_EACH (10), SUBSCRIBERS (200), RATES ("60 210 420": packets a
# second of the video), PEOPLE (100), SPEAKING (10), MB (200), CYCLES (1000), SILENT (50)
# say how much; WHOLE=N lets only every Nth subscriber decrypt, where the client is what is
# too slow. With ZSERVER and RTC_LOAD naming binaries nothing is built.
source "$(dirname "$0")/servers.sh"
export ZSERVER_HTTP_LISTEN=127.0.0.1:${ZS_HTTP_PORT:-5535}
# They all are one user.
export ZSERVER_HTTP_RATE_ADMIN=0 ZSERVER_HTTP_RATE_USER=0
if [ -z "${RTC_LOAD:-}" ]; then
    (cd "$root" && cargo build --release --quiet -p rtc-load)
    RTC_LOAD=$CARGO_TARGET_DIR/release/rtc-load
fi
ulimit -n "$(ulimit -H -n)"
load() {
    local mode=$1
    shift
    "$RTC_LOAD" "$mode" --http "${ZSERVER_HTTP_LISTEN##*:}" --pid "$zserver_pid" "$@"
}
seconds=${SECONDS_EACH:-10}
whole=${WHOLE:-1}
for mode in ${*:-fanout audio channel cycles}; do
    if [ "$mode" = cycles ]; then
        # Peers that vanish are gone after 4 s, not after 30.
        export ZSERVER_RTC_DISCONNECTED_TIMEOUT=1s ZSERVER_RTC_CONSENT_TIMEOUT=3s
    fi
    # What the one before has said is not what this one says.
    rm -f "$work/zs.out"
    start_zserver
    case $mode in
    fanout)
        for rate in ${RATES:-60 210 420}; do
            load fanout --subscribers "${SUBSCRIBERS:-200}" --rate "$rate" --seconds "$seconds" --whole "$whole"
        done
        ;;
    audio) load audio --people "${PEOPLE:-100}" --speaking "${SPEAKING:-10}" --seconds "$seconds" --whole "$whole" ;;
    channel) load channel --mb "${MB:-200}" ;;
    cycles) load cycles --cycles "${CYCLES:-1000}" --silent "${SILENT:-50}" ;;
    *)
        echo "fanout, audio, channel or cycles, not $mode" >&2
        exit 2
        ;;
    esac
    kill -TERM "$zserver_pid"
    wait "$zserver_pid" || true
done
