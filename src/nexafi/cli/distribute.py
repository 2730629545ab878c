"""`nexafi distribute`: spread the books over several machines by Citus."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from nexafi.cli import showing
from nexafi.cli.failures import CommandFailed

if TYPE_CHECKING:
    from nexafi.cli.platform import Platform

app = typer.Typer()


@app.command()
def distribute(
    names: Annotated[
        list[str] | None, typer.Argument(help="Services, such as: ledger. None: all.")
    ] = None,
    *,
    apply: Annotated[
        bool, typer.Option("--apply", help="Run it, as the owner; else it is printed")
    ] = False,
) -> None:
    """Print what Citus needs to spread the tables by organization, or do it.

    The rows of an organization stay together on one node, so that every constraint, trigger and
    statement of the hot paths finds what it needs there. Run it on the coordinator, after
    nexafi migrate, while nothing runs; each service whole or not at all.

    Example: nexafi distribute > citus.sql && psql -1 -f citus.sql nexafi
    """
    from nexafi.cli.platform import GATEWAY, Platform, chosen
    from nexafi.kernel.settings import Settings

    platform = Platform(Settings())
    wanted = [name for name in chosen(names or []) if name != GATEWAY]
    with showing.bar(len(wanted), "Spreading") as bar:
        for name in wanted:
            bar.doing(name)
            _one(platform, name, apply=apply)
            bar.step()


def _one(platform: Platform, name: str, *, apply: bool) -> None:
    from nexafi.cli.migrate import missing
    from nexafi.kernel.data import spreading
    from nexafi.kernel.data.distribution import ground

    if platform.settings.address(name).startswith("sqlite"):
        raise CommandFailed("Tables are spread on PostgreSQL: set NEXAFI_DATABASE_URL.")
    if fault := missing(platform, name):
        raise CommandFailed(f"The database of {name} is not ready: {fault}")
    with closing(platform.owner_database(name)) as database:
        schema, place, statements = spreading.planned(database)
        try:
            if apply:
                spreading.run(database, statements)
        except spreading.NoCitus as error:
            raise CommandFailed(
                f"{error} As the administrator, on every node: {'; '.join(ground(place))}"
            ) from error
    if apply:
        showing.beside().print(f"{name}: {len(statements)} tables and functions are spread.")
        return
    print(f"-- {name}; once, as the administrator:")
    for statement in ground(place):
        print(f"--   {statement};")
    print(f"SET search_path = {schema};")
    for statement in statements:
        print(f"{statement};")
    print()
