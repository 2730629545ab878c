"""Imports on the wire."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from nexafi.kernel.values.money import Money
from nexafi.kernel.web.paging import PageQuery
from nexafi.ledger.banking.formats import StatementLine
from nexafi.ledger.imports.actions import Brought, Outcome
from nexafi.ledger.tables import Import

LINES_SHOWN_MAX = 10


class FileQuery(BaseModel):
    """How a file is to be taken."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preview: bool = Field(
        default=False, description="Read the file and say what it would bring; keep none"
    )
    save_mapping: bool = Field(
        default=False, description="Keep how the columns of a CSV were found for the next file"
    )


class FilesQuery(BaseModel):
    """How a file of any accounts is to be taken."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preview: bool = Field(
        default=False, description="Read the file and say what it would bring; keep none"
    )
    create_missing: bool = Field(
        default=False,
        description="Add the bank accounts, and accounts of the chart, that are missing",
    )


class PreviewLineOut(BaseModel):
    """A line as it would come in."""

    booked_on: dt.date
    amount: Money
    description: str
    counterparty: str
    reference: str
    is_duplicate: bool

    @classmethod
    def of(cls, line: StatementLine, *, is_duplicate: bool) -> Self:
        """Return a line of a file."""
        return cls(
            booked_on=line.booked_on,
            amount=line.amount,
            description=line.description,
            counterparty=line.counterparty,
            reference=line.reference,
            is_duplicate=is_duplicate,
        )


class BroughtOut(BaseModel):
    """What a statement of the file brought to its bank account."""

    id: UUID | None = Field(description="The statement; null in a preview")
    bank_account: UUID | None = Field(description="Null in a preview, if it is yet to be added")
    account: str = Field(description="The account as the bank names it, or else as it is called")
    currency: str
    lines: int
    sum: Money
    opening: Money | None
    closing: Money | None
    opened_on: dt.date | None
    closed_on: dt.date | None
    proven: bool | None = Field(
        description="Whether opening + lines = closing; null where the file does not say"
    )
    difference: Money | None = Field(description="closing - (opening + lines)")
    added: int = Field(description="Lines that were not here before")
    duplicates: int
    suggested: int = Field(description="Added lines for which we have a suggestion")
    first_lines: list[PreviewLineOut] = Field(description="In a preview the first ten lines")

    @classmethod
    def of(cls, brought: Brought, *, is_preview: bool) -> Self:
        """Return what one statement brought."""
        statement = brought.statement
        pairs = zip(statement.lines[:LINES_SHOWN_MAX], brought.same_as, strict=False)
        return cls(
            id=None if is_preview else brought.id,
            bank_account=brought.bank_account.id if brought.is_kept else None,
            account=statement.account or brought.bank_account.number or brought.bank_account.name,
            currency=statement.currency,
            lines=len(statement.lines),
            sum=statement.sum,
            opening=statement.opening,
            closing=statement.closing,
            opened_on=statement.opened_on,
            closed_on=statement.closed_on,
            proven=statement.is_proven,
            difference=statement.difference,
            added=brought.added,
            duplicates=brought.duplicates,
            suggested=brought.suggested,
            first_lines=[
                PreviewLineOut.of(line, is_duplicate=same is not None) for line, same in pairs
            ]
            if is_preview
            else [],
        )


class OutcomeOut(BaseModel):
    """What became of a file."""

    id: UUID | None = Field(description="The import, by which all can be undone; null in a preview")
    format: str
    preview: bool
    warnings: list[str] = Field(description="What one should know before trusting it")
    statements: list[BroughtOut]
    mapping: dict[str, Any] | None = Field(
        description="How the columns of a CSV were read; confirm or correct it on the bank account"
    )

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """Return an outcome."""
        is_preview, mapping = outcome.import_id is None, outcome.reading.mapping
        return cls(
            id=outcome.import_id,
            format=outcome.reading.format,
            preview=is_preview,
            warnings=outcome.remarks,
            statements=[BroughtOut.of(each, is_preview=is_preview) for each in outcome.brought],
            mapping=json.loads(mapping.to_json()) if mapping else None,
        )


class ImportOut(BaseModel):
    """A file that was handed in."""

    id: UUID
    name: str
    format: str
    size: int = Field(description="Bytes")
    sha256: str
    warnings: list[str]
    imported_by: str
    imported_at: dt.datetime
    undone_by: str | None
    undone_at: dt.datetime | None

    @classmethod
    def of(cls, row: Import) -> Self:
        """Return an import."""
        return cls.model_validate(row, from_attributes=True)


class ImportsQuery(PageQuery):
    """Which imports."""


class UndoQuery(BaseModel):
    """How an import is to be undone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    force: bool = Field(default=False, description="Undo first what was decided on its lines")


class UndoneOut(BaseModel):
    """An import that was undone."""

    id: UUID
    removed: int = Field(description="Lines that are gone; those that another import has stayed")
    undone_by: str
    undone_at: dt.datetime
