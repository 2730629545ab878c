"""Which provider is asked first: the rules of an organization, in their order."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from nexafi.kernel.data.ownership import Owned
from nexafi.payments.tables.base import Base


class RoutingRule(Owned, Base):
    """For which charges it holds, and how it then chooses."""

    __tablename__ = "routing_rules"
    __table_args__ = (Index(None, "organization_id", "position", "id"),)

    position: Mapped[int]
    """The lowest is looked at first; the first that fits chooses."""
    name: Mapped[str] = mapped_column(String(200))
    is_on: Mapped[bool] = mapped_column(default=True)
    conditions: Mapped[dict[str, Any]] = mapped_column(JSON)
    choice: Mapped[dict[str, Any]] = mapped_column(JSON)
    changed_at: Mapped[dt.datetime]
