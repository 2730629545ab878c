"""`nexafi export`: the whole books in the notation of another program."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from nexafi.cli import showing
from nexafi.cli.client import connect
from nexafi.cli.failures import CommandFailed
from nexafi.cli.options import Data, Organization, Token, Url

EXPORT: Final = "/api/v1/ledger/export"

app = typer.Typer()


class Notation(StrEnum):
    """The notations that there are."""

    HLEDGER = "hledger"
    BEANCOUNT = "beancount"


@app.command()
def export(
    format_: Annotated[
        Notation, typer.Option("--format", help="hledger.org or beancount.io")
    ] = Notation.HLEDGER,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Into this file; else it is printed")
    ] = None,
    url: Url = None,
    token: Token = None,
    data: Data = None,
    organization: Organization = None,
) -> None:
    """Write the whole books as an hledger journal or a beancount ledger.

    Example: nexafi export --format hledger --output books.journal && hledger -f books.journal bs
    """
    api = connect(url, token, data, organization)
    try:
        content = api.download(EXPORT, format=format_).body
    finally:
        api.close()
    if output is None:
        sys.stdout.buffer.write(content)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise CommandFailed(f"{output} cannot be written: {error.strerror}.") from error
    showing.beside().print(f"{output}: {len(content):,} bytes", soft_wrap=True)
