"""`nexafi ledger`: prove that the books are right and that nobody changed them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final

import typer

from nexafi.cli import showing
from nexafi.cli.client import connect
from nexafi.cli.failures import Code, CommandFailed
from nexafi.cli.options import AsJson, Data, Organization, Token, Url

LEDGER: Final = "/api/v1/ledger"

app = typer.Typer(no_args_is_help=True, help="Prove the books, and export their hash chain.")


@app.command()
def check(
    url: Url = None,
    token: Token = None,
    data: Data = None,
    organization: Organization = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Count all lines anew: balances equal the lines, and each entry sums to zero.

    Ends with 1 if anything is off, and names it.

    Example: nexafi ledger check
    """
    api = connect(url, token, data, organization)
    try:
        found = api.get(f"{LEDGER}/check")
    finally:
        api.close()
    if as_json:
        showing.show_json(found)
    elif found["is_right"]:
        showing.console().print(
            f"Right: {found['entries']:,} entries,"
            f" {found['balances']:,} balances equal their lines."
        )
    else:
        say = showing.console().print
        for each in found["off"]:
            say(
                f"Account {each['account']}, {each['currency']}: kept {each['kept']:,},"
                f" its lines make {each['lines']:,} (minor units)."
            )
        for entry in found["unbalanced"]:
            say(f"Entry {entry} does not sum to zero, or lacks lines.")
    raise typer.Exit(Code.DONE if found["is_right"] else Code.FOUND)


@app.command()
def verify(
    url: Url = None,
    token: Token = None,
    data: Data = None,
    organization: Organization = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Compute the hash chain anew, and name the first entry that is not as it was sealed.

    Note down the last hash now and then, where nobody who can change the books can change it.
    Ends with 1 if the chain is broken.

    Example: nexafi ledger verify
    """
    api = connect(url, token, data, organization)
    try:
        found = api.get(f"{LEDGER}/chain/verify")
    finally:
        api.close()
    if as_json:
        showing.show_json(found)
    elif found["broken"] is None:
        showing.console().print(
            f"Unbroken: {found['entries']:,} entries. The last hash is\n{found['head']}"
        )
    else:
        broken = found["broken"]
        showing.console().print(
            f"BROKEN at link {broken['position']}, number {broken['number']}, entry"
            f" {broken['entry_id']}:\n{broken['reason']}."
            f" {found['entries']:,} links before it hold.",
            soft_wrap=True,
        )
    raise typer.Exit(Code.DONE if found["broken"] is None else Code.FOUND)


@app.command("export-chain")
def export_chain(
    file: Annotated[Path, typer.Argument(help="Where it is written; one JSON object a line")],
    url: Url = None,
    token: Token = None,
    data: Data = None,
    organization: Organization = None,
) -> None:
    """Write the hash chain to a file that anyone can verify without us.

    Example: nexafi ledger export-chain chain.jsonl && python scripts/verify_chain.py chain.jsonl
    """
    api = connect(url, token, data, organization)
    count, after = 0, 0
    try:
        with file.open("w", encoding="utf-8") as out:
            while True:
                page = api.get(f"{LEDGER}/chain", after=after, limit=1000)
                for link in page["items"]:
                    out.write(json.dumps(link, ensure_ascii=False) + "\n")
                count += len(page["items"])
                if (after := page["next"]) is None:
                    break
    except OSError as error:
        raise CommandFailed(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        api.close()
    showing.beside().print(f"{file}: {count:,} links", soft_wrap=True)
