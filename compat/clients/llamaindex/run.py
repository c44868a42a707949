#!/usr/bin/env python3
"""LlamaIndex' PGVectorStore over psycopg2 and asyncpg: nodes, filters, indexes, halfvec, synchronous and not.

Its hybrid search needs full text, which is not here.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402
import transcripts  # noqa: E402

PACKAGES = ["llama-index-vector-stores-postgres==0.7.2", "llama-index-core==0.14.10", "psycopg2-binary==2.9.11"]


def program(server):
    python = suites.venv("llamaindex", *PACKAGES)
    server.psql("CREATE DATABASE llamaindex")
    place = suites.HERE / "llamaindex"
    return transcripts.run(server, [python, place / "program.py"], place, PYTHONHASHSEED=0, PGDATABASE="llamaindex")


transcripts.main("llamaindex", program)
