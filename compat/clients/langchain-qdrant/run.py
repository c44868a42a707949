#!/usr/bin/env python3
"""LangChain's QdrantVectorStore: documents stored, searched, filtered and deleted.

PostgreSQL has no such port: there the program names its steps, and all of them count.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.python("langchain-qdrant", "langchain-qdrant==1.1.0", "qdrant-client==1.20.0", "langchain-core==1.8.3")
