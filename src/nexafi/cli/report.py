"""`nexafi report`: a report in the terminal, or as a file."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text

from nexafi.cli import showing
from nexafi.cli.client import Api, connect
from nexafi.cli.failures import CommandFailed
from nexafi.cli.options import AsJson, Data, Organization, Token, Url

REPORTS: Final = "/api/v1/ledger/reports"

app = typer.Typer()


class Name(StrEnum):
    """The reports that there are."""

    TRIAL_BALANCE = "trial-balance"
    INCOME_STATEMENT = "income-statement"
    BALANCE_SHEET = "balance-sheet"
    GENERAL_LEDGER = "general-ledger"
    CASH = "cash"


class Format(StrEnum):
    """How a report is given."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


@app.command()
def report(
    name: Annotated[Name, typer.Argument(help="Which report")],
    as_of: Annotated[str | None, typer.Option(help="The last day: 2026-03-31; else today")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="The first day; else that of the fiscal year")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", help="The same as --as-of")] = None,
    compare: Annotated[
        str | None, typer.Option(help="previous_period, previous_year, '3 months', '2 years'")
    ] = None,
    dimension: Annotated[
        str | None, typer.Option(help="A column for each value of a tag, such as department")
    ] = None,
    known_at: Annotated[
        str | None, typer.Option(help="Only what was recorded by then: 2026-04-01T12:00:00Z")
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="Of the general ledger: one account, by its code")
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="How it is given")] = Format.TABLE,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Into this file; else it is printed")
    ] = None,
    url: Url = None,
    token: Token = None,
    data: Data = None,
    organization: Organization = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show a report: trial balance, income statement, balance sheet, general ledger or cash.

    Example: nexafi report income-statement --to 2026-03-31 --compare previous_year

    Example: nexafi report balance-sheet --format pdf --output balance.pdf
    """
    asked = {
        "as_of": as_of,
        "from": from_,
        "to": to,
        "compare": compare,
        "dimension": dimension,
        "known_at": known_at,
        "account": account,
    }
    wanted = Format.JSON if as_json else format_
    if wanted in {Format.XLSX, Format.PDF} and output is None:
        raise CommandFailed(f"A {wanted.upper()} goes into a file: --output {name}.{wanted}")
    api = connect(url, token, data, organization)
    try:
        if wanted is Format.TABLE:
            _show(api, name, asked, output)
        else:
            answer = api.download(f"{REPORTS}/{name}", format=wanted, **asked)
            _give(answer.body, output)
    finally:
        api.close()


def _give(content: bytes, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.write(content.rstrip(b"\n") + b"\n")
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise CommandFailed(f"{output} cannot be written: {error.strerror}.") from error
    showing.beside().print(f"{output}: {len(content):,} bytes", soft_wrap=True)


def _show(api: Api, name: Name, asked: dict[str, Any], output: Path | None) -> None:
    if output is not None:
        raise CommandFailed("A table is for the terminal; say --format csv, xlsx, pdf or json.")
    found = api.get(f"{REPORTS}/{name}", **asked)
    drawn = {Name.TRIAL_BALANCE: _trial_balance, Name.GENERAL_LEDGER: _general_ledger}
    showing.console().print(drawn.get(name, _statement)(found))


def _table(title: str, currency: str) -> Table:
    return Table(
        title=f"{title} in {currency}", title_justify="left", header_style="bold", box=None
    )


def _trial_balance(found: dict[str, Any]) -> Table:
    table = _table(f"Trial balance as of {found['as_of']}", found["currency"])
    for heading in ("Account", "Name", "Debit", "Credit"):
        table.add_column(heading, justify="right" if heading in {"Debit", "Credit"} else "left")
    for row in found["rows"]:
        sides = (_or_nothing(row["debit"]), _or_nothing(row["credit"]))
        table.add_row(row["account"], row["name"], *sides)
    totals = found["totals"]
    table.add_section()
    both = (showing.amount(totals["debit"]), showing.amount(totals["credit"]))
    table.add_row("", "Total", *both, style="bold")
    return table


def _or_nothing(money: dict[str, Any]) -> Text:
    return Text("") if not float(money["amount"]) else showing.amount(money)


def _statement(found: dict[str, Any]) -> Table:
    table = _table(found["title"], found["currency"])
    table.add_column("")
    table.add_column("")
    for column in found["columns"]:
        table.add_column(column["title"], justify="right")
    for section in found["sections"]:
        if section["rows"]:
            table.add_row("", Text(section["name"], style="bold"))
        for row in section["rows"]:
            indent = "  " * (1 + row.get("level", 0))
            amounts = [showing.amount(each) for each in row["amounts"]]
            table.add_row(row["account"] or "", f"{indent}{row['name']}", *amounts)
        title = f"Total {section['name'][:1].lower()}{section['name'][1:]}"
        amounts = [showing.amount(each) for each in section["totals"]]
        table.add_row("", title if section["rows"] else section["name"], *amounts, style="bold")
    return table


def _general_ledger(found: dict[str, Any]) -> Table:
    table = _table("General ledger", found["currency"])
    for heading in ("Date", "No.", "Account", "Description", "Debit", "Credit", "Balance"):
        right = heading in {"No.", "Debit", "Credit", "Balance"}
        table.add_column(heading, justify="right" if right else "left")
    for item in found["items"]:
        amounts = [showing.amount(item[side]) for side in ("debit", "credit", "balance")]
        number = "" if item["number"] is None else str(item["number"])
        table.add_row(item["date"], number, item["account"], item["description"], *amounts)
    if found["next"]:
        table.caption = "There is more: --format csv gives all of it."
    return table
