"""Exports on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ExportQuery(BaseModel):
    """In which notation the books are wanted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["hledger", "beancount"] = Field(description="hledger.org or beancount.io")
