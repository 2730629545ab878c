"""`nexafi database`: what the administrator of a PostgreSQL server does once."""

from __future__ import annotations

import json
import re
from typing import Annotated, Final

import typer

from nexafi.cli.failures import CommandFailed
from nexafi.cli.options import AsJson

VARIABLES: Final = {
    "nexafi_app": "NEXAFI_DATABASE_URL",
    "nexafi_owner": "NEXAFI_DATABASE_OWNER_URL",
    "nexafi_steward": "NEXAFI_DATABASE_STEWARD_URL",
}

app = typer.Typer(
    no_args_is_help=True, help="Prepare a PostgreSQL server: roles, database, schemas."
)


@app.callback()
def database() -> None:
    """Prepare a PostgreSQL server: roles, database, schemas."""


@app.command()
def roles(
    name: Annotated[str, typer.Option("--database", help="What the database is called")] = "nexafi",
    apply: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="NEXAFI_DATABASE_ADMIN_URL",
            help="Do it, as the administrator at this address; else the SQL is printed",
        ),
    ] = None,
    *,
    new_passwords: Annotated[
        bool, typer.Option("--new-passwords", help="Give roles that exist another password, too")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the three roles, the database and a schema for each service, with least rights.

    Without --apply the SQL is printed, for psql. With --apply it is run, and what is printed
    are the settings of NexaFi with passwords made by chance: put them into .env, and nowhere
    else. It may be run as often as you like.

    Example: nexafi database roles > roles.sql
    Example: nexafi database roles --apply postgresql://postgres@db/postgres > .env
    """
    from nexafi.kernel.data import roles as made
    from nexafi.kernel.settings import SERVICES

    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
        raise CommandFailed("A database is called by small letters, digits and lines: nexafi_2")
    if apply is None:
        print(made.script(name, SERVICES), end="")
        return
    if not re.match(r"postgres(ql)?(\+psycopg)?://", apply):
        raise CommandFailed("An administrator is named as postgresql://user:password@host/postgres")
    urls = made.apply(apply.replace("postgres://", "postgresql://"), name, SERVICES,
                      renew=new_passwords)  # fmt: skip
    if as_json:
        print(json.dumps({VARIABLES[role]: url for role, url in urls.items()}))
        return
    for role, url in urls.items():
        print(f"{VARIABLES[role]}={url}")
    typer.echo("Next: nexafi migrate, then nexafi doctor.", err=True)
