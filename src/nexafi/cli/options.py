"""Options that many commands take, with the same names and meanings everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Url = Annotated[
    str | None,
    typer.Option(envvar="NEXAFI_URL", help="A running platform: http://127.0.0.1:5000"),
]
Token = Annotated[
    str | None,
    typer.Option(envvar="NEXAFI_TOKEN", help="An access token for it, else that of nexafi login"),
]
Data = Annotated[Path | None, typer.Option(help="A data folder, without a running platform")]
Organization = Annotated[
    str | None, typer.Option(help="On a data folder: which organization, by name or id")
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer for machines")]
