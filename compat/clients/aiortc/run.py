#!/usr/bin/env python3
"""aiortc: data channels, WHIP and WHEP with pictures that are encoded and decoded, a room.

PostgreSQL has no such port: there the program names its steps, and all of them count.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.python("aiortc", "aiortc==1.16.0", "aiohttp==3.14.5")
