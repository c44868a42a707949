#!/usr/bin/env python3
"""LiveKit's Python SDK: rooms joined over WebRTC, data, RPC, streams of text and bytes, metadata, audio and video, moderation.

PostgreSQL has no such port: there the program names its steps, and all of them count.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.python("livekit-python", "livekit==1.2.1", "livekit-api==1.2.2")
