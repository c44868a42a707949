#!/usr/bin/env python3
"""PHP's PDO and pgsql extensions (Debian's): prepared statements, metadata, COPY, cursors, notifications."""

import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402
import transcripts  # noqa: E402


def program(server):
    if not shutil.which("php") or b"pdo_pgsql" not in subprocess.run(["php", "-m"], capture_output=True).stdout:
        raise suites.servers.Missing("the packages php-cli and php-pgsql are not installed")
    return transcripts.run(server, ["php", suites.HERE / "php" / "program.php"], suites.HERE)


transcripts.main("php", program)
