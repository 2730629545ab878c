"""`nexafi payments`: what an operator of payments does by hand."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

import typer

from nexafi.cli import showing
from nexafi.cli.client import connect
from nexafi.cli.failures import Code, CommandFailed
from nexafi.cli.options import AsJson, Data, Organization, Token, Url

EVENTS: Final = "/api/v1/payments/webhook-events"

app = typer.Typer(no_args_is_help=True, help="Webhooks of providers, applied once more.")


@app.callback()
def payments() -> None:
    """Work on payments by hand."""


@app.command()
def replay(
    ids: Annotated[
        list[str] | None,
        typer.Argument(help="Ids of webhook events, as GET /webhook-events shows them"),
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="None that came before: 2026-04-01T00:00:00Z")
    ] = None,
    to: Annotated[str | None, typer.Option(help="None that came then or later")] = None,
    url: Url = None,
    token: Token = None,
    data: Data = None,
    organization: Organization = None,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="All that were given up")] = False,
    as_json: AsJson = False,
) -> None:
    """Apply webhooks of providers once more: one, some, or all that --failed.

    Safe to repeat: what a webhook says is done once. Ends with 1 if one still cannot be applied.

    Example: nexafi payments replay --failed --from 2026-04-01T00:00:00Z
    """
    if bool(ids) == failed:
        raise CommandFailed("Name the webhook events to replay, or say --failed.")
    wanted = [_id(each) for each in ids or ()]
    api = connect(url, token, data, organization)
    try:
        if failed:
            span = {name: at for name, at in (("from", from_), ("to", to)) if at is not None}
            wanted = [each["id"] for each in api.each(EVENTS, state="failed", **span)]
        done = [api.post(f"{EVENTS}/{each}/replay") for each in reversed(wanted)]
    finally:
        api.close()
    if as_json:
        showing.show_json({"replayed": done})
    for each in done if not as_json else ():
        showing.console().print(f"{each['id']} {each['name']}: {each['state']} {each['reason']}")
    if not done and not as_json:
        showing.console().print("Nothing was given up.")
    is_left = any(each["state"] in {"received", "failed"} for each in done)
    raise typer.Exit(Code.FOUND if is_left else Code.DONE)


def _id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise CommandFailed(f"{text} is not the id of a webhook event.") from None
