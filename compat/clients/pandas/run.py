#!/usr/bin/env python3
"""pandas and Polars over SQLAlchemy and ADBC: frames written and read."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.python("pandas", "pandas==2.2.3", "SQLAlchemy==2.0.36", "psycopg2-binary==2.9.10", "adbc-driver-postgresql==1.3.0", "pyarrow==18.1.0")
