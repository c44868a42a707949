"""The tests of PostgreSQL's own extensions (`contrib/*/sql`), for those that are here too.

A file is named `contrib/EXTENSION/FILE`; `contrib` and `contrib/EXTENSION` stand for all
that there are. Each runs in a database of its own, so that the extension is made first
where the file does not make it.
"""

import re
from pathlib import Path

PREFIX = "contrib"
# What is loaded into both servers: the extension does nothing without it.
LIBRARIES = {"contrib/pg_stat_statements": "pg_stat_statements"}
# What is not run, and why.
EXCLUDED = {
    "contrib/btree_gist/cash": "money",
    "contrib/pg_stat_statements/oldextversions": "versions of the extension before 1.10",
    "contrib/pgcrypto/pgp-zlib-DISABLED": "not run by PostgreSQL either",
}


# Files whose tables others make.
KEYS = ["contrib/pgcrypto/pgp-pubkey-decrypt"]
NEEDS = {f"contrib/pgcrypto/pgp-{name}": KEYS for name in ("info", "pubkey-encrypt", "pubkey-session")}


def is_contrib(name):
    return name == PREFIX or name.startswith(PREFIX + "/")


def category(name):
    """The extension."""
    return str(Path(name).parent)


def names(directory, wanted):
    """Every file that a name stands for."""
    found = []
    for path in sorted(directory.glob("*/sql/*.sql")):
        name = f"{PREFIX}/{path.parts[-3]}/{path.stem}"
        if name not in EXCLUDED and f"{name}/".startswith(f"{wanted.rstrip('/')}/"):
            found.append(name)
    return found


def path(directory, name):
    _, extension, stem = name.split("/")
    return directory / extension / "sql" / f"{stem}.sql"


def libraries(wanted):
    """What both servers load, comma between."""
    meant = {library for extension, library in LIBRARIES.items() for name in wanted if covers(name, extension)}
    return ",".join(sorted(meant))


def covers(name, extension):
    """Whether a name stands for files of an extension."""
    return name == PREFIX or f"{name}/".startswith(f"{extension}/")


def preface(name, text):
    """The script that a file needs to have run."""
    extension = name.split("/")[1]
    if re.search(rf'create\s+extension\s+(if\s+not\s+exists\s+)?"?{extension}\b', text, re.I):
        return ""
    return f'CREATE EXTENSION "{extension}";'
