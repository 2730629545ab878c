"""Programs of the distribution that some tests need, installed where that is allowed.

The one list of them: a test that needs one of these skips without it, and fails where CI is set.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Final

PACKAGES: Final = {
    "redis-server": "redis-server",
    "rabbitmq-server": "rabbitmq-server",
    "promtool": "prometheus",
    "amtool": "prometheus-alertmanager",
    "pgbouncer": "pgbouncer",
    "docker-compose": "docker-compose",
    "kubectl": "kubernetes-client",
    "hledger": "hledger",
}
"""The package of Debian and Ubuntu that has each program."""

FOLDERS: Final = os.pathsep.join(["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"])


def missing() -> list[str]:
    """Return the packages whose programs are not here."""
    path = f"{os.environ.get('PATH', '')}{os.pathsep}{FOLDERS}"
    return [PACKAGES[each] for each in PACKAGES if shutil.which(each, path=path) is None]


def install() -> list[str]:
    """Install what is missing, if we are root and there is apt-get; return what still is.

    Nothing that is installed is started: the tests start servers of their own.
    """
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
