#!/usr/bin/env python3
"""SQLAlchemy's compliance suite for dialects, with its PostgreSQL dialect over psycopg."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402

VERSION = "2.0.41"
# What every dialect outside of SQLAlchemy has, to run the suite.
CONFTEST = """
from sqlalchemy.dialects import registry
import pytest
pytest.register_assert_rewrite("sqlalchemy.testing.assertions")
from sqlalchemy.testing.plugin.pytestplugin import *
"""
SETUP = """
[tool:pytest]
addopts = --tb=short -p no:warnings
python_files = test_*.py
[sqla_testing]
requirement_cls = requirements:Requirements
profile_file = profiles.txt
"""
TESTS = "from sqlalchemy.testing.suite import *\n"


def suite(server, arguments):
    python = suites.venv("sqlalchemy", f"sqlalchemy=={VERSION}", "psycopg[binary]==3.2.6", "pytest<9")
    directory = suites.CACHE / "sqlalchemy-suite"
    directory.mkdir(parents=True, exist_ok=True)
    # The requirements of SQLAlchemy's own tests say what its PostgreSQL dialect has.
    source = suites.git("sqlalchemy", "https://github.com/sqlalchemy/sqlalchemy", "rel_" + VERSION.replace(".", "_"), VERSION)
    requirements = (source / "test" / "requirements.py").read_text()
    (directory / "requirements.py").write_text(requirements.replace("DefaultRequirements", "Requirements"))
    (directory / "conftest.py").write_text(CONFTEST)
    (directory / "setup.cfg").write_text(SETUP)
    (directory / "test_suite.py").write_text(TESTS)
    server.psql("CREATE SCHEMA test_schema", "CREATE SCHEMA test_schema_2", "CREATE EXTENSION hstore", "CREATE EXTENSION citext")
    server.psql("ALTER DATABASE postgres SET DEFAULT_TEXT_SEARCH_CONFIG = 'pg_catalog.english'")
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
    words += ["--dburi", server.url("postgresql+psycopg"), "test_suite.py"]
    return suites.pytest(python, words, server, arguments, cwd=directory)


suites.main("sqlalchemy", suite)
