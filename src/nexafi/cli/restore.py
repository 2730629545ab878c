"""`nexafi restore`: a backup into an empty place, and the proof that all of it is there."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nexafi.cli import showing
from nexafi.cli.backup import FORMAT, PassphraseFile, engine_of, key_of, mark_of
from nexafi.cli.failures import Code, CommandFailed
from nexafi.cli.options import AsJson, Data
from nexafi.kernel.data import restoring

if TYPE_CHECKING:
    from nexafi.cli.platform import Platform

app = typer.Typer()


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="What nexafi backup wrote")],
    data: Data = None,
    passphrase_file: PassphraseFile = None,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Only prove that the file is whole; restore nothing")
    ] = False,
    other_secret: Annotated[
        bool,
        typer.Option(
            "--other-secret", help="The old secret is lost: all passwords must be set anew"
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into an empty place: an empty data folder, or an empty PostgreSQL.

    All of the file is proven before anything is written. Afterwards the books are counted anew,
    the hash chains are computed anew, and news that was on its way is told again, once.
    Ends with 1 if the books do not prove right.

    Example: nexafi restore nexafi-2026-11-25T08-00-00Z.backup --data /var/lib/nexafi
    """
    from nexafi.cli.platform import Platform
    from nexafi.cli.running import Place
    from nexafi.kernel.files import archive
    from nexafi.kernel.settings import Settings

    settings = Settings(data=data) if data else Settings()
    platform = Platform(settings)
    try:
        if not source.is_file():
            raise CommandFailed(f"There is no file {source}.")
        key = key_of(platform, archive.needed_key(source), passphrase_file)
        told = archive.unpack(source, None, key) if check else archive.manifest(source, key)
        _refuse_unless_it_fits(told, platform, is_check=check)
        if check:
            _tell(told, {}, source, as_json=as_json)
            return
        settings.folder.mkdir(parents=True, exist_ok=True)
        with (
            Place(settings.folder).take(),
            tempfile.TemporaryDirectory(prefix=".nexafi-restore-", dir=settings.folder) as made,
        ):
            found = _restore(platform, source, Path(made), key, other_secret=other_secret)
    except (archive.ArchiveBroken, restoring.CannotRestore) as error:
        raise CommandFailed(str(error)) from error
    finally:
        platform.close()
    _tell(told, found, source, as_json=as_json)
    raise typer.Exit(Code.DONE if found["is_right"] else Code.FOUND)


def _refuse_unless_it_fits(told: dict[str, Any], platform: Platform, *, is_check: bool) -> None:
    """Raise CommandFailed if this code and this installation cannot take the backup."""
    from nexafi.cli.platform import existing
    from nexafi.kernel.data.revisions import known

    if told.get("format") != FORMAT:
        raise CommandFailed("This backup was written by a newer NexaFi: update first.")
    if unknown := sorted(set(told["services"]) - set(existing())):
        raise CommandFailed(f"This NexaFi has no {', '.join(unknown)}: update first.")
    for name, service in told["services"].items():
        if newer := sorted(set(service["revisions"]) - known(name)):
            raise CommandFailed(f"This NexaFi does not know {', '.join(newer)}: update first.")
    if not is_check and told["engine"] != engine_of(platform):
        raise CommandFailed(
            f"The backup is of {told['engine']}, and NEXAFI_DATABASE_URL leads to"
            f" {engine_of(platform)}. Restore it where it came from."
        )


def _restore(
    platform: Platform,
    source: Path,
    folder: Path,
    key: Callable[[str, bytes], bytes] | None,
    *,
    other_secret: bool,
) -> dict[str, Any]:
    """Prove, load, migrate, replay and prove again; return what was found."""
    from nexafi.cli.migrate import bring_up_to_date
    from nexafi.cli.platform import existing
    from nexafi.kernel.files import archive

    names = existing()
    with showing.bar(len(names) + 4, "Looking whether the place is empty") as bar:
        _refuse_unless_empty(platform, names)
        bar.step()
        bar.doing("Proving the backup")
        told = archive.unpack(source, folder, key)
        bar.step()
        _settle_secret(platform, told, folder, other_secret=other_secret)
        for name, service in told["services"].items():
            bar.doing(name)
            if (file := _file(platform, name)) is not None:
                restoring.load_file(folder / f"{name}.db", file, service["tables"])
            else:
                _load(platform, name, folder, service, bar)
            bar.step()
        bar.doing("Migrating")
        for _line in bring_up_to_date(platform, names):
            bar.doing(_line)
        bar.doing("Looking for news that was on its way")
        again = _replay(platform, dt.datetime.fromisoformat(told["replay_since"]))
        bar.step()
        bar.doing("Counting the books anew")
        return {"told_again": again, **_prove(platform)}


def _file(platform: Platform, name: str) -> Path | None:
    """Return where the SQLite file of a service is, if it is on SQLite."""
    address = platform.settings.address(name)
    return Path(address[len("sqlite:///") :]) if address.startswith("sqlite:///") else None


def _refuse_unless_empty(platform: Platform, names: list[str]) -> None:
    for name in names:
        if (file := _file(platform, name)) is not None:
            restoring.refuse_file(file)
            continue
        with closing(platform.owner_database(name)) as database:
            restoring.refuse_unless_empty(database)


def _load(
    platform: Platform, name: str, folder: Path, service: dict[str, Any], bar: showing.Bar
) -> None:
    """Migrate a PostgreSQL to what it was when it was copied, and load it."""
    from nexafi.kernel.data.migrations import upgrade
    from nexafi.kernel.data.migrations.ground import prepare

    with closing(platform.owner_database(name)) as database:
        prepare(database)
        for revision in service["revisions"]:
            upgrade(database, revision)
        if restoring.revisions(database) != service["revisions"]:
            raise restoring.CannotRestore(
                f"The database of {name} is migrated further than the backup:"
                " drop its schema and run this again."
            )
        restoring.load_server(database, folder, service["tables"], bar.doing)


def _settle_secret(
    platform: Platform, told: dict[str, Any], folder: Path, *, other_secret: bool
) -> None:
    """See to it that the restored passwords are good, or that the operator knows they are not."""
    file = platform.settings.folder / "secret"
    brought = folder / "secret"
    if brought.exists() and not file.exists() and platform.settings.secret is None:
        os.replace(brought, file)  # noqa: PTH105 - keeps its rights, 0600
    if other_secret:
        return
    if platform.settings.secret is None and not file.exists():
        raise CommandFailed(
            f"Put the secret of the old installation into {file}, or into NEXAFI_SECRET;"
            " if it is lost: --other-secret."
        )
    if mark_of(platform) != told["secret"]:
        raise CommandFailed(
            "The secret here is not that of the backup; its passwords would be lost."
            " If so it must be: --other-secret."
        )


def _replay(platform: Platform, since: dt.datetime) -> int:
    """Let all services tell again what somebody has not heard; return how many events that is."""
    from nexafi.cli.platform import existing

    listeners: dict[tuple[str, int], list[Any]] = {}
    for name in existing():
        for key in platform.bare(name).subscriptions.handlers:
            listeners.setdefault(key, []).append(platform.database(name))
    return sum(restoring.replay(platform.database(name), listeners, since) for name in existing())


def _prove(platform: Platform) -> dict[str, Any]:
    """Let the ledger prove its books, as `nexafi ledger check` and `verify` do, for everybody."""
    from nexafi.kernel.data import organizations
    from nexafi.kernel.data.context import Context
    from nexafi.ledger.journal.routes import check_books, verify_chain

    database = platform.database("ledger")
    faults: list[str] = []
    entries = links = 0
    homes = organizations.known(database)
    for home in homes:
        context = Context("operator: restore", database.clock(), home.id, home)
        with database.work(context, writes=False, report=True) as work:
            books, chain = check_books(work), verify_chain(work)
        entries, links = entries + books.entries, links + chain.entries
        if not books.is_right:
            faults.append(f"{home.name} ({home.id}): balances differ from lines")
        if chain.broken is not None:
            faults.append(f"{home.name} ({home.id}): broken at link {chain.broken.position}")
    return {
        "organizations": len(homes),
        "entries": entries,
        "links": links,
        "faults": faults,
        "is_right": not faults,
    }


def _tell(told: dict[str, Any], found: dict[str, Any], source: Path, *, as_json: bool) -> None:
    if as_json:
        shown = {name: told[name] for name in ("nexafi", "engine", "taken_at", "services")}
        showing.show_json({**shown, **found})
        return
    say = showing.console().print
    rows = sum(sum(each["tables"].values()) for each in told["services"].values())
    say(f"{source} is whole: {', '.join(told['services'])}, {rows:,} rows, of {told['taken_at']}.")
    if not found:
        return
    say(
        f"Restored: {found['organizations']:,} organizations, {found['entries']:,} entries,"
        f" {found['links']:,} links of their chains; {found['told_again']:,} events told again."
    )
    for fault in found["faults"]:
        say(f"NOT RIGHT: {fault}")
