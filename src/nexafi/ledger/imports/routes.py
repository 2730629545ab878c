"""Files of banks over HTTP."""

from __future__ import annotations

import json
import zlib
from uuid import UUID

from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.kernel.data.work import Begin, Work
from nexafi.kernel.trust import permissions
from nexafi.kernel.web.downloads import Download
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page
from nexafi.kernel.web.uploads import Upload
from nexafi.ledger.banking import actions as bank_accounts
from nexafi.ledger.banking import formats
from nexafi.ledger.banking import queries as banking
from nexafi.ledger.banking.formats import UNKNOWN_CURRENCY, CsvMapping, Reading
from nexafi.ledger.errors import StatementUnreadable
from nexafi.ledger.imports import accounts, actions, queries
from nexafi.ledger.imports.rules import File
from nexafi.ledger.imports.schemas import (
    FileQuery,
    FilesQuery,
    ImportOut,
    ImportsQuery,
    OutcomeOut,
    UndoneOut,
    UndoQuery,
)

routes = Routes("/api/v1/ledger")


@routes.post(
    "/bank-accounts/<uuid:bank_account_id>/statements",
    needs=May.STATEMENT_IMPORT,
    gives=OutcomeOut,
)
def import_statements(
    begin: Begin, bank_account_id: UUID, query: FileQuery, file: Upload
) -> OutcomeOut:
    """Import a bank's file to one bank account; lines that are here already are not added again.

    With `preview=true` nothing is kept: the answer shows what would come in, and
    how the columns of a CSV were found.
    """
    with begin() as work:
        account = banking.bank_account(work, bank_account_id)
    given = _given(file)
    remarks: list[str] = []
    mapping = CsvMapping.from_json(json.dumps(account.mapping)) if account.mapping else None
    try:
        reading = _read(given, account.currency, mapping)
    except StatementUnreadable:
        if mapping is None:
            raise
        reading = _read(given, account.currency)  # carrying on: the bank changed its columns
        remarks.append("The saved mapping does not fit this file, so its columns were found anew.")
    with begin() as work:
        account = banking.bank_account(work, bank_account_id)
        writes = not query.preview
        targets = accounts.all_of(work, account, reading.statements, writes=writes)
        if writes and query.save_mapping and reading.mapping is not None:
            kept = {"mapping": json.loads(reading.mapping.to_json())}
            bank_accounts.change_bank_account(work, account.id, kept)
        outcome = actions.take_in(work, given, reading, targets, remarks, is_preview=query.preview)
        return OutcomeOut.of(outcome)


@routes.post("/statements", needs=May.STATEMENT_IMPORT, gives=OutcomeOut)
def import_any_statements(begin: Begin, query: FilesQuery, file: Upload) -> OutcomeOut:
    """Import a bank's file of one or several accounts, each found by its number and currency.

    With `create_missing=true` bank accounts that are not here yet are added,
    each with an account of the chart.
    """
    given, remarks = _given(file), []
    reading = _read(given, "")
    if any(each.currency == UNKNOWN_CURRENCY for each in reading.statements):
        with begin() as work:
            base = work.context.known.base_currency
        reading = _read(given, base)
        remarks.append(f"The file does not say its currency; it was taken for {base}.")
    with begin() as work:
        if query.create_missing:
            permissions.check(work.context, May.BANK_ACCOUNT_EDIT)
            permissions.check(work.context, May.ACCOUNT_EDIT)
        targets = accounts.each_of(
            work,
            given,
            reading.statements,
            create_missing=query.create_missing,
            is_preview=query.preview,
        )
        outcome = actions.take_in(work, given, reading, targets, remarks, is_preview=query.preview)
        return OutcomeOut.of(outcome)


def _given(file: Upload) -> File:
    """Return the file; one that no reader would take is not even loaded."""
    if file.size > formats.BYTES_MAX:
        most = formats.BYTES_MAX // 2**20
        raise StatementUnreadable(f"The file is larger than {most} MiB; split it by time.")
    return File(file.name, file.read())


def _read(given: File, currency: str, mapping: CsvMapping | None = None) -> Reading:
    return formats.read(given.raw, name=given.name, mapping=mapping, currency=currency)


@routes.get("/imports", needs=May.STATEMENT_READ, gives=Page[ImportOut])
def list_imports(work: Work, query: ImportsQuery) -> Page[ImportOut]:
    """Return a page of the files that were handed in, the latest first."""
    return Page[ImportOut].of(queries.imports(work, query), query, ImportOut.of)


@routes.get("/imports/<uuid:import_id>", needs=May.STATEMENT_READ, gives=ImportOut)
def read_import(work: Work, import_id: UUID) -> ImportOut:
    """Return one import."""
    return ImportOut.of(queries.one_import(work, import_id))


@routes.get("/imports/<uuid:import_id>/file", needs=May.STATEMENT_READ, gives=None)
def read_file(work: Work, import_id: UUID) -> Download:
    """Return the file, byte for byte as it was handed in."""
    found = queries.one_import(work, import_id, raw=True)
    return Download(zlib.decompress(found.raw), "application/octet-stream", found.name)


@routes.act("/imports/<uuid:import_id>/undo", needs=May.STATEMENT_IMPORT, gives=UndoneOut)
def undo_import(work: Work, import_id: UUID, query: UndoQuery) -> UndoneOut:
    """Take a whole import back, but for lines that another import has too.

    Settled lines stand in the way; with `force=true` they are taken back first.
    """
    found, removed = actions.undo(work, import_id, force=query.force)
    assert found.undone_by is not None
    assert found.undone_at is not None
    return UndoneOut(
        id=found.id, removed=removed, undone_by=found.undone_by, undone_at=found.undone_at
    )
