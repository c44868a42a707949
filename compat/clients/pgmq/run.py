#!/usr/bin/env python3
"""pgmq-py's own tests: psycopg 3, asyncpg, SQLAlchemy.

On PostgreSQL the client's own installer makes pgmq, by the script that it carries: what passes there is what
pgmq does. Here it is this server's extension.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402

VERSION = "1.1.3"
PACKAGES = [
    f"pgmq=={VERSION}", "psycopg[binary,pool]==3.2.13", "asyncpg==0.30.0", "SQLAlchemy[asyncio]==2.0.44", "pytest==8.4.2",
    "pytest-asyncio==1.2.0", "python-dotenv==1.2.1",
]
FILES = [
    f"tests/test_{name}.py"
    for name in ["features", "integration", "async_integration", "notify_listener", "routing", "sqlalchemy_integration", "sqlalchemy_async_integration"]
]


def suite(server, arguments):
    source = suites.git("pgmq-py", "https://github.com/pgmq/pgmq-py", f"v{VERSION}", VERSION)
    python = suites.venv("pgmq", *PACKAGES)
    places = dict(PG_HOST="127.0.0.1", PG_PORT=str(server.port), PG_DATABASE="postgres", PG_USERNAME="postgres", PG_PASSWORD="any", PG_INIT_EXTENSION="0")
    environment = server.environment(**places)
    if server.kind == "postgres":
        install = "from pgmq.install import install_pgmq_from_sql; install_pgmq_from_sql()"
        suites.run([python, "-c", install], env=environment)
    else:
        server.psql("CREATE EXTENSION pgmq", check=True)
    return suites.pytest(python, ["-m", "pytest", "-q", "--tb=short", *FILES], server, arguments, cwd=source, env=environment)


suites.main("pgmq", suite)
