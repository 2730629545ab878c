"""Programs of the distribution and of npm that some tests need, installed where that is allowed.

The one list of them: a test that needs one of these skips without it, and fails where CI is set.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from scripts import environment

PACKAGES: Final = {
    "redis-server": "redis-server",
    "rabbitmq-server": "rabbitmq-server",
    "promtool": "prometheus",
    "amtool": "prometheus-alertmanager",
    "pgbouncer": "pgbouncer",
    "docker-compose": "docker-compose",
    "kubectl": "kubernetes-client",
    "hledger": "hledger",
    "node": "nodejs",
    "npm": "npm",
}
"""The package of Debian and Ubuntu that has each program."""

NODE_PACKAGES: Final = {"stripe-stateful-mock": "0.0.16"}
"""Of npm: servers that stand in for those of others, each in one version."""

FOLDERS: Final = os.pathsep.join(["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"])


def missing() -> list[str]:
    """Return the packages whose programs are not here."""
    path = f"{os.environ.get('PATH', '')}{os.pathsep}{FOLDERS}"
    return [PACKAGES[each] for each in PACKAGES if shutil.which(each, path=path) is None]


def node_modules() -> Path:
    """Return where packages of npm lie: beside those of Python, so that they go with them."""
    return environment.VENV / "node" / "node_modules"


def install() -> list[str]:
    """Install what is missing, as far as that is allowed; return what still is.

    Nothing that is installed is started: the tests start servers of their own.
    """
    return [*_install_programs(), *_install_node_packages()]


def _install_node_packages() -> list[str]:
    """Install packages of npm where there is an npm; none of them may run anything meanwhile."""
    folder, npm = node_modules(), shutil.which("npm")
    wanted = {each: NODE_PACKAGES[each] for each in NODE_PACKAGES if not (folder / each).is_dir()}
    if wanted and npm is not None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        named = [f"{each}@{version}" for each, version in wanted.items()]
        quiet = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        command = [npm, "install", "--prefix", str(folder.parent), *quiet, *named]
        subprocess.run(command, check=False, capture_output=True)
    return [each for each in wanted if not (folder / each).is_dir()]


def _install_programs() -> list[str]:
    """Install what is missing of the distribution, if we are root and there is apt-get."""
    wanted = missing()
    if not wanted or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return wanted
    print(f"Installing what tests need: {' '.join(wanted)} ...", flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *wanted]
    for attempt in (command, ["apt-get", "update", "-q"], command):
        done = subprocess.run(attempt, check=False, capture_output=True, text=True, env=env)
        if attempt is command and done.returncode == 0:
            break
    return missing()
