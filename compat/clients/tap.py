"""Steps of a client's program: each prints `ok NAME`, or `not ok NAME` with the reason."""

import sys
import traceback

failed = 0


def step(name):
    """Runs the decorated function at once, as a step."""

    def run(work):
        global failed
        try:
            work()
            print(f"ok {name}", flush=True)
        except Exception as error:
            failed += 1
            reason = " ".join(f"{type(error).__name__} {error}".split())
            print(f"not ok {name}: {reason[:600]}", flush=True)
            traceback.print_exc()

    return run


def http_step(port):
    """`step`, of a program over HTTP: PostgreSQL, which has no `port` for it, does not speak
    that, and there a step is its name."""
    if port:
        return step

    def named(name):
        def skip(work):
            print(f"ok {name}")
            return work

        return skip

    return named


def finish():
    sys.exit(1 if failed else 0)
