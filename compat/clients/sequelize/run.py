#!/usr/bin/env python3
"""Sequelize: sync and alter, associations, transactions, introspection."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.node("sequelize", sequelize="6.37.8", pg="8.23.1")
