"""`nexafi trace`: the way of one request through services and events."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.text import Text
from rich.tree import Tree

from nexafi.cli import showing
from nexafi.cli.failures import CommandFailed
from nexafi.cli.options import AsJson, Data

if TYPE_CHECKING:
    from nexafi.cli.platform import Platform
    from nexafi.cli.way import Step, Traces
    from nexafi.kernel.watch.searching import Line

LINES_MAX: Final = 5_000

app = typer.Typer()


@app.command()
def trace(
    request_id: Annotated[str, typer.Argument(help="As in the answer's X-Request-Id")],
    data: Data = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what one request did, as a tree with times: calls, deeds, events and who handled them.

    Put together from the log files, the audit, the outboxes and the inboxes of a data folder,
    whether anything runs or not. What is long ago may have been forgotten by each of them.

    Example: nexafi trace 0af7651916cd43dd8448eb211c80319c
    """
    from nexafi.cli.platform import Platform
    from nexafi.cli.way import follow
    from nexafi.kernel.settings import Settings

    settings = Settings(data=data) if data else Settings()
    platform = Platform(settings)
    try:
        lines = _lines(platform, request_id)
        found = _traces(platform, request_id, {str(line.get("trace.id")) for line in lines})
    finally:
        platform.close()
    steps = follow(lines, found)
    if not steps:
        raise CommandFailed(
            f"Nothing is known of {request_id}: not in the log of {settings.folder}, not in the"
            " audit, and no event was told because of it."
        )
    if as_json:
        document = {"request_id": request_id, "steps": [step.as_json() for step in steps]}
        showing.show_json(document)
        return
    began = steps[0].at
    tree = Tree(Text(f"{request_id}  {began:%Y-%m-%d %H:%M:%S} UTC", style="bold"))
    for step in steps:
        _grow(tree, step, began)
    showing.console().print(tree, soft_wrap=True)


def _lines(platform: Platform, request_id: str) -> list[Line]:
    """Return the lines of the request, and those that share its trace."""
    from nexafi.kernel.watch import logfile, searching
    from nexafi.kernel.watch.searching import Wanted

    path = platform.settings.folder / logfile.NAME
    lines = searching.latest(path, Wanted(request_id=request_id), LINES_MAX)
    known = {json.dumps(line, sort_keys=True) for line in lines}
    for trace_id in sorted({str(line["trace.id"]) for line in lines if "trace.id" in line}):
        more = searching.latest(path, Wanted(trace_id=trace_id), LINES_MAX)
        lines += [line for line in more if json.dumps(line, sort_keys=True) not in known]
    # A client may send many requests within one trace of its own; the others are not asked for.
    return [line for line in lines if line.get("http.request.id", request_id) == request_id]


def _traces(platform: Platform, request_id: str, trace_ids: set[str]) -> Traces:
    """Return what the databases have of it; one that is not there has nothing."""
    from nexafi.cli.platform import existing
    from nexafi.cli.way import Traces
    from nexafi.kernel.data import footprints
    from nexafi.kernel.data.revisions import behind

    databases = {name: platform.database(name) for name in existing() if _is_there(platform, name)}
    databases = {name: each for name, each in databases.items() if behind(each) is None}
    ids = trace_ids - {"None"}
    told = {name: footprints.told(each, request_id, ids) for name, each in databases.items()}
    events = [event.id for each in told.values() for event in each]
    return Traces(
        deeds={name: footprints.deeds(each, request_id) for name, each in databases.items()},
        told=told,
        heard={name: footprints.heard(each, events) for name, each in databases.items()},
    )


def _is_there(platform: Platform, name: str) -> bool:
    """Return whether a service has a database; a SQLite file that is not there is not made."""
    address = platform.settings.address(name)
    return not address.startswith("sqlite") or Path(address.removeprefix("sqlite:///")).exists()


def _grow(tree: Tree, step: Step, began: datetime) -> None:
    """Add a step and all below to a tree."""
    text = Text()
    text.append(f"+{(step.at - began).total_seconds() * 1e3:.1f} ms ", style="dim")
    text.append(f"{step.service} ", style="cyan")
    text.append(step.what, style="bold red" if step.is_ill else "")
    if step.ms is not None:
        text.append(f"  {step.ms:g} ms", style="green")
    for name, value in step.said.items():
        text.append(f"  {name}={value}", style="dim")
    branch = tree.add(text)
    for each in step.steps:
        _grow(branch, each, began)
