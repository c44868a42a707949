#!/usr/bin/env python3
"""tus-js-client: 100 MB over a connection that is cut, to a server that is killed; both protocols, in parts, deferred.

PostgreSQL has no such port: there the program names its steps, and all of them count.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.node("tus-js-client", **{"tus-js-client": "4.3.1"})
