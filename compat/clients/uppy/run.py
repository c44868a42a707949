#!/usr/bin/env python3
"""Uppy with its tus uploader: files with their metadata, several at once, retried after a cut.

PostgreSQL has no such port: there the program names its steps, and all of them count.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.node("uppy", **{"@uppy/core": "6.3.1", "@uppy/tus": "6.0.0"})
