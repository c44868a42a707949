#!/usr/bin/env python3
"""node-datachannel (libdatachannel): node-postgres in a data channel, and JSON-RPC in another.

PostgreSQL has no such port: there the program names its steps, and all of them count.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.node(
    "data-channel", "data_channel.mjs", "../node_client.mjs",
    **{"node-datachannel": "0.33.4", "pg": "8.23.1", "pg-query-stream": "4.17.0", "pg-copy-streams": "7.0.0", "ws": "8.18.3"},
)
