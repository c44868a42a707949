#!/usr/bin/env python3
"""LangChain's stores over PostgreSQL: PGVector over psycopg, PGVectorStore over asyncpg, chat histories."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402
import transcripts  # noqa: E402

PACKAGES = ["langchain-postgres==0.0.16", "langchain-core==1.8.3", "asyncpg==0.32.0", "psycopg[binary,pool]==3.3.9"]


def program(server):
    python = suites.venv("langchain", *PACKAGES)
    server.psql("CREATE DATABASE langchain")
    place = suites.HERE / "langchain"
    return transcripts.run(server, [python, place / "program.py"], place, PYTHONHASHSEED=0, PGDATABASE="langchain")


transcripts.main("langchain", program)
