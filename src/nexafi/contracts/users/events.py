"""The news of the users service."""

from __future__ import annotations

from typing import ClassVar

from nexafi.kernel.data.context import Home
from nexafi.kernel.news.events import Event


class OrganizationChanged(Event):
    """An organization is new, or has another name, zone or currency."""

    name: ClassVar[str] = "users.organization_changed"

    home: Home
    revision: int = 0
    """How often the organization has changed: of two, the one with more is later."""
