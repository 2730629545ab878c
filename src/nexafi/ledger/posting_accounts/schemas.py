"""Posting accounts on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from nexafi.ledger.accounts.schemas import Code
from nexafi.ledger.journal.recipes import Role


class PostingAccountIn(BaseModel):
    """The account that is to take what moves in a role."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account: Code = Field(description="The code of an open account", examples=["1050"])


class PostingAccountOut(BaseModel):
    """What a role resolves to, and why."""

    role: Role
    provider: str | None = Field(description="Of whom alone; null if of all")
    account: str = Field(description="The code of the account")
    name: str = Field(description="What it is called")
    why: Literal["set", "found", "new"] = Field(
        description="`set` by somebody; `found` in the chart, or made before; `new`: the chart"
        " has none, so it will be made when money moves"
    )


class PostingAccountsOut(BaseModel):
    """All roles, and what was set or found for one provider alone."""

    items: list[PostingAccountOut]
