"""`nexafi serve`: start services and keep them going."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from nexafi.cli.failures import Code, CommandFailed
from nexafi.cli.running import Place, Running, readiness

BEGAN = time.time()
CONSOLE_BYTES_MAX = 2**20
"""What stands in for a console is put aside at the next start once it has grown past this."""

app = typer.Typer()
log = logging.getLogger("nexafi.supervisor")


@app.command()
def serve(
    names: Annotated[
        list[str] | None, typer.Argument(help="Services, such as: ledger users. None: all.")
    ] = None,
    services: Annotated[
        str | None, typer.Option(help="The same in one word: ledger,users", metavar="A,B")
    ] = None,
    port_base: Annotated[
        int | None, typer.Option(help="Port of the gateway; users +1, ledger +2, ...")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder for databases and secret")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on")] = None,
    *,
    log: Annotated[
        str | None, typer.Option(help="Where the log goes: console or file; else NEXAFI_LOG_TO")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All services, the gateway too")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Return once all is ready")] = False,
    status: Annotated[bool, typer.Option("--status", help="Say what runs, and stop there")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Stop what runs, gently")] = False,
    reload: Annotated[
        bool, typer.Option("--reload", help="Replace what runs, without losing a request")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer for machines")] = False,
) -> None:
    """Start services and keep them going until Ctrl-C; databases are brought up to date first.

    One process for each; one that dies is started again.

    Example: nexafi serve ledger users --port-base 15000
    """
    from nexafi.kernel.settings import Settings

    given = {"port_base": port_base, "data": data, "host": host, "log_to": log}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    if detach:
        settings = settings.model_copy(update={"log_to": "file"})
    place = Place(settings.folder)
    if status:
        raise typer.Exit(_show_status(place, as_json=as_json))
    if stop or reload:
        raise typer.Exit((_stop if stop else _reload)(place, as_json=as_json))
    wanted = [*(names or []), *(services or "").replace(",", " ").split()]
    raise typer.Exit(
        _start(
            settings,
            place,
            [] if every else wanted,
            detach=detach,
            as_json=as_json,
        )
    )


def _stop(place: Place, *, as_json: bool) -> int:
    pid = place.stop()
    said = f"Stopped (process {pid})." if pid else f"Nothing runs on {place.folder}."
    _answer({"stopped": pid}, said, as_json=as_json)
    return Code.DONE


def _reload(place: Place, *, as_json: bool) -> int:
    pid = place.reload()
    said = f"Replaced (below process {pid})." if pid else f"Nothing runs on {place.folder}."
    _answer({"reloaded": pid}, said, as_json=as_json)
    return Code.DONE if pid else Code.FOUND


def _start(
    settings: Any,  # noqa: ANN401 - Settings, loaded late
    place: Place,
    wanted: list[str],
    *,
    detach: bool,
    as_json: bool,
) -> int:
    """Do all that may fail, then fork; return the exit code."""
    from nexafi.cli.migrate import bring_up_to_date
    from nexafi.cli.platform import Platform, chosen
    from nexafi.kernel.server.sockets import listen
    from nexafi.kernel.server.supervisor import Supervisor

    names = chosen(wanted)
    platform = Platform(settings, running=names)
    held = place.take()  # kept open: it is the lock
    all_names = [*names, *platform.beside]
    sockets = {
        name: listen(settings.host, platform.port(name), backlog=settings.backlog, name=name)
        for name in all_names
    }
    assert platform.secret is not None, "made before anything is forked"
    for line in bring_up_to_date(platform, names):
        typer.echo(line, err=True)
    to_file = settings.is_logged_to_file
    if to_file:
        _put_aside(place.console)
        platform.log_as("supervisor")
    addresses = {name: platform.here(name) for name in all_names}
    up = _detach(place) if detach else None
    if up is not None and up[0] == "parent":
        return _wait_until_up(up[1], place, addresses, as_json=as_json)
    tell_up = up[1] if up is not None else None
    running = Running(os.getpid(), addresses, BEGAN)
    place.note(running)
    programs = [platform.program(name, sockets[name]) for name in all_names]

    def on_up() -> None:
        if tell_up is not None:
            os.write(tell_up, b"up\n")
            os.close(tell_up)
        else:
            _welcome(place, addresses, as_json=as_json)

    def on_reloaded(failure: str) -> None:
        nonlocal running
        running = replace(running, reloads=running.reloads + 1, failure=failure)
        place.note(running)

    leaving = {"drain_s": settings.drain_s, "lingers": settings.lingers}
    keeping = partial(Supervisor, **leaving, on_up=on_up, on_reloaded=on_reloaded)
    try:
        return _supervise(partial(keeping, programs), place if to_file else None)
    finally:
        place.forget()
        held.close()


def _supervise(keeping: Callable[..., Any], place: Place | None) -> int:
    console = sys.stderr
    if place is not None:
        # What children say past their log, a crash of the interpreter perhaps, goes to a file from
        # now on. What the supervisor says goes on to the console, of which a copy is kept.
        console = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8")
        file = os.open(place.console, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, 2)
        os.close(file)

    def say(line: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {line}", file=console, flush=True)
        if place is not None:
            log.info("%s", line)

    code: int = keeping(say=say).run()
    say("All is stopped." if code == 0 else "All is stopped, not all of it gently.")
    return code


def _detach(place: Place) -> tuple[str, int]:
    """Go on in a process of its own that no terminal ends; tell who is who, with their pipe."""
    reads, writes = os.pipe()
    if os.fork():
        os.close(writes)
        return "parent", reads
    os.close(reads)
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    file = os.open(place.console, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((null, 0), (file, 1), (file, 2)):
        os.dup2(source, target)
    return "child", writes


def _wait_until_up(reads: int, place: Place, addresses: dict[str, str], *, as_json: bool) -> int:
    """Return once the detached process is at work, or has died before it was."""
    with os.fdopen(reads, "rb") as pipe:
        if pipe.readline() != b"up\n":  # its children have the pipe too: no end comes
            raise CommandFailed(f"It did not start; {place.console} says why.")
    _welcome(place, addresses, as_json=as_json)
    return Code.DONE


def _welcome(place: Place, addresses: dict[str, str], *, as_json: bool) -> None:
    took = time.time() - BEGAN
    if as_json:
        print(json.dumps({"ready_s": round(took, 2), "addresses": addresses}), flush=True)
        return
    print(f"NexaFi is ready after {took:.1f} s.\n")
    for name, address in addresses.items():
        print(f"  {name:<10} {address}{'/docs' if name == 'gateway' else ''}")
    print(f"\n  data       {place.folder}")
    print("  stop       Ctrl-C, or ./start_services.sh --stop\n", flush=True)


def _show_status(place: Place, *, as_json: bool) -> int:
    running = place.running()
    if running is None:
        _answer({"running": False}, f"Nothing runs on {place.folder}.", as_json=as_json)
        return Code.FOUND
    states = {name: readiness(address) for name, address in running.addresses.items()}
    lines = [f"Process {running.pid}, on {place.folder}:"]
    lines += [
        f"  {name:<10} {running.addresses[name]:<28} {state}" for name, state in states.items()
    ]
    answer = {"running": True, "pid": running.pid, "addresses": running.addresses, "states": states}
    _answer(answer, "\n".join(lines), as_json=as_json)
    return Code.DONE if set(states.values()) == {"ready"} else Code.FOUND


def _answer(document: object, text: str, *, as_json: bool) -> None:
    print(json.dumps(document) if as_json else text)


def _put_aside(console: Path) -> None:
    if console.exists() and console.stat().st_size > CONSOLE_BYTES_MAX:
        console.replace(console.with_suffix(".log.1"))
