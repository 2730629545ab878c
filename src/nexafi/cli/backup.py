"""`nexafi backup`: all that an installation holds, in one file, while it goes on working."""

from __future__ import annotations

import datetime as dt
import hmac
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from nexafi.cli import showing
from nexafi.cli.failures import CommandFailed
from nexafi.cli.options import AsJson, Data

if TYPE_CHECKING:
    from nexafi.cli.platform import Platform
    from nexafi.kernel.data.database import Database

FORMAT: Final = 1
REPLAY: Final = dt.timedelta(days=1)
"""How far back events are compared with who should have heard them: longer than any way takes."""

PURPOSE: Final = "backup"
PASSPHRASE_MIN: Final = 12

PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", help="Where the passphrase is, on its first line; - is standard input"
    ),
]

app = typer.Typer()


class By(StrEnum):
    """What a backup is encrypted by."""

    PASSPHRASE = "passphrase"  # noqa: S105 - a word
    SECRET = "secret"  # noqa: S105


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="A file that is not there yet, or a folder")],
    data: Data = None,
    encrypt: Annotated[
        By | None, typer.Option("--encrypt", help="By a passphrase, or by the secret")
    ] = None,
    passphrase_file: PassphraseFile = None,
    *,
    with_secret: Annotated[
        bool, typer.Option("--with-secret", help="Put the secret in, too; needs a passphrase")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Copy all databases as they are at one moment into one file, while everything goes on.

    Keep it elsewhere, and the secret of the installation apart from it: without the secret no
    password is good any more. `nexafi restore --check` proves that a file is whole.

    Example: nexafi backup /backups --encrypt passphrase --passphrase-file /etc/nexafi/passphrase
    """
    from nexafi.cli.platform import Platform
    from nexafi.kernel.settings import Settings
    from nexafi.kernel.watch import machine

    settings = Settings(data=data) if data else Settings()
    platform = Platform(settings)
    if with_secret and encrypt is not By.PASSPHRASE:
        raise CommandFailed("The secret is put in only with --encrypt passphrase.")
    key = key_of(platform, encrypt, passphrase_file, is_new=True)
    now = dt.datetime.now(dt.UTC)  # noqa: TID251 - no Work is open
    file = target / f"nexafi-{now:%Y-%m-%dT%H-%M-%SZ}.backup" if target.is_dir() else target
    if file.exists():
        raise CommandFailed(f"{file} is there already.")
    try:
        told = _take(platform, file, encrypt, key, with_secret=with_secret)
    except OSError as error:
        raise CommandFailed(f"{file} cannot be written: {error.strerror}.") from error
    machine.note_backup(settings.folder, now)
    rows = sum(sum(each["tables"].values()) for each in told["services"].values())
    if as_json:
        showing.show_json({"file": str(file), "bytes": file.stat().st_size, **told})
        return
    showing.beside().print(
        f"{file}: {', '.join(told['services'])}; {rows:,} rows, {file.stat().st_size:,} bytes,"
        f" {'encrypted by a ' + encrypt if encrypt else 'not encrypted'}.",
        soft_wrap=True,
    )


def _take(
    platform: Platform,
    file: Path,
    encrypt: By | None,
    key: Callable[[str, bytes], bytes] | None,
    *,
    with_secret: bool,
) -> dict[str, Any]:
    """Pin a moment, copy, and pack; return the manifest."""
    from nexafi.kernel.data import snapshots
    from nexafi.kernel.files import archive

    databases = _databases(platform)
    if not databases:
        raise CommandFailed(f"There is nothing in {platform.settings.folder} yet.")
    with tempfile.TemporaryDirectory(prefix=".nexafi-backup-", dir=file.parent) as made:
        folder = Path(made)
        began = dt.datetime.now(dt.UTC)  # noqa: TID251 - no Work is open
        services: dict[str, Any] = {}
        try:
            with (
                snapshots.taken(databases) as pinned,
                showing.bar(len(pinned) + 1, "Pinning a moment") as bar,
            ):
                for each in pinned:
                    tables = each.write(folder, bar.doing)
                    services[each.service] = {"revisions": each.revisions(), "tables": tables}
                    bar.step()
                bar.doing("Packing")
        finally:
            for database in databases:
                database.close()
        if with_secret:
            shutil.copy(platform.settings.folder / "secret", folder / "secret")
        told = {
            "format": FORMAT,
            "nexafi": version("nexafi"),
            "engine": engine_of(platform),
            "taken_at": began.isoformat(),
            "replay_since": (began - REPLAY).isoformat(),
            "secret": mark_of(platform),
            "services": services,
        }
        return archive.pack(folder, file, told, encrypt, key)


def _databases(platform: Platform) -> list[Database]:
    """Return the databases of all services that have one, without a limit of time."""
    from nexafi.cli.platform import existing
    from nexafi.kernel.data.connections import PATIENT

    limits = replace(PATIENT, is_pooled=platform.limits.is_pooled)
    found = []
    for name in existing():
        address = platform.settings.address(name)
        if address.startswith("sqlite:///") and not Path(address[len("sqlite:///") :]).exists():
            continue
        steward = platform.settings.address(name, "steward")
        found.append(platform.bare(name).database(address, steward_url=steward, limits=limits))
    return found


def engine_of(platform: Platform) -> str:
    """Return on which kind of database an installation is."""
    from nexafi.cli.platform import existing

    addresses = [platform.settings.address(name) for name in existing()]
    kinds = {address.partition(":")[0].partition("+")[0] for address in addresses}
    if len(kinds) > 1:
        raise CommandFailed(
            "Some services are on SQLite and some on PostgreSQL: back them up apart."
        )
    return kinds.pop()


def mark_of(platform: Platform) -> str:
    """Return by what the secret is known again, which says nothing of it."""
    assert platform.secret is not None, "raises if it cannot be used"
    return platform.secret.derive(f"{PURPOSE}: mark").hex()[:32]


def key_of(
    platform: Platform, by: str | None, passphrase_file: Path | None, *, is_new: bool = False
) -> Callable[[str, bytes], bytes] | None:
    """Return what makes the key of an archive that is encrypted *by* something."""
    if by is None:
        return None
    if by == By.SECRET:
        given = platform.settings
        if given.secret is None and not (given.folder / "secret").exists():
            raise CommandFailed(f"The secret that opens it is not there: {given.folder / 'secret'}")
        root = platform.secret.derive(PURPOSE)
        return lambda _kind, salt: hmac.digest(root, salt, "sha256")
    from nexafi.kernel.files.archive import of_passphrase

    passphrase = _passphrase(passphrase_file, is_new=is_new)
    return lambda _kind, salt: of_passphrase(passphrase, salt)


def _passphrase(file: Path | None, *, is_new: bool) -> str:
    if file is None:
        if not os.isatty(0):
            raise CommandFailed("There is nobody to ask; give the passphrase by --passphrase-file.")
        return str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=is_new))
    try:
        text = typer.get_text_stream("stdin").readline() if str(file) == "-" else file.read_text()
    except OSError as error:
        raise CommandFailed(f"{file} cannot be read: {error.strerror}.") from error
    passphrase = text.partition("\n")[0].strip("\r")
    if is_new and len(passphrase) < PASSPHRASE_MIN:
        raise CommandFailed(f"A passphrase has {PASSPHRASE_MIN} characters or more.")
    return passphrase
