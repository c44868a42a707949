#!/usr/bin/env python3
"""ActiveRecord 6.1 over ruby-pg (Debian's): migrations, schema dump, associations, types, locking, introspection."""

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402
import transcripts  # noqa: E402


def program(server):
    if not shutil.which("ruby") or not list(Path("/usr/share/rubygems-integration").glob("*/specifications/activerecord-*")):
        raise suites.servers.Missing("the packages ruby-activerecord and ruby-pg are not installed")
    return transcripts.run(server, ["ruby", suites.HERE / "activerecord" / "program.rb"], suites.HERE)


transcripts.main("activerecord", program)
