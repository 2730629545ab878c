"""`nexafi migrate`: bring databases up to date."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from nexafi.cli.failures import Code

if TYPE_CHECKING:
    from nexafi.cli.platform import Platform

app = typer.Typer()


@app.command()
def migrate(
    names: Annotated[
        list[str] | None, typer.Argument(help="Services, such as: ledger users. None: all.")
    ] = None,
    *,
    check: Annotated[bool, typer.Option("--check", help="Only say what is missing")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer for machines")] = False,
) -> None:
    """Bring the databases of services up to date. Forward only; run it as often as you like.

    On PostgreSQL it comes as the owner (NEXAFI_DATABASE_OWNER_URL).

    Example: nexafi migrate --check
    """
    from nexafi.cli.platform import GATEWAY, Platform, chosen
    from nexafi.kernel.settings import Settings

    settings = Settings()
    settings.folder.mkdir(parents=True, exist_ok=True)
    platform = Platform(settings)
    wanted = [name for name in chosen(names or []) if name != GATEWAY]
    if not check:
        for line in bring_up_to_date(platform, wanted):
            typer.echo(line, err=True)
    found = {name: missing(platform, name) for name in wanted}
    if as_json:
        print(json.dumps({name: fault or "up to date" for name, fault in found.items()}))
    else:
        for name, fault in found.items():
            print(f"{name:<10} {fault or 'up to date'}")
    raise typer.Exit(Code.FOUND if any(found.values()) else Code.DONE)


def missing(platform: Platform, name: str) -> str | None:
    """Return what the database of a service lacks, or None."""
    from nexafi.kernel.data.revisions import behind

    database = platform.owner_database(name)
    try:
        return behind(database)
    finally:
        database.close()


def bring_up_to_date(platform: Platform, names: list[str]) -> Iterator[str]:
    """Migrate the databases of *names* that need it; tell of each before it is done."""
    from nexafi.cli.platform import GATEWAY

    for name in names:
        if name == GATEWAY or missing(platform, name) is None:
            continue
        yield f"Bringing the database of {name} up to date ..."
        from nexafi.kernel.data.migrations import upgrade
        from nexafi.kernel.data.migrations.ground import prepare

        database = platform.owner_database(name)
        try:
            prepare(database)
            upgrade(database)
        finally:
            database.close()
