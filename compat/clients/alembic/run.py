#!/usr/bin/env python3
"""SQLAlchemy with Alembic: migrations, autogenerate without differences, reflection."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.python("alembic", "alembic==1.14.0", "SQLAlchemy==2.0.36", "psycopg[binary]==3.2.3")
