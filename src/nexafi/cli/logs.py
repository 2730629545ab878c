"""`nexafi logs`: search what the processes of this installation have written down."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.text import Text

from nexafi.cli import showing
from nexafi.cli.failures import CommandFailed
from nexafi.cli.options import AsJson, Data

if TYPE_CHECKING:
    from nexafi.kernel.watch.searching import Line

SPAN: Final = re.compile(r"(\d{1,6})\s*([smhdw])")
UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
COLORS: Final = {"error": "bold red", "critical": "bold red", "warning": "yellow", "debug": "dim"}
TOLD: Final = {
    "@timestamp", "log.level", "message", "ecs.version", "service.name", "log.logger",
    "process.pid", "process.thread.name", "span.id", "trace.id", "error.stack_trace",
    "http.request.method", "http.response.status_code", "url.path",
}  # fmt: skip
"""What people see elsewhere in the line, or seldom want to."""

app = typer.Typer()


class Level(StrEnum):
    """How grave a line is."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


@dataclass(frozen=True)
class Moment:
    """A moment as it is typed: one of the calendar in UTC, or so long ago."""

    text: str

    def at(self, now: datetime) -> datetime:
        """Return the moment itself."""
        if found := SPAN.fullmatch(self.text.strip()):
            return now - timedelta(**{UNITS[found[2]]: int(found[1])})
        try:
            moment = datetime.fromisoformat(self.text)
        except ValueError as error:
            raise CommandFailed(
                f"{self.text} is no moment; one is 15m, 2h, 3d, 2026-03-31 or 2026-03-31T08:15Z."
            ) from error
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@app.callback(invoke_without_command=True)
def logs(
    context: typer.Context,
    text: Annotated[
        str | None, typer.Option("--text", "-t", help="Words that a line has, in any case")
    ] = None,
    request_id: Annotated[
        str | None, typer.Option("--request-id", "-r", help="As in the answer's X-Request-Id")
    ] = None,
    trace_id: Annotated[str | None, typer.Option(help="32 hexadecimal digits")] = None,
    level: Annotated[Level | None, typer.Option(help="The least that is shown")] = None,
    service: Annotated[str | None, typer.Option(help="gateway, users, ledger, ...")] = None,
    organization: Annotated[str | None, typer.Option(help="The id of an organization")] = None,
    user: Annotated[str | None, typer.Option(help="The id of a user")] = None,
    since: Annotated[
        str | None, typer.Option(help="15m, 2h, 3d ago, or 2026-03-31T08:15 in UTC")
    ] = None,
    until: Annotated[str | None, typer.Option(help="The same, for the end")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="The latest so many")] = 100,
    data: Data = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the latest lines of the log that fit all that is asked, the oldest first.

    Reads the files in the data folder, whether anything runs or not. --json gives the lines as
    they were written, one JSON object each with the names of the Elastic Common Schema.

    Example: nexafi logs --level error --since 2h
    """
    if context.invoked_subcommand is not None:
        return
    from nexafi.kernel.data.context import utc_now
    from nexafi.kernel.settings import Settings
    from nexafi.kernel.watch import logfile, searching

    settings = Settings(data=data) if data else Settings()
    now = utc_now()
    wanted = searching.Wanted(
        request_id=request_id,
        trace_id=trace_id,
        level=level,
        service=service,
        organization=organization,
        user=user,
        text=text,
        since=Moment(since).at(now) if since else None,
        until=Moment(until).at(now) if until else None,
    )
    path = settings.folder / logfile.NAME
    if not follow and not logfile.files(path):
        raise CommandFailed(_nothing(path))
    console = showing.console()
    for line in searching.latest(path, wanted, limit):
        _show(console, line, as_json=as_json)
    if follow:
        with suppress(KeyboardInterrupt):
            for line in searching.following(path, wanted):
                _show(console, line, as_json=as_json)


@app.command()
def setup(
    keep_days: Annotated[
        int, typer.Option(min=1, max=3_650, help="How long Elasticsearch keeps the log")
    ] = 90,
    *,
    as_json: AsJson = False,
) -> None:
    """Install the index template of our log in Elasticsearch, or bring it up to date.

    Needs NEXAFI_ELASTICSEARCH_URL and, in an API key, the privilege manage_index_templates.

    Example: nexafi logs setup --keep-days 30
    """
    from nexafi.cli import shipper
    from nexafi.kernel.settings import Settings
    from nexafi.kernel.watch import elasticsearch, fields
    from nexafi.kernel.watch.shipping import Away

    client = shipper.access(Settings()).client()
    try:
        elasticsearch.set_up(client, keep_days)
    except Away as error:
        raise CommandFailed(f"Elasticsearch did not take the template: {error}.") from error
    finally:
        client.close()
    told = {"template": fields.TEMPLATE, "data_stream": fields.STREAM, "keep_days": keep_days}
    said = f"{fields.TEMPLATE} is installed: {fields.STREAM} keeps {keep_days} days."
    print(json.dumps(told) if as_json else said)


@app.command()
def ship(
    data: Data = None,
    metrics_port: Annotated[
        int | None, typer.Option(help="Where to show /metrics and /healthz; else nowhere")
    ] = None,
) -> None:
    """Carry the log of a data folder to Elasticsearch until SIGTERM.

    nexafi serve does that by itself where NEXAFI_ELASTICSEARCH_URL is set; this is for who runs
    each service by itself.

    Example: nexafi logs ship
    """
    from nexafi.cli import shipper
    from nexafi.cli.platform import Platform
    from nexafi.kernel.server.sockets import listen
    from nexafi.kernel.settings import Settings

    settings = Settings(data=data) if data else Settings()
    shipper.access(settings)
    settings.folder.mkdir(parents=True, exist_ok=True)
    listening = (
        None
        if metrics_port is None
        else listen(settings.host, metrics_port, backlog=16, name="the shipper")
    )
    shipper.run(settings, Platform(settings).log_as, listening)


def _nothing(path: Path) -> str:
    return (
        f"There is no {path}. The log goes there with --log file, --detach or NEXAFI_LOG_TO=file;"
        " another folder is named by --data."
    )


def _show(console: Console, line: Line, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(line, ensure_ascii=False), flush=True)
    else:
        console.print(shown(line), soft_wrap=True)


def shown(line: Line) -> Text:
    """Return a line of the log as people read it."""
    level = str(line.get("log.level", ""))
    service = str(line.get("service.name", "")).removeprefix("nexafi-")
    text = Text()
    text.append(str(line.get("@timestamp", "")).replace("T", " ").removesuffix("Z"), style="dim")
    text.append(f" {level:<8}", style=COLORS.get(level, "green"))
    text.append(f"{service:<11}", style="cyan")
    text.append(str(line.get("message", "")), style="red" if level == "error" else "")
    told: dict[str, Any] = {name: value for name, value in line.items() if name not in TOLD}
    if "event.duration" in told:
        told["event.duration"] = f"{told['event.duration'] / 1e6:.1f}ms"
    for name, value in told.items():
        text.append(f"  {name}=", style="dim")
        text.append(str(value))
    if stack := line.get("error.stack_trace"):
        text.append(f"\n{str(stack).rstrip()}", style="red")
    return text
