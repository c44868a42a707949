#!/usr/bin/env python3
"""Django's tests of what a database backend does, app by app."""

import re
import subprocess
import sys
import tarfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import suites  # noqa: E402

VERSION = "5.2.3"
APPS = """basic many_to_one many_to_many model_fields queries aggregation expressions transactions
select_for_update schema migrations introspection inspectdb constraints indexes""".split()
APP_SECONDS = 1_500

SETTINGS = """
DATABASES = {{
    name: {{
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "127.0.0.1", "PORT": "{port}", "USER": "postgres", "NAME": "postgres",
        "TEST": {{"NAME": test}},
    }}
    for name, test in (("default", "{default}"), ("other", "{other}"))
}}
SECRET_KEY = "django_tests_secret_key"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False
"""
LINE = re.compile(r"^(\w+) \(([\w.]+)\).*? \.\.\. (ok|FAIL|ERROR|skipped|expected failure|unexpected success)", re.S)


def sources():
    directory = suites.CACHE / f"django-{VERSION}"
    if not directory.exists():
        words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "django"]
        suites.run(words + ["--dest", suites.CACHE, f"django=={VERSION}"])
        with tarfile.open(suites.CACHE / f"django-{VERSION}.tar.gz") as archive:
            archive.extractall(suites.CACHE, filter="data")
    return directory


def suite(server, arguments):
    source = sources()
    python = suites.venv("django", f"django=={VERSION}", "psycopg[binary]==3.2.6", "pillow")
    settings = source / "tests" / f"settings_{server.kind}.py"
    settings.write_text(SETTINGS.format(port=server.port, default="django_default", other="django_other"))
    results = {}
    with open(server.log, "wb") as log:
        for app in [app for app in APPS if not arguments.only or app in arguments.only]:
            words = [python, "runtests.py", app, f"--settings={settings.stem}", "--parallel=1", "-v", "2", "--noinput"]
            try:
                done = subprocess.run(
                    [str(word) for word in words],
                    cwd=source / "tests",
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    timeout=APP_SECONDS,
                )
                text = done.stdout
            except subprocess.TimeoutExpired as late:
                text = late.stdout or b""
            log.write(text)
            results.update(outcomes(text.decode(errors="replace")))
    return results


def outcomes(text):
    """Of unittest's verbose lines; a docstring stands between a name and its outcome."""
    results = {}
    for block in re.split(r"\n(?=\w+ \([\w.]+\))", "\n" + text):
        match = LINE.match(block.lstrip("\n"))
        if match:
            word = match[3]
            outcome = "passed" if word in ("ok", "expected failure") else "skipped" if word == "skipped" else "failed"
            results[match[2] if match[2].endswith(match[1]) else f"{match[2]}.{match[1]}"] = outcome
    return results


suites.main("django", suite)
