#!/usr/bin/env python3
"""livekit-client in a headless Chromium: rooms joined, data, RPC, camera with simulcast and microphone of a fake device.

PostgreSQL has no such port: there the program names its steps, and all of them count.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.node("livekit-js", **{"livekit-client": "2.23.0"})
