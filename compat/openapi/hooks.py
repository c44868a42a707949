"""What schemathesis does to requests before it sends them."""

import zlib

import schemathesis

# Milliseconds that a claim may wait for jobs: else each takes up to a minute.
WAIT_MS = 50
# What stands in a signed URL, and what a body has to agree with: no random text does, and all that follows is a refusal.
SIGNED = ["signature", "database", "role", "expires", "method"]
AGREED = ["Content-Digest", "Repr-Digest", "If-Match", "Range"]
# One request of so many keeps them.
KEPT = 4


@schemathesis.hook
def before_call(context, case, kwargs):
    if isinstance(case.body, dict):
        wait = case.body.get("wait_ms")
        if isinstance(wait, int) and not isinstance(wait, bool) and WAIT_MS < wait <= 60_000:
            case.body["wait_ms"] = WAIT_MS
    if case.path.startswith("/api/v1/files/{bucket}/"):
        query, headers = case.query or {}, case.headers or {}
        mark = zlib.crc32(repr([sorted(query.items(), key=str), sorted(headers.items(), key=str)]).encode(errors="replace"))
        if mark % KEPT:
            for name in SIGNED:
                if name != "method" or "sign" not in query:
                    query.pop(name, None)
            for name in AGREED:
                headers.pop(name, None)


@schemathesis.serializer("application/x-ndjson", "application/sdp", "application/trickle-ice-sdpfrag")
def lines(context, value):
    """A stream of points is a text, and so is a description; what is generated in its place is sent as it is."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")
