"""How NexaFi comes into the servers: roles, database, users; each told as a line of `.env`."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import quote

from scripts import environment
from scripts.infrastructure import greetings
from scripts.infrastructure.parts import Trouble
from scripts.infrastructure.processes import HERE

DATABASE: Final = "NEXAFI_DATABASE_URL"
UNKNOWN: Final = ":...@"
"""What stands for the password of a role that somebody else made."""

VARIABLES: Final = {
    "app": "NEXAFI_DATABASE_URL",
    "owner": "NEXAFI_DATABASE_OWNER_URL",
    "steward": "NEXAFI_DATABASE_STEWARD_URL",
}
ADMIN: Final = "NEXAFI_DATABASE_ADMIN_URL"


def to_postgres(
    port: int, password: str | None, before: dict[str, str], name: str
) -> dict[str, str]:
    """Return the addresses of the three roles, which are made if need be.

    Args:
        port: where the server listens.
        password: of the administrator; None for a server that is not ours.
        before: what was written into `.env` the last time.
        name: of the database.

    Raises:
        Trouble: nobody lets us in as an administrator, or the roles have passwords of others.

    """
    kept = {key: _at(before[key], port) for key in VARIABLES.values() if key in before}
    if kept and f"/{name}" in kept[DATABASE] and _works(kept[DATABASE]):
        return kept
    admin = _administrator(port, password)
    if admin is None:
        told = _over_the_socket(port, name)
        if told is None:
            raise Trouble(
                f"PostgreSQL on port {port} does not let us in as its administrator, or has roles"
                f" of NexaFi with passwords of their own: set {ADMIN}=postgresql://postgres:"
                f"password@{HERE}:{port}/postgres, or put NEXAFI_DATABASE_URL and its kind"
                " into .env (nexafi database roles)."
            )
        return told
    renewed = ["--new-passwords"] if password is not None else []
    command = ["database", "roles", "--database", name, "--json", *renewed]
    made: dict[str, str] = json.loads(_nexafi(*command, env={ADMIN: admin}))
    if UNKNOWN in made[DATABASE] and not _works(made[DATABASE]):
        raise Trouble(
            f"The roles of NexaFi are on port {port} already, with passwords that we do not know:"
            " put NEXAFI_DATABASE_URL and its kind into .env, or give new ones by"
            " nexafi database roles --new-passwords --apply ..."
        )
    return made


def to_redis(port: int, password: str | None) -> dict[str, str]:
    """Return the address of a Redis; raise Trouble if it wants a password that we do not know."""
    if password is None and not greetings.redis_is_open(port):
        raise Trouble(
            f"Redis on port {port} wants a password: put"
            f" NEXAFI_REDIS_URL=redis://:password@{HERE}:{port}/0 into .env."
        )
    who = f":{quote(password, safe='')}@" if password else ""
    return {"NEXAFI_REDIS_URL": f"redis://{who}{HERE}:{port}/0"}


def to_rabbitmq(port: int, password: str | None) -> dict[str, str]:
    """Return the address of a RabbitMQ; raise Trouble if it does not let us in."""
    if password is not None:
        return {
            "NEXAFI_RABBITMQ_URL": f"amqp://nexafi:{quote(password, safe='')}@{HERE}:{port}/nexafi"
        }
    if greetings.rabbitmq_takes(port, "guest", "guest"):
        return {"NEXAFI_RABBITMQ_URL": f"amqp://guest:guest@{HERE}:{port}/"}
    raise Trouble(
        f"RabbitMQ on port {port} does not let guest in: put"
        f" NEXAFI_RABBITMQ_URL=amqp://user:password@{HERE}:{port}/vhost into .env."
    )


def _administrator(port: int, password: str | None) -> str | None:
    """Return the address at which an administrator of PostgreSQL is let in, or None."""
    if password is not None:
        return f"postgresql://postgres:{quote(password, safe='')}@{HERE}:{port}/postgres"
    if given := os.environ.get(ADMIN):
        return given
    trusting = f"postgresql://postgres@{HERE}:{port}/postgres"
    if _works(trusting):
        return trusting
    return None


def _over_the_socket(port: int, name: str) -> dict[str, str] | None:
    """Make the roles as the server's own user over its socket, if we are root; else None.

    Nothing stays of it but what is told. Roles that are there keep the passwords of others.
    """
    folder = Path("/var/run/postgresql")
    if os.geteuid() != 0 or not (folder / f".s.PGSQL.{port}").exists() or not shutil.which("psql"):
        return None
    psql = ["psql", "-qXtA", "-v", "ON_ERROR_STOP=1", "-h", str(folder), "-p", str(port)]

    def run(script: str) -> str | None:
        done = subprocess.run(
            [*psql, "postgres"], input=script, check=False, capture_output=True, text=True,
            user="postgres", group="postgres", cwd="/",
        )  # fmt: skip
        return done.stdout.strip() if done.returncode == 0 else None

    if run("SELECT count(*) FROM pg_roles WHERE rolname ~ '^nexafi_(app|owner|steward)$'") != "0":
        return None
    passwords = {role: os.urandom(24).hex() for role in VARIABLES}
    settings = [f"\\set {role}_password '{each}'" for role, each in passwords.items()]
    script = _nexafi("database", "roles", "--database", name, env={})
    if run("\n".join([*settings, script])) is None:
        return None
    return {
        VARIABLES[role]: f"postgresql+psycopg://nexafi_{role}:{each}@{HERE}:{port}/{name}"
        for role, each in passwords.items()
    }


def _at(url: str, port: int) -> str:
    """Return an address with another port: a server of ours may have moved."""
    return re.sub(rf"@{re.escape(HERE)}:\d+/", f"@{HERE}:{port}/", url)


def _works(url: str) -> bool:
    """Return whether a session can be begun at *url*."""
    given = {"URL": url.replace("postgresql+psycopg:", "postgresql:")}
    script = "import os, psycopg; psycopg.connect(os.environ['URL'], connect_timeout=5).close()"
    command = [str(environment.PYTHON), "-c", script]
    return _run(command, env=given).returncode == 0


def _nexafi(*arguments: str, env: dict[str, str]) -> str:
    command = [str(environment.PYTHON), "-m", "nexafi.cli.main", *arguments]
    done = _run(command, env=env)
    if done.returncode != 0:
        raise Trouble(f"nexafi {' '.join(arguments[:2])}: {done.stderr.strip()[-400:]}")
    return done.stdout


def _run(command: list[str], *, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("NEXAFI_")}
    return subprocess.run(
        command, check=False, cwd="/", env={**own, **env}, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
