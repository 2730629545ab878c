"""`nexafi demo payments`: a shop with a month of payments, so that a newcomer sees them booked."""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
from pathlib import Path
from typing import Any, Final

from nexafi.cli import sample_shop as sample
from nexafi.cli import showing
from nexafi.cli.client import Api, Embedded, Refused
from nexafi.cli.failures import CommandFailed
from nexafi.cli.shop_month import STEPS, Days, Month

NOTE: Final = "demo-shop.json"


def demo(url: str | None, data: Path | None, *, as_json: bool) -> None:
    """Live the month of the sample shop in a data folder, and say what is there."""
    if url:
        raise CommandFailed(
            "The clock of a running platform cannot be moved. Leave out --url, and name a data"
            " folder with --data."
        )
    from nexafi.cli.migrate import bring_up_to_date
    from nexafi.cli.platform import Platform, existing
    from nexafi.kernel.settings import Settings

    settings = Settings(data=data) if data else Settings()
    settings.folder.mkdir(parents=True, exist_ok=True)
    names = existing()
    platform = Platform(settings, near=names)
    list(bring_up_to_date(platform, names))
    login = _login(platform, settings.folder)
    api = Api(Embedded(platform, sample.NAME), where=str(settings.folder))
    today = platform.database("users").clock().date()
    start = today - dt.timedelta(days=sample.DAYS + sample.ARRIVES_AFTER + 1)
    days = Days(platform, names)
    try:
        with showing.bar(STEPS, "A month of Sample Shop") as bar:
            told = Month(api, days, bar, start).live()
    finally:
        days.end()
        api.close()
    if as_json:
        where = {"organization": sample.NAME, "where": api.where}
        showing.show_json({**where, **told, "login": login})
    else:
        _next(api.where, told, login, data)


def _login(platform: Any, folder: Path) -> dict[str, str] | None:  # noqa: ANN401 - a Platform
    """Return how one signs in to the shop; make it if need be."""
    note = folder / NOTE
    if note.exists():
        return dict(json.loads(note.read_text(encoding="utf-8")))
    login = {"email": sample.EMAIL, "password": secrets.token_urlsafe(15)}
    organization = {"name": sample.NAME, "country": "DE", "base_currency": "EUR"}
    api = Api(Embedded(platform, None), where=str(folder))
    try:
        api.post("/api/v1/users/register", {**login, "organization": organization})
    except Refused as refusal:
        if refusal.status != 409:
            raise
        return None  # it is there, and who made it knows the password
    handle = os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(login, file)
    return login


def _next(
    where: str, told: dict[str, Any], login: dict[str, str] | None, data: Path | None
) -> None:
    """Say what is there, and what one may do now."""
    say = showing.console().print
    say(
        f"[bold]{sample.NAME}[/bold] has a month of payments, {told['from']} to {told['to']}:"
        f" {told['charges']} charges, {told['movements']} movements of money,"
        f" {told['unbooked']} of them not in the books; {told['entries']} entries, balances"
        f" {'right' if told['is_right'] else 'NOT RIGHT'}.\n"
    )
    for each in told["clearing"]:
        balance, unexplained = each["balance"], each["unexplained"]
        say(
            f"  clearing  {each['provider']} owes {balance['amount']} {balance['currency']},"
            f" {unexplained['amount']} of it unexplained",
            soft_wrap=True,
        )
    say(f"  data      {where}", soft_wrap=True)
    if login:
        say(f"  sign in   {login['email']}  {login['password']}", soft_wrap=True, markup=False)
    which = f' --organization "{sample.NAME}"' + (f" --data {data}" if data else "")
    say("\nNow try:\n")
    for command in (
        f"nexafi report trial-balance --as-of {told['to']}{which}",
        f"nexafi report income-statement --from {told['from']} --to {told['to']}{which}",
        f"nexafi ledger verify{which}",
    ):
        say(f"  {command}", soft_wrap=True, markup=False)
