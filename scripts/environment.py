"""The environment `.venv`: made from a lock file, and made again only when that has changed.

    python3 -m scripts.environment           # what is needed to run
    python3 -m scripts.environment --dev     # and to test

By uv where there is one, else by venv and pip; both check every hash.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / "python"
NOTE = VENV / "nexafi.json"
"""What the environment was made from."""

NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
"""Where it is set, Python keeps nothing of what it compiles; images of containers often set it."""

COMPILE = (
    "import compileall, sys;"
    "[compileall.compile_dir(each, quiet=2, workers=0) for each in sys.argv[1:]]"
)
"""Compiles what is in folders; templates that packages bring along are no Python, and are left."""

OLDEST = (3, 11)
LOCKS = {False: "requirements.lock", True: "requirements-dev.lock"}


class NotSetUp(Exception):
    """The environment could not be made; the message says why, in one line."""


def ensure(*, dev: bool) -> float:
    """Make `.venv` what the lock says it is; return how many seconds that took."""
    began = time.monotonic()
    wanted = _wanted()
    found = _found()
    if found != wanted | {"dev": found.get("dev")} or (dev and not found["dev"]):
        dev = dev or bool(found.get("dev"))
        print(f"Setting up .venv from {LOCKS[dev]} ...", flush=True)
        _make(dev=dev, fresh=bool(found) and found.get("root") != wanted["root"])
        NOTE.write_text(json.dumps(wanted | {"dev": dev}), encoding="utf-8")
    return time.monotonic() - began


def _wanted() -> dict[str, object]:
    """Return what an environment of today is made from."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    parts = {name: project[name] for name in ("project", "build-system")}
    locks = b"".join((ROOT / lock).read_bytes() for lock in LOCKS.values())
    return {
        "root": str(ROOT),
        "locks": hashlib.sha256(locks).hexdigest(),
        "project": hashlib.sha256(json.dumps(parts).encode()).hexdigest(),
    }


def _found() -> dict[str, object]:
    """Return what the present environment was made from; nothing if it is not ours or broken."""
    if not PYTHON.exists():
        return {}
    try:
        return dict(json.loads(NOTE.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _make(*, dev: bool, fresh: bool) -> None:
    """Install what the lock says; an environment that came from elsewhere is made anew."""
    if fresh:
        shutil.rmtree(VENV, ignore_errors=True)
    base = getattr(sys, "_base_executable", sys.executable)  # we may run in what is made anew
    if uv := shutil.which("uv"):
        if not PYTHON.exists():
            _run([uv, "venv", "--quiet", "--python", base, str(VENV)])
        install = [uv, "pip", "install", "--quiet", "--python", str(PYTHON)]
    else:
        if not any(VENV.glob("[Ll]ib/**/site-packages/pip")):
            _run([base, "-m", "venv", str(VENV)])
        install = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*install, "--require-hashes", "-r", str(ROOT / LOCKS[dev])])
    _run([*install, "--no-deps", "--editable", str(ROOT)])
    if os.environ.get(NO_BYTECODE):  # each process would compile all that it imports, for seconds
        installed = map(str, (VENV / "lib").glob("python*/site-packages"))
        _run([str(PYTHON), "-c", COMPILE, *installed, str(ROOT / "src")])


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    except OSError as error:
        raise NotSetUp(f"{command[0]} could not be run: {error}") from error
    if done.returncode != 0:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        print("\n".join(said[-20:]), file=sys.stderr)
        raise NotSetUp(f"This failed: {' '.join(command)}")


def main(arguments: list[str]) -> int:
    """Make the environment; say in one line what is wrong if it cannot be."""
    if sys.version_info < OLDEST:
        print("NexaFi needs Python 3.11 or later.", file=sys.stderr)
        return 2
    try:
        seconds = ensure(dev="--dev" in arguments)
    except NotSetUp as error:
        print(f"The environment could not be set up. {error}", file=sys.stderr)
        return 2
    if seconds > 0.5:
        print(f"Set up in {seconds:.0f} s.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
