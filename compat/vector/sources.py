"""pgvector's own tests, pinned, and PostgreSQL 15 with pgvector as the one that is right.

The tests are pgvector's and are not part of this repository: `PGVECTOR_DIR` names a
checkout, otherwise the tag is cloned into `${XDG_CACHE_HOME:-~/.cache}/zserver`.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "regress"))
from servers import Missing  # noqa: E402

VERSION = "0.8.6"
URL = "https://github.com/pgvector/pgvector"


def pgvector_source():
    """The directory with `test/sql` and `test/t`."""
    named = os.environ.get("PGVECTOR_DIR")
    if named:
        return Path(named)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zserver"
    target = cache / f"pgvector-{VERSION}"
    if target.exists():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        words = ["git", "clone", "--quiet", "--depth", "1", "--branch", f"v{VERSION}", URL, f"{scratch}/source"]
        try:
            subprocess.run(words, check=True, stderr=subprocess.DEVNULL, timeout=300)
        except (OSError, subprocess.SubprocessError) as error:
            raise Missing(f"pgvector {VERSION} cannot be fetched; PGVECTOR_DIR may name a checkout") from error
        os.rename(f"{scratch}/source", target)
    return target


def need_pgvector(pair):
    """Makes the extension in the oracle's database, in this version."""
    try:
        pair.postgres.run("postgres", f"CREATE EXTENSION vector VERSION '{VERSION}'")
    except RuntimeError as error:
        raise Missing(f"PostgreSQL 15 has no pgvector {VERSION}: {error}") from error
