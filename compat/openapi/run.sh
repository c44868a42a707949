#!/usr/bin/env bash
# Asks a server everything that its document describes, and compares what it answers with that: schemathesis, all
# phases (examples, coverage, fuzzing, stateful).
#
#   compat/openapi/run.sh [option of `schemathesis run` ...]      -n 20, --phases coverage, --include-path /api/v1/jobs
#
# The server is that of serve.sh. What is left out, and why, stands in schemathesis.toml. The log of the server and the
# report are in /tmp/zserver-openapi.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv=${XDG_CACHE_HOME:-$HOME/.cache}/zserver/clients/venv-schemathesis
out=/tmp/zserver-openapi
wanted="schemathesis==4.32.5"

if [ ! -x "$venv/bin/schemathesis" ] || [ "$(cat "$venv/requirements" 2>/dev/null)" != "$wanted" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet "$wanted"
    printf '%s' "$wanted" > "$venv/requirements"
fi

mkdir -p "$out"
# Where it is started it looks for the hooks, and leaves what it remembers.
cp "$here/hooks.py" "$here/schemathesis.toml" "$out"
cd "$out"
# shellcheck disable=SC2016 # $BASE is what serve.sh says.
"$here/serve.sh" "$out" bash -c '"$0" run "$BASE/openapi.json" "$@"' "$venv/bin/schemathesis" --no-color \
    --report junit --report-dir "$out" "$@"
