"""`nexafi demo`: a small company with a year of life, so that a newcomer sees full reports."""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from nexafi.cli import sample_company as sample
from nexafi.cli import showing, signed_in
from nexafi.cli.client import Api, Http, Refused, connect
from nexafi.cli.failures import CommandFailed
from nexafi.cli.options import AsJson, Data, Token, Url
from nexafi.cli.showing import Bar

LEDGER: Final = "/api/v1/ledger"
EMAIL: Final = "demo@example.com"
STEPS: Final = 12 + 9
TRAVEL, EQUIPMENT = "AIRLINE", "COMPUTERS"

app = typer.Typer()


class Story(StrEnum):
    """What is lived."""

    COMPANY = "company"
    PAYMENTS = "payments"


Which = Annotated[Story, typer.Argument(help="A company and its books, or a shop and its payments")]


@app.command()
def demo(
    which: Which = Story.COMPANY,
    url: Url = None,
    token: Token = None,
    data: Data = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make a sample company with a year of life: invoices, payroll, a loan, euros, bank files.

    It gets an organization of its own. Run it again: nothing is added twice.
    `payments` makes a shop with a month of life instead: cards, PayPal, SEPA debits, wallets,
    refunds, a dispute, payouts, all of it in the books. Its clock is moved, so it needs a data
    folder, not a running platform.

    Example: nexafi demo && nexafi report income-statement --organization "Sample Company"

    Example: nexafi demo payments --data var/shop
    """
    if which is Story.PAYMENTS:
        from nexafi.cli import shop

        shop.demo(url, data, as_json=as_json)
        return
    api, login = _company(url, token, data)
    try:
        with showing.bar(STEPS, "A year of Sample Company") as bar:
            told = _Year(api, bar).live()
    finally:
        api.close()
    if as_json:
        showing.show_json({"organization": sample.NAME, "where": api.where, **told, "login": login})
    else:
        _next(
            api.where, told, login, data, is_running=bool(url or (signed_in.found() and not data))
        )


def _company(
    url: str | None, token: str | None, data: Path | None
) -> tuple[Api, dict[str, str] | None]:
    """Return the platform as seen by the sample company, and how one signs in, if we know."""
    kept = signed_in.found()
    if url or (kept and data is None):
        if token or (kept and (not url or kept.url == url.rstrip("/"))):
            return connect(url, token, data), None
        address = str(url).rstrip("/")
        login = {"email": EMAIL, "password": secrets.token_urlsafe(15)}
        api = connect(url, None, data)
        told = _register(api, login)
        api.close()
        return Api(Http(address, told["access_token"]), where=address), login
    return connect(None, None, data, sample.NAME), _login_of(data)


def _login_of(data: Path | None) -> dict[str, str] | None:
    """Return how one signs in to the sample company of a data folder; make it if need be."""
    note = _folder(data) / "demo.json"
    if not note.exists():
        login = {"email": EMAIL, "password": secrets.token_urlsafe(15)}
        api = connect(None, None, data)
        try:
            _register(api, login)
        except CommandFailed as failure:
            if isinstance(failure.__cause__, Refused):
                return None  # it is there, and who made it knows the password
            raise
        finally:
            api.close()
        handle = os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(login, file)
    return dict(json.loads(note.read_text(encoding="utf-8")))


def _folder(data: Path | None) -> Path:
    from nexafi.kernel.settings import Settings

    return (Settings(data=data) if data else Settings()).folder


def _register(api: Api, login: dict[str, str]) -> dict[str, Any]:
    organization = {"name": sample.NAME, "country": "US"}
    try:
        return dict(api.post("/api/v1/users/register", {**login, "organization": organization}))
    except Refused as refusal:
        if refusal.status != 409:
            raise
        raise CommandFailed(
            f"{EMAIL} is there already. Sign in as such, then again:"
            f" nexafi login --email {EMAIL} --url {api.where}"
        ) from refusal


class _Year:
    """The year of the sample company, lived through the API; what is there already stays."""

    def __init__(self, api: Api, bar: Bar) -> None:
        self._api = api
        self._bar = bar

    def live(self) -> dict[str, Any]:
        """Do all of it; return what there is then."""
        start = self._begin()
        checking = self._bank_account("Checking", "USD", sample.CHECKING, "1010")
        euros = self._bank_account("Euro account", "EUR", sample.EUROS, None)
        self._step("Rates")
        for each in sample.rates(start):
            self._api.post(f"{LEDGER}/rates", each)
        self._step("Invoices, payroll, a loan")
        self._post(list(sample.entries(start, euros["account"])))
        self._step("Rules")
        self._rules()
        self._import(start)
        for account in (checking, euros):
            self._step(f"Reconciling {account['name']}")
            self._api.post(f"{LEDGER}/reconciliations/auto", {"bank_account": account["id"]})
        self._step("Reviewing")
        self._review(start)
        self._step("Closing")
        self._close(start)
        return self._told(start, [checking, euros])

    def _step(self, what: str) -> None:
        self._bar.doing(what)
        self._bar.step()

    def _begin(self) -> dt.date:
        """Open the books, unless they are open; return the first day of the year."""
        self._step("The chart of accounts")
        found = self._api.get(f"{LEDGER}/entries", text=sample.OPENING, limit=1)["items"]
        if found:
            return dt.date.fromisoformat(found[0]["date"]) + dt.timedelta(days=1)
        if self._api.get(f"{LEDGER}/entries", limit=1)["items"]:
            raise CommandFailed(
                "This organization has books of its own. The demo is for one without:"
                " sign out (nexafi logout), or name another data folder with --data."
            )
        from nexafi.kernel.data.context import utc_now

        start = sample.first_month(utc_now().date())
        self._api.post(f"{LEDGER}/accounts/template", {"template": "us-small-company"})
        self._api.post(f"{LEDGER}/accounts/opening", sample.opening(start))
        return start

    def _bank_account(
        self, name: str, currency: str, number: str, code: str | None
    ) -> dict[str, Any]:
        for each in self._api.each(f"{LEDGER}/bank-accounts"):
            if each["number"] == number:
                return dict(each)
        facts = {"name": name, "currency": currency, "number": number, "account": code}
        body = {key: value for key, value in facts.items() if value}
        return dict(self._api.post(f"{LEDGER}/bank-accounts", body))

    def _post(self, entries: list[dict[str, Any]]) -> None:
        """Post what is not posted yet: each entry names its source, which is posted once."""
        told = self._api.post(f"{LEDGER}/entries/batch", {"mode": "each", "entries": entries})
        for entry, result in zip(entries, told["results"], strict=True):
            problem = result.get("problem")
            if problem and not problem["type"].endswith(("already-posted", "period-closed")):
                raise CommandFailed(f"{entry['description']}: {problem.get('detail')}")

    def _rules(self) -> None:
        known = {each["name"] for each in self._api.each(f"{LEDGER}/rules")}
        for rule in sample.RULES:
            if rule["name"] not in known:
                self._api.post(f"{LEDGER}/rules", rule)

    def _import(self, start: dt.date) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name, raw in sample.statements(start):
                self._step(f"Importing {name}")
                file = Path(folder) / name
                file.write_bytes(raw)
                self._api.upload(f"{LEDGER}/statements", file)

    def _review(self, start: dt.date) -> None:
        """Accept what rules suggest, say ourselves what no rule knows, and leave the rest open."""
        for _ in range(10):
            told = self._api.post(f"{LEDGER}/statement-lines/accept", {"min_confidence": 0.9})
            if not told["left"]:
                break
        last = sample.month(start, sample.MONTHS - 1)
        for text, code in ((TRAVEL, "6500"), (EQUIPMENT, "1510")):
            before = (last - dt.timedelta(days=1)).isoformat()
            lines = self._api.each(f"{LEDGER}/statement-lines", state="new", text=text, to=before)
            for line in list(lines):
                self._api.post(f"{LEDGER}/statement-lines/{line['id']}/accept", {"account": code})

    def _close(self, start: dt.date) -> None:
        """Open the fiscal years; close the one that is over, or else the first three months."""
        end = sample.last_day(sample.month(start, sample.MONTHS - 1))
        known = list(self._api.each(f"{LEDGER}/periods"))
        for year in range(start.year, end.year + 1):
            if not any(each["starts_on"].startswith(f"{year}-01-01") for each in known):
                body = {"day": f"{year}-06-30", "split": "month"}
                known += self._api.post(f"{LEDGER}/periods", body)["items"]
        early = sample.last_day(sample.month(start, 2)).isoformat()
        for each in known:
            is_over = each["kind"] == "year" and each["ends_on"] < f"{end.year}"
            is_early = each["kind"] == "period" and each["ends_on"] <= early
            if each["state"] == "open" and (is_over or (is_early and start.year == end.year)):
                self._api.post(f"{LEDGER}/periods/{each['id']}/close", {"mode": "hard"})

    def _told(self, start: dt.date, accounts: list[dict[str, Any]]) -> dict[str, Any]:
        """Return what a newcomer will find."""
        self._step("Checking")
        end = sample.last_day(sample.month(start, sample.MONTHS - 1))
        check = self._api.get(f"{LEDGER}/check")
        found = [
            self._api.get(
                f"{LEDGER}/bank-accounts/{each['id']}/reconciliation", as_of=end.isoformat()
            )
            for each in accounts
        ]
        return {
            "from": start.isoformat(),
            "to": end.isoformat(),
            "entries": check["entries"],
            "is_right": check["is_right"],
            "is_reconciled": all(each["is_reconciled"] for each in found),
            "open_lines": sum(each["open_statement_lines"]["count"] for each in found),
        }


def _next(
    where: str,
    told: dict[str, Any],
    login: dict[str, str] | None,
    data: Path | None,
    *,
    is_running: bool,
) -> None:
    """Say what is there, and what one may do now."""
    which = "" if is_running else f' --organization "{sample.NAME}"'
    which += f" --data {data}" if data and not is_running else ""
    year = f"--from {told['from']} --to {told['to']}"
    say = showing.console().print
    say(
        f"[bold]{sample.NAME}[/bold] has a year of books, {told['from']} to {told['to']}:"
        f" {told['entries']} entries,"
        f" balances {'right' if told['is_right'] else 'NOT RIGHT'},"
        f" banks {'reconciled' if told['is_reconciled'] else 'NOT RECONCILED'},"
        f" {told['open_lines']} lines left for you to review.\n",
    )
    say(f"  data      {where}", soft_wrap=True)
    if login:
        say(f"  sign in   {login['email']}  {login['password']}", soft_wrap=True, markup=False)
    say("\nNow try:\n")
    for command in (
        f"nexafi report income-statement {year}{which}",
        f"nexafi report balance-sheet --as-of {told['to']}{which}",
        f"nexafi ledger verify{which}",
    ):
        say(f"  {command}", soft_wrap=True, markup=False)
    if not is_running:
        say("\nAnd see it served, with the API's documentation at http://127.0.0.1:5000/docs:\n")
        say(
            f"  nexafi serve --all{f' --data {data}' if data else ''}", soft_wrap=True, markup=False
        )
