#!/usr/bin/env python3
"""jose, the library of JSON Web Tokens for JavaScript: it verifies the server's tokens by their JWKS, and
issues tokens that the server verifies by its own.

PostgreSQL has no such port: there the program names its steps, and all of them count.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.node("jose", jose="6.2.18")
