"""Context: who acts, for which organization, at which moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from nexafi.kernel.errors import OrganizationUnknown

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return this moment. The only clock in the house; all others are given one."""
    return datetime.now(UTC)  # noqa: TID251 - the one clock


@dataclass(frozen=True, slots=True)
class Home:
    """What every service must know of an organization."""

    id: UUID
    name: str
    country: str
    """ISO 3166-1, two letters."""
    zone: str
    """Where it keeps its days; a name of the IANA time zone database."""
    base_currency: str
    """In which its books are kept; ISO 4217."""
    fiscal_year_start: str
    """Month and day, such as ``01-01``."""


@dataclass(frozen=True, slots=True)
class Context:
    """Who acts, when, for which organization if any, and with which permissions."""

    actor: str
    now: datetime
    organization_id: UUID | None = None
    home: Home | None = None
    """What we know of the organization; None while we have not been told."""
    permissions: frozenset[str] = frozenset()
    session_id: UUID | None = None
    """In which the actor signed in, if it is a user."""
    request_id: str = ""
    """By which the request that began all this is found again, across services and events."""

    @property
    def today(self) -> date:
        """Return the organization's date: at 22:30 in New York it is tomorrow in Greenwich."""
        return self.now.astimezone(ZoneInfo(self.known.zone)).date()

    @property
    def known(self) -> Home:
        """Return what we know of the organization, or raise while that has not come here."""
        if self.home is None:
            raise OrganizationUnknown("We have not been told of this organization yet.")
        return self.home
