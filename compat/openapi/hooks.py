"""What schemathesis does to requests before it sends them."""

import schemathesis

# Milliseconds that a claim may wait for jobs: else each takes up to a minute.
WAIT_MS = 50


@schemathesis.hook
def before_call(context, case, kwargs):
    if isinstance(case.body, dict):
        wait = case.body.get("wait_ms")
        if isinstance(wait, int) and not isinstance(wait, bool) and WAIT_MS < wait <= 60_000:
            case.body["wait_ms"] = WAIT_MS


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    """A stream of points is a text; what is generated in its place is sent as it is."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")
