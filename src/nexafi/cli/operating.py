"""The operator's part of `nexafi user`: for those who cannot sign in, and for the signing keys.

Goes straight to the database of users, so it works while nothing runs and
needs no token. A password is asked for or read from standard input: an
argument would stand in the list of processes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nexafi.cli.failures import CommandFailed
from nexafi.cli.options import AsJson, Data

if TYPE_CHECKING:
    from nexafi.users.operator import Operator


def everybody(
    email: Annotated[str | None, typer.Argument(help="This user only")] = None,
    data: Data = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show who belongs where in this installation, across all organizations.

    Example: nexafi user everybody
    """
    with _operator(data) as operator:
        places = operator.places(email)
    if as_json:
        print(json.dumps([asdict(place) for place in places], default=str))
        return
    for place in places:
        waits = "  (invited)" if place.is_invited else ""
        print(f"{place.email}  {place.role}  {place.organization_id}  {place.organization}{waits}")


def reset_password(
    email: str,
    data: Data = None,
    *,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input")
    ] = False,
) -> None:
    """Give someone who forgot theirs another password. All their sessions end.

    Example: nexafi user reset-password ada@example.com
    """
    with _operator(data) as operator:
        if not operator.knows(email):
            raise CommandFailed(f"There is no user {email}.")
        operator.reset_password(email, _password(email, from_stdin=password_stdin))
    typer.echo(f"{email} has another password; all their sessions have ended.", err=True)


def rotate_keys(
    data: Data = None,
    *,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="After a leak: believe the old keys no more")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let a new key sign access tokens; it happens by itself every 30 days.

    With --withdraw everybody who is signed in refreshes within a minute.

    Example: nexafi user rotate-keys
    """
    with _operator(data) as operator:
        names = operator.rotate_keys(withdraw=withdraw)
    print(json.dumps({"published": names}) if as_json else "\n".join(names))


@contextmanager
def _operator(data: Path | None) -> Generator[Operator]:
    """Open the database of users for the operator; a refusal is told as to anyone."""
    from nexafi.cli.platform import Platform
    from nexafi.kernel.errors import Problem
    from nexafi.kernel.settings import Settings
    from nexafi.users.operator import Operator
    from nexafi.users.settings import UsersSettings

    platform = Platform(Settings(data=data) if data else Settings())
    equipment = platform.service("users").equipment
    given = next(each for each in equipment if isinstance(each, UsersSettings))
    try:
        yield Operator(platform.database("users"), platform.secret, given)
    except Problem as error:
        raise CommandFailed(error.detail) from error
    finally:
        platform.close()


def _password(email: str, *, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise CommandFailed("There is nobody to ask for a password; give it by --password-stdin.")
    return str(typer.prompt(f"A password for {email}", hide_input=True, confirmation_prompt=True))
