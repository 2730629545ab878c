"""All that the kernel remembers, in the database of every service.

These rows belong to nobody: an app may read and write its part of them, and
the steward carries the news on. Their migrations are the branch `kernel`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index, LargeBinary, MetaData, String, and_
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from nexafi.kernel.data.context import Home
from nexafi.kernel.data.types import NAMES, TYPES
from nexafi.kernel.values.ids import new_id

NOBODY = UUID(int=0)
"""Stands for the organization in a key where there is none."""


class KernelBase(DeclarativeBase):
    """The base of the kernel's own tables."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = TYPES


class Organization(KernelBase):
    """What every service must know of an organization; the rest is the users service's."""

    __tablename__ = "organizations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    zone: Mapped[str] = mapped_column(String(64))
    base_currency: Mapped[str] = mapped_column(String(3))
    country: Mapped[str] = mapped_column(String(2))
    fiscal_year_start: Mapped[str] = mapped_column(String(5))
    revision: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often it had changed when it was told; news that came late is known by it."""

    @property
    def home(self) -> Home:
        """Return the organization as a value."""
        return Home(
            id=self.id,
            name=self.name,
            country=self.country,
            zone=self.zone,
            base_currency=self.base_currency,
            fiscal_year_start=self.fiscal_year_start,
        )


class IdempotencyRow(KernelBase):
    """A POST that was done under a key, and what was answered (RFC draft Idempotency-Key).

    `status` is null while it runs; `answer` is then null too. A row without
    an organization (sign-up, log-in) has the id of nobody.
    """

    __tablename__ = "idempotency"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True, default=NOBODY)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    """A keyed hash of method, path, caller and body."""
    status: Mapped[int | None]
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The body that was answered, sealed where it holds secrets."""
    started_at: Mapped[datetime] = mapped_column(index=True)
    done_at: Mapped[datetime | None]


class AuditRow(KernelBase):
    """Who did what: written with the deed, never changed."""

    __tablename__ = "audit"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True, default=NOBODY)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(200))
    deed: Mapped[str] = mapped_column(String(200))
    """The permission that was used, such as ``ledger:entry:post``."""
    target: Mapped[str] = mapped_column(String(500))
    """The method and path that were called."""
    request_id: Mapped[str] = mapped_column(String(64))


class OutboxRow(KernelBase):
    """An event that was decided here and waits for the relay."""

    __tablename__ = "outbox"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organization_id: Mapped[UUID] = mapped_column(default=NOBODY)
    name: Mapped[str] = mapped_column(String(200))
    version: Mapped[int]
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    request_id: Mapped[str] = mapped_column(String(64), default="")
    traceparent: Mapped[str] = mapped_column(String(64), default="", server_default="")
    """Where in which trace it was decided (W3C Trace Context)."""
    occurred_at: Mapped[datetime]
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(500), default="")
    sent_at: Mapped[datetime | None]
    parked_at: Mapped[datetime | None]


WAITING = and_(OutboxRow.sent_at.is_(None), OutboxRow.parked_at.is_(None))
Index(None, OutboxRow.due_at, OutboxRow.id, postgresql_where=WAITING, sqlite_where=WAITING)


class InboxRow(KernelBase):
    """An event that was handled here; its presence makes a repeat harmless."""

    __tablename__ = "inbox"

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    received_at: Mapped[datetime]


class LeaseRow(KernelBase):
    """Who runs a job, and until when nobody else may."""

    __tablename__ = "leases"

    job: Mapped[str] = mapped_column(String(200), primary_key=True)
    holder: Mapped[UUID]
    until: Mapped[datetime]
