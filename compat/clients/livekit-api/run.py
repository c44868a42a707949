#!/usr/bin/env python3
"""livekit-api: access tokens and RoomService, over protobuf.

PostgreSQL has no such port: there the program names its steps, and all of them count.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.python("livekit-api", "livekit-api==1.2.2")
