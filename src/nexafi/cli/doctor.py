"""`nexafi doctor`: what is missing, and what to do about it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import typer

from nexafi.cli.failures import Code
from nexafi.cli.options import AsJson, Data

if TYPE_CHECKING:
    from nexafi.cli.platform import Platform

FREE_BYTES_MIN: Final = 200 * 2**20
CLOCK_S_MAX: Final = 5.0
"""How far our clock may be from that of a database server: tokens allow for as much."""

REDIS_S: Final = 3.0
"""How long Redis may take to answer a doctor; requests have less patience."""

app = typer.Typer()


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    is_well: bool
    says: str
    """What was found, and what to do if it is not well."""


@app.command()
def doctor(data: Data = None, *, as_json: AsJson = False) -> None:
    """Look at everything that NexaFi needs on this machine; change nothing.

    Ends with 0 if all is well, with 1 if something is not.

    Example: nexafi doctor
    """
    from nexafi.cli.platform import Platform
    from nexafi.kernel.settings import Settings, unknown

    settings = Settings(data=data) if data else Settings()
    platform = Platform(settings)
    try:
        findings = list(_look(platform, unknown()))
    finally:
        platform.close()
    if as_json:
        print(json.dumps([asdict(each) for each in findings], indent=2))
    else:
        for each in findings:
            mark = "ok " if each.is_well else "!! "
            typer.secho(
                f"{mark} {each.what:<22} {each.says}",
                fg=None if each.is_well else typer.colors.RED,
            )
    raise typer.Exit(Code.DONE if all(each.is_well for each in findings) else Code.FOUND)


def _look(platform: Platform, unknown: list[str]) -> Iterator[Finding]:
    from nexafi.cli.platform import existing

    yield Finding("Python", sys.version_info >= (3, 11), sys.version.split()[0])
    if unknown:
        yield Finding("settings", is_well=False, says=f"nobody reads {', '.join(unknown)}")
    yield _try("data folder", lambda: _folder(platform))
    yield _try("secret", lambda: _secret(platform))
    for name in existing():
        yield _try(f"database of {name}", lambda name=name: _database(platform, name))  # type: ignore[misc]
    if platform.broker is not None:
        yield _try("RabbitMQ", lambda: _broker(platform))
    if platform.redis is not None:
        yield _try("Redis", lambda: _redis(platform))
    yield from _ports(platform)


def _try(what: str, look: Callable[[], tuple[bool, str]]) -> Finding:
    """Look at one thing; what cannot be looked at is not well."""
    try:
        is_well, says = look()
    except Exception as error:  # noqa: BLE001 - a doctor who falls ill is no help
        cause: Any = getattr(error, "orig", None) or error
        is_well, says = False, (str(cause).strip().splitlines() or [type(error).__name__])[0]
    return Finding(what, is_well, says)


def _broker(platform: Platform) -> tuple[bool, str]:
    assert platform.broker is not None, "its address is set"
    from nexafi.cli.platform import existing

    count = len(platform.broker.parked(existing()))
    if count:
        return False, f"reached; {count} events are parked: nexafi events parked"
    return True, "reached; nothing is parked"


def _folder(platform: Platform) -> tuple[bool, str]:
    folder = platform.settings.folder
    if not folder.exists():
        return True, f"{folder} will be made at the first start"
    if not os.access(folder, os.W_OK | os.X_OK):
        return False, f"{folder} cannot be written: give it to the user who runs NexaFi"
    free = shutil.disk_usage(folder).free
    if free < FREE_BYTES_MIN:
        return False, f"{folder} has only {free // 2**20} MiB left: make room"
    return True, f"{folder}, {free // 2**30} GiB free"


def _secret(platform: Platform) -> tuple[bool, str]:
    file = platform.settings.folder / "secret"
    if platform.settings.secret is None and not file.exists():
        return True, f"{file} will be made at the first start; back it up then"
    assert platform.secret is not None, "raises if it cannot be used"
    return True, "NEXAFI_SECRET" if platform.settings.secret else f"{file}, readable by you only"


def _database(platform: Platform, name: str) -> tuple[bool, str]:
    """Look at a database as each of its roles; a SQLite file that is not there is not made."""
    from sqlalchemy import make_url

    address = make_url(platform.settings.address(name))
    if address.get_backend_name() == "sqlite":
        if not os.path.exists(address.database or ""):  # noqa: PTH110 - it may be any text
            return True, "will be made at the first start"
        return _stands(platform, name, str(address.database))
    is_well, says = _stands(platform, name, address.render_as_string())
    seconds, is_above = _server(platform, name)
    if is_above:
        return False, f"{says}; requests come as a role that no wall holds: use nexafi_app"
    if abs(seconds) > CLOCK_S_MAX:
        return False, f"{says}; its clock is {seconds:+.0f} s from ours: set both by NTP"
    return is_well, says


def _stands(platform: Platform, name: str, where: str) -> tuple[bool, str]:
    from nexafi.kernel.data.revisions import behind

    fault = behind(platform.database(name))
    return fault is None, fault or f"{where}, up to date"


def _server(platform: Platform, name: str) -> tuple[float, bool]:
    """Return how far a server's clock is ahead of ours, and whether requests pass its wall."""
    from nexafi.kernel.data.revisions import bystander

    return bystander(platform.database(name))


def _redis(platform: Platform) -> tuple[bool, str]:
    """Look whether Redis answers, takes writes and keeps what it is given until it runs out."""
    from nexafi.kernel.shared.link import Link
    from nexafi.kernel.shared.presence import Away, describe

    assert platform.redis is not None, "there is one to look at"
    where = platform.redis.shown
    try:
        version, policy = Link(replace(platform.redis, timeout_s=REDIS_S)).look()
    except Away as error:
        return False, f"{where}: {describe(error.__cause__ or error)}; all goes on without it"
    if policy.startswith("allkeys"):
        return False, f"{where} drops any key when it is full ({policy}): set volatile-ttl"
    return True, f"{where}, version {version}, {policy or 'its policy when full is not told'}"


def _ports(platform: Platform) -> Iterator[Finding]:
    from nexafi.cli.platform import GATEWAY, existing, has_gateway
    from nexafi.cli.running import Place

    running = Place(platform.settings.folder).running()
    if running is not None:
        at = ", ".join(running.addresses.values())
        yield Finding("running", is_well=True, says=f"process {running.pid}: {at}")
        return
    for name in [*([GATEWAY] if has_gateway() else []), *existing()]:
        port = platform.port(name)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((platform.settings.host, port))
            except OSError as error:
                says = f"{error.strerror}: choose others with NEXAFI_PORT_BASE or --port-base"
                yield Finding(f"port {port} ({name})", is_well=False, says=says)
            else:
                yield Finding(f"port {port} ({name})", is_well=True, says="free")
