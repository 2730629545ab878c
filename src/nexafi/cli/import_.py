"""`nexafi import`: hand in files of banks, and see what each brought."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from nexafi.cli import showing
from nexafi.cli.client import Api, Refused, connect
from nexafi.cli.failures import Code, CommandFailed
from nexafi.cli.options import AsJson, Data, Organization, Token, Url

if TYPE_CHECKING:
    from nexafi.kernel.data.context import Home

LEDGER: Final = "/api/v1/ledger"
BYTES_MAX: Final = 64 * 2**20
"""A larger file no platform takes, so it is not even sent."""
TRIES_MAX: Final = 5
TOLD: Final = (
    "account", "currency", "lines", "sum", "opening", "closing", "proven", "added", "duplicates",
    "suggested",
)  # fmt: skip
"""What outside programs rely on for each statement; the names are kept."""

app = typer.Typer()


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="Files as the bank gave them")],
    account: Annotated[
        str | None,
        typer.Option(
            help="The bank account (its name, number, code or id);"
            " else found by what the file says, or added"
        ),
    ] = None,
    currency: Annotated[
        str | None,
        typer.Option(help="Of new books on a data folder that has none yet: ISO 4217"),
    ] = None,
    country: Annotated[str, typer.Option(help="The same, ISO 3166: US, DE, ...")] = "US",
    url: Url = None,
    token: Token = None,
    data: Data = None,
    organization: Organization = None,
    *,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only show what each file would bring; keep nothing")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Hand in files of banks: OFX, QFX, QIF, CAMT, MT940, BAI2, CSV. The content tells which.

    What is here already is not added again. Bank accounts that are missing are
    added. Where nobody is signed in and the data folder has no books yet, new ones
    are begun. Ends with 3 if a file was refused.

    Example: nexafi import downloads/*.xml --preview
    """
    api = connect(url, token, data, organization, first=_first(country, currency))
    try:
        target = _bank_account(api, account) if account else None
        outcomes = _take(api, files, target, preview=preview)
    finally:
        api.close()
    if as_json:
        showing.show_json([_told(path, each) for path, each in outcomes])
    else:
        _show(outcomes, preview=preview)
    refused = any(isinstance(each, str) for _, each in outcomes)
    raise typer.Exit(Code.REFUSED if refused else Code.DONE)


Outcomes = list[tuple[Path, dict[str, Any] | str]]
"""For each file what the platform answered, or why it was refused."""


def _take(api: Api, files: list[Path], target: str | None, *, preview: bool) -> Outcomes:
    outcomes: Outcomes = []
    with showing.bar(len(files), "Importing") as bar:
        for path in files:
            bar.doing(path.name)
            outcomes.append((path, _hand_in(api, path, target, preview=preview)))
            bar.step()
    return outcomes


def _hand_in(api: Api, path: Path, target: str | None, *, preview: bool) -> dict[str, Any] | str:
    """Hand in one file; return the answer, or why it was refused."""
    if fault := _fault(path):
        return fault
    for attempt in range(TRIES_MAX):
        try:
            if target is not None:
                answer = api.upload(
                    f"{LEDGER}/bank-accounts/{target}/statements", path, preview=preview
                )
            else:
                answer = api.upload(
                    f"{LEDGER}/statements", path, create_missing=True, preview=preview
                )
        except Refused as refusal:
            if refusal.status == 429 and attempt < TRIES_MAX - 1:
                time.sleep(float(refusal.problem.get("retry_after", 1)))
                continue
            if refusal.status in {401, 403}:
                raise  # it is not about the file, so the next one fares no better
            return refusal.reason
        except OSError as error:
            return f"It cannot be read: {error.strerror}."
        else:
            return dict(answer)
    raise AssertionError("the last attempt returns or raises")


def _fault(path: Path) -> str | None:
    """Return why a file need not be sent, or None."""
    try:
        if path.is_dir():
            return "It is a folder; name the files in it."
        if not path.is_file():
            return "There is no such file."
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        return f"It cannot be read: {error}."
    if size > BYTES_MAX:
        return f"The file is larger than {BYTES_MAX // 2**20} MiB; split it by time."
    return None


def _first(country: str, currency: str | None) -> Home:
    """Return the organization whose books are begun where there are none."""
    from pydantic import ValidationError

    from nexafi.kernel.values.ids import new_id
    from nexafi.users.organizations.schemas import OrganizationIn

    facts = {"name": "My company", "country": country, "base_currency": currency}
    given = {name: value.upper() for name, value in facts.items() if value and name != "name"}
    try:
        asked = OrganizationIn.model_validate({"name": facts["name"], **given})
    except ValidationError as error:
        faults = "; ".join(str(each["msg"]) for each in error.errors(include_url=False))
        raise CommandFailed(f"--country or --currency cannot be used: {faults}") from error
    return asked.home(new_id())


def _bank_account(api: Api, wanted: str) -> str:
    """Return the id of the bank account that *wanted* names."""
    known = list(api.each(f"{LEDGER}/bank-accounts", limit=200))
    plain = wanted.replace(" ", "").lower()
    found = [
        each
        for each in known
        if wanted in {each["id"], each["name"], each["account"]}
        or (each["number"] and each["number"].replace(" ", "").lower() == plain)
    ]
    if len(found) == 1:
        return str(found[0]["id"])
    names = ", ".join(f"{each['name']} ({each['account']})" for each in found or known) or "none"
    raise CommandFailed(
        f"{wanted} is {'more than one bank account' if found else 'no bank account here'}."
        f" There are: {names}. Without --account the file says which, and it is added if missing."
    )


def _told(path: Path, outcome: dict[str, Any] | str) -> dict[str, Any]:
    """Return what a program is told of one file."""
    if isinstance(outcome, str):
        return {"file": str(path), "refused": outcome}
    return {
        "file": str(path),
        "format": outcome["format"],
        "statements": [{name: each[name] for name in TOLD} for each in outcome["statements"]],
    }


def _show(outcomes: Outcomes, *, preview: bool) -> None:
    """Show a table of what came, then what one should know of it."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title="Preview: nothing was kept" if preview else None, expand=False)
    table.add_column("File", overflow="fold")
    table.add_column("Account", overflow="fold")
    for name in ("Lines", "Sum"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Proven")
    for name in ("Added", "Known", "Suggested"):
        table.add_column(name, justify="right", no_wrap=True)
    for path, outcome in outcomes:
        if isinstance(outcome, str):
            continue
        for place, each in enumerate(_by_account(outcome["statements"])):
            table.add_row(
                Text(f"{path.name} ({outcome['format']})" if place == 0 else ""),
                Text(each[0]["account"]),
                f"{sum(one['lines'] for one in each):,}",
                _sum(each),
                _proof(each),
                f"{sum(one['added'] for one in each):,}",
                f"{sum(one['duplicates'] for one in each):,}",
                f"{sum(one['suggested'] for one in each):,}",
            )
    console = showing.console()
    if table.row_count:
        console.print(table)
    for path, outcome in outcomes:
        if isinstance(outcome, str):
            console.print(Text.assemble(("refused ", "bold red"), f"{path}: {outcome}"))
        else:
            for warning in outcome["warnings"]:
                console.print(Text.assemble(("note    ", "yellow"), f"{path.name}: {warning}"))
    taken = [each for _, each in outcomes if not isinstance(each, str)]
    statements = [each for outcome in taken for each in outcome["statements"]]
    console.print(
        f"{len(taken)} of {len(outcomes)} files {'read' if preview else 'taken'}:"
        f" {sum(each['lines'] for each in statements):,} lines,"
        f" {sum(each['added'] for each in statements):,} new,"
        f" {sum(each['suggested'] for each in statements):,} with a suggestion."
    )


def _by_account(statements: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the statements of each account together: a bank may send one for each day."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for each in statements:
        found.setdefault((each["account"], each["currency"]), []).append(each)
    return list(found.values())


def _sum(statements: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - rich's Text, loaded late
    from decimal import Decimal

    total = sum(Decimal(each["sum"]["amount"]) for each in statements)
    return showing.amount({**statements[0]["sum"], "amount": f"{total:f}"}, with_currency=True)


def _proof(statements: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - rich's Text, loaded late
    """Return whether opening and lines make the closing, and by how much not."""
    from rich.text import Text

    off = [each["difference"]["amount"] for each in statements if each["proven"] is False]
    if off:
        return Text("off by " + ", ".join(map(showing.grouped, off)), style="red")
    if any(each["proven"] is None for each in statements):
        return Text("no balances", style="dim")
    return Text("yes", style="green")
