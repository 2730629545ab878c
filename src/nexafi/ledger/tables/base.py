"""What all tables of the ledger stand on."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from nexafi.kernel.data.types import NAMES, TYPES


class Base(DeclarativeBase):
    """The base of the ledger's tables."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = TYPES

    guards: ClassVar[tuple[str, ...]] = (
        "entries_balance",
        "entries_fit",
        "entries_period_open",
        "entries_through_postings",
        "entries_whole",
        "lines_account_open",
        "lines_fit",
    )
    """What triggers refuse, by the name that a breach brings; see migrations/guards_0001.py."""


MINOR_MAX = 10**15
"""No line moves more minor units than this; sums of them stay within 64 bits."""

FOLD_MAX = 9 * 10**18
"""No kept sum leaves this range."""
