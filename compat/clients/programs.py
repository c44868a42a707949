"""Small programs that use a client as its users do: each prints `ok STEP` or `not ok STEP`.

A program is a suite of `suites.py` whose tests are its steps. Its packages are installed
in a folder of its own under the cache, where the program is copied, so that it finds
them; the versions stand in the client's `run.py`.
"""

import shutil
import subprocess

import suites

LIMIT_SECONDS = 300


def node(name, *files, **packages):
    """A program in JavaScript, `NAME/program.mjs`, over these npm packages; `files` stand beside it."""

    def suite(server, arguments):
        directory = suites.CACHE / f"node-{name}"
        place = directory / name
        place.mkdir(parents=True, exist_ok=True)
        stamp = directory / "packages"
        wanted = " ".join(f"{package}@{version}" for package, version in packages.items())
        if not stamp.exists() or stamp.read_text() != wanted:
            (directory / "package.json").write_text("{}")
            quiet = ["--silent", "--no-audit", "--no-fund"]
            suites.run(["npm", "install", *quiet, *wanted.split()], cwd=directory)
            stamp.write_text(wanted)
        for file in ("tap.mjs", "chromium.mjs"):
            shutil.copy(suites.HERE / file, directory)
        for file in ("program.mjs", *files):
            shutil.copy(suites.HERE / name / file, place)
        binary = arguments.zserver or suites.servers.built_server()
        more = {"CLIENT_MODULES": directory / "node_modules", "ZSERVER_BINARY": binary}
        return steps(server, ["node", "program.mjs"], place, **more)

    suites.main(name, suite)


def python(name, *requirements):
    """A program in Python, `NAME/program.py`, over these packages."""

    def suite(server, arguments):
        interpreter = suites.venv(name, *requirements)
        binary = arguments.zserver or suites.servers.built_server()
        words = [interpreter, suites.HERE / name / "program.py"]
        return steps(server, words, suites.HERE, ZSERVER_BINARY=binary)

    suites.main(name, suite)


def steps(server, words, directory, **environment):
    environment = server.environment(**{key: str(value) for key, value in environment.items()})
    with open(server.log, "wb") as log:
        try:
            done = subprocess.run(
                [str(word) for word in words], cwd=directory, env=environment, stdout=subprocess.PIPE,
                stderr=log, timeout=LIMIT_SECONDS,
            )
            said = done.stdout
        except subprocess.TimeoutExpired as hung:
            said = hung.stdout or b""
        log.write(said)
    results = {}
    for line in said.decode(errors="replace").splitlines():
        if line.startswith("ok "):
            results[line[3:]] = "passed"
        elif line.startswith("not ok "):
            results[line[7:].split(":")[0]] = "failed"
    return results
