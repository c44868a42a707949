#!/usr/bin/env python3
"""Recordings of what aiortc publishes, decoded by PyAV: tracks of every codec that it sends, a room, a killed server; and files
of FFmpeg's, of each codec, played into rooms, to aiortc and to a headless Chromium, frame by frame.

PostgreSQL has no such port: there the program names its steps, and all of them count.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.python("recordings", "aiortc==1.16.0", "aiohttp==3.14.5", "av")
