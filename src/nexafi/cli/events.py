"""`nexafi events`: what was told and could not be borne, and how it is told again.

Goes straight to the outboxes and to RabbitMQ, as the operator; it needs no
token, and works while nothing runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nexafi.cli import showing
from nexafi.cli.failures import Code, CommandFailed
from nexafi.cli.options import AsJson, Data

if TYPE_CHECKING:
    from nexafi.cli.platform import Platform
    from nexafi.kernel.news.parked import Parked

ServiceName = Annotated[str | None, typer.Option(help="This service only, such as ledger")]

app = typer.Typer(
    no_args_is_help=True,
    help="""Events that could not be delivered, and how to tell them again.

    Services tell each other what happened by events. One that a listener cannot bear is tried
    eight times, later and later, and then parked with its reason: in the outbox of the service
    that told it, or with RabbitMQ in the queue of the one that could not bear it. Nothing is
    lost, and nothing else waits for it.

    Look with: nexafi events parked. Mend what the reason names. Then: nexafi events replay --all.
    """,
)


@app.command()
def parked(service: ServiceName = None, data: Data = None, *, as_json: AsJson = False) -> None:
    """Show the events that were given up: which, whose, when, and why. Changes nothing.

    Ends with 1 if there are any, so that a script can ask.

    Example: nexafi events parked --service ledger
    """
    with _platform(data) as platform:
        found = _parked(platform, _services(service))
    if as_json:
        showing.show_json({"parked": [_plain(each) for each in found]})
    elif not found:
        showing.console().print("Nothing is parked.")
    for each in found if not as_json else ():
        _show(each)
    raise typer.Exit(Code.FOUND if found else Code.DONE)


@app.command()
def replay(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Ids of events, as `nexafi events parked` shows them")
    ] = None,
    service: ServiceName = None,
    data: Data = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All that is parked")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell parked events again, as if for the first time: one, some, or --all.

    Safe to repeat: a service that has handled an event does nothing when it comes again, and an
    event that is not parked any more is left alone. It is tried eight times anew; what is
    still not mended is parked again.

    Example: nexafi events replay 0199c2f0-8a3e-7c41-9d57-2f1b6c0e4a11
    """
    if bool(ids) == every:
        raise CommandFailed("Name the events to tell again, or say --all.")
    wanted = None if every else [_id(each) for each in ids or ()]
    with _platform(data) as platform:
        done = _replay(platform, _services(service), wanted)
    missing = sorted(set(wanted or ()) - set(done))
    if as_json:
        showing.show_json({"replayed": done, "not_parked": missing})
        return
    say = showing.console().print
    say(f"{len(done)} told again." if done else "Nothing was parked that could be told again.")
    for each in missing:
        say(f"{each} is not parked.")


@contextmanager
def _platform(data: Any) -> Iterator[Platform]:  # noqa: ANN401 - a path, if any
    from nexafi.cli.platform import Platform
    from nexafi.kernel.settings import Settings

    platform = Platform(Settings(data=data) if data else Settings())
    try:
        yield platform
    finally:
        platform.close()


def _services(name: str | None) -> list[str]:
    from nexafi.cli.platform import GATEWAY, UnknownService, chosen

    try:
        return [each for each in chosen([name] if name else []) if each != GATEWAY]
    except UnknownService as error:
        raise CommandFailed(str(error)) from error


def _parked(platform: Platform, names: list[str]) -> list[Parked]:
    from nexafi.kernel.news import parked as outboxes

    found = [each for name in names for each in outboxes.parked(platform.database(name))]
    if platform.broker is not None:
        found += platform.broker.parked(names)
    return found


def _replay(platform: Platform, names: list[str], ids: list[str] | None) -> list[str]:
    from uuid import UUID

    from nexafi.kernel.news import parked as outboxes

    wanted = None if ids is None else [UUID(each) for each in ids]
    done = [str(it) for name in names for it in outboxes.replay(platform.database(name), wanted)]
    if platform.broker is not None:
        done += platform.broker.replay(names, ids)
    return sorted(set(done))


def _id(text: str) -> str:
    from uuid import UUID

    try:
        return str(UUID(text))
    except ValueError:
        raise CommandFailed(f"{text} is not the id of an event.") from None


def _plain(each: Parked) -> dict[str, Any]:
    return {
        name: value.isoformat() if name.endswith("_at") and value else value
        for name, value in asdict(each).items()
    }


def _show(each: Parked) -> None:
    say = showing.console().print
    when = f"{each.parked_at:%Y-%m-%d %H:%M:%S}Z" if each.parked_at else "at an unknown time"
    say(f"{each.id or '(without an id)'}  {each.event or '(unreadable)'}", soft_wrap=True)
    say(f"  {each.service}, {each.place}, given up {when} after {each.tries} tries", soft_wrap=True)
    if each.organization_id:
        say(f"  organization {each.organization_id}", soft_wrap=True)
    say(f"  {each.reason}", soft_wrap=True, markup=False)
