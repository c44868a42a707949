"""PostgreSQL's regression files, those of its extensions, and isolation specs, from Debian's source package of the installed server.

They are PostgreSQL's and are not part of this repository: they are fetched into
`${XDG_CACHE_HOME:-~/.cache}/zserver` when they are absent, by apt-get with package
lists of its own, so that the machine's configuration stays as it is.
"""

import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from servers import Missing

PACKAGE = "postgresql-15"
# What is kept of the package, by name: files below a directory of it.
WANTED = {
    "regress": r"src/test/regress/((?:sql|data)/[\w.-]+)",
    "contrib": r"contrib/((?:btree_gist|citext|hstore|pg_stat_statements|pg_trgm|pgcrypto|uuid-ossp)"
    r"/(?:sql|data)/[\w.-]+)",
    "isolation": r"src/test/isolation/((?:specs|expected)/[\w.-]+|isolation_schedule)",
}


def regression_files():
    """The directory with `sql/` and `data/`."""
    return files("regress", "POSTGRES_REGRESS_DIR")


def contrib_files():
    """The directory with `EXTENSION/sql/` and `EXTENSION/data/`."""
    return files("contrib", "POSTGRES_CONTRIB_DIR")


def isolation_files():
    """The directory with `specs/`, `expected/` and `isolation_schedule`."""
    return files("isolation", "POSTGRES_ISOLATION_DIR")


def files(kind, variable):
    named = os.environ.get(variable)
    if named:
        return Path(named)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zserver"
    kept = sorted(cache.glob(f"postgresql-{kind}-15.*"))
    if kept:
        return kept[-1]
    with tempfile.TemporaryDirectory() as directory:
        tarball = fetch(Path(directory))
        version = re.search(r"_(15\.\d+)", tarball.name)[1]
        target = cache / f"postgresql-{kind}-{version}"
        unpack(tarball, Path(directory) / "files", WANTED[kind])
        cache.mkdir(parents=True, exist_ok=True)
        shutil.move(Path(directory) / "files", target)
    return target


def fetch(directory):
    sources = source_lines()
    if not sources:
        raise Missing("no Debian mirror is configured")
    (directory / "sources.list").write_text("\n".join(sources) + "\n")
    for name in ("lists/partial", "cache/archives/partial", "source"):
        (directory / name).mkdir(parents=True)
    os.chmod(directory, 0o755)
    apt = ["apt-get", "-qq", "-o", f"Dir::Etc::SourceList={directory}/sources.list"]
    apt += ["-o", "Dir::Etc::SourceParts=/dev/null", "-o", f"Dir::State::Lists={directory}/lists"]
    apt += ["-o", f"Dir::Cache={directory}/cache", "-o", "APT::Sandbox::User=root"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "timeout": 600}
    try:
        subprocess.run(apt + ["update"], check=False, **quiet)
        for package in (f"{PACKAGE}={installed_version()}", PACKAGE):
            words = apt + ["source", "--download-only", package]
            subprocess.run(words, cwd=directory / "source", check=False, **quiet)
            found = list((directory / "source").glob("*.orig.tar.*"))
            if found:
                return found[0]
    except (OSError, subprocess.SubprocessError) as error:
        raise Missing(f"PostgreSQL's source package cannot be fetched: {error}") from error
    raise Missing("PostgreSQL's source package cannot be fetched")


def installed_version():
    words = ["dpkg-query", "-W", "-f", "${source:Version}", PACKAGE]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout


def source_lines():
    """The configured Debian mirrors as `deb-src` lines."""
    lines = []
    files = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    for path in files:
        if path.suffix == ".sources":
            for stanza in re.split(r"\n\s*\n", path.read_text()):
                values = dict(re.findall(r"^([\w-]+):[ \t]*(.*)$", stanza, re.M))
                keys = values.get("Signed-By", "")
                option = f"[signed-by={keys}] " if keys.startswith("/") else ""
                for uri in values.get("URIs", "").split():
                    suites = values.get("Suites", "").split()
                    lines += [f"deb-src {option}{uri} {suite} main" for suite in suites if "debian" in uri]
        elif path.is_file():
            pattern = r"^deb\s+(\[[^\]]*\]\s+)?(\S*debian\S*)\s+(\S+)\s+main"
            for option, uri, suite in re.findall(pattern, path.read_text(), re.M):
                lines.append(f"deb-src {option}{uri} {suite} main")
    return lines


def unpack(tarball, target, wanted):
    pattern = re.compile(rf"^[^/]+/{wanted}$")
    with tarfile.open(tarball) as archive:
        for member in archive:
            match = pattern.match(member.name)
            if match and member.isfile():
                path = target / match[1]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.extractfile(member).read())
