#!/usr/bin/env python3
"""LlamaIndex' QdrantVectorStore: nodes added, queried by vector and by metadata, deleted; beside qdrant-client's in-memory collections.

PostgreSQL has no such port: there the program names its steps, and all of them count.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402

programs.python("llamaindex-qdrant", "llama-index-vector-stores-qdrant==0.10.4", "llama-index-core==0.14.25", "qdrant-client==1.20.0")
