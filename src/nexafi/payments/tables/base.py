"""What all tables of payments stand on."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from nexafi.kernel.data.types import NAMES, TYPES


class Base(DeclarativeBase):
    """The base of the tables of payments."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = TYPES


MINOR_MAX = 10**15
"""No payment moves more minor units than this."""
