"""`nexafi openapi`: the description of the API, without a running platform."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from nexafi.cli.failures import CommandFailed

app = typer.Typer()


@app.command()
def openapi(
    service: Annotated[str | None, typer.Argument(help="One service; none: all in one")] = None,
    out: Annotated[Path | None, typer.Option(help="Write it to this file")] = None,
) -> None:
    """Print the OpenAPI 3.1 document of the platform, or of one service.

    Example: nexafi openapi ledger --out ledger.json
    """
    from importlib.metadata import version

    from nexafi.cli.platform import GATEWAY, Platform, chosen
    from nexafi.kernel.settings import Settings
    from nexafi.kernel.web.openapi import document as describe

    platform = Platform(Settings())
    names = [name for name in chosen([service] if service else []) if name != GATEWAY]
    if not names:
        raise CommandFailed("The gateway describes nothing of its own: leave the name out.")
    documents = {
        name: describe(name, platform.bare(name).endpoints(), version=version("nexafi"))
        for name in names
    }
    if service:
        document = documents[service]
    else:
        from nexafi.gateway.openapi import merge

        document = merge(documents, {}, version=version("nexafi"))
    text = json.dumps(document, indent=2, ensure_ascii=False)
    if out is None:
        print(text)
    else:
        out.write_text(text + "\n", encoding="utf-8")
