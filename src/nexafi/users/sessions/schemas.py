"""Sessions on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from nexafi.kernel.data.work import Work
from nexafi.kernel.trust.tokens import Revoked
from nexafi.users.sessions import queries
from nexafi.users.sessions.actions import Grant
from nexafi.users.shapes import (
    PASSWORD,
    Password,
    SignedIn,
    Strict,
    Tokens,
    UserOut,
    organization_out,
)
from nexafi.users.tables import User


class LoginIn(Strict):
    """Who signs in."""

    email: str = Field(max_length=320, examples=["ada@example.com"])
    password: Password = PASSWORD
    organization_id: UUID | None = Field(
        None, description="Where, if the user belongs to several; the one joined first if left out"
    )


class RefreshIn(Strict):
    """The refresh token of the last answer."""

    refresh_token: str = Field(max_length=200)


class SessionOut(BaseModel):
    """A session that goes on."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    started_at: datetime
    refreshed_at: datetime
    ends_at: datetime


class SessionsOut(BaseModel):
    """The sessions of a user, of which there are few."""

    items: list[SessionOut]
    next: None = None


class RevocationOut(BaseModel):
    """A session whose access tokens of generations before this one are refused."""

    model_config = ConfigDict(from_attributes=True)

    session_id: UUID
    generation: int
    until: datetime


class RevocationsQuery(Strict):
    """Since when."""

    since: AwareDatetime | None = Field(None, description="All that still matters, if left out")


class RevocationsOut(BaseModel):
    """What was revoked, the oldest first, up to a moment of our clock."""

    as_of: datetime
    items: list[RevocationOut]
    is_complete: bool = Field(description="If not, ask again since the `as_of`")

    @classmethod
    def of(cls, revoked: Revoked) -> Self:
        """Return what was revoked as it is told."""
        return cls(
            as_of=revoked.as_of,
            items=[RevocationOut.model_validate(each) for each in revoked.revocations],
            is_complete=len(revoked.revocations) < queries.REVOKED_MAX,
        )


def tokens(grant: Grant) -> Tokens:
    """Return what was granted as it is shown."""
    return Tokens(
        access_token=grant.access_token,
        refresh_token=grant.refresh_token,
        expires_in=grant.expires_in,
    )


def signed_in(work: Work, grant: Grant) -> SignedIn:
    """Return what was granted, with who and where."""
    member = grant.member
    return SignedIn(
        **tokens(grant).model_dump(),
        user=UserOut.model_validate(work.session.get_one(User, member.user_id)),
        organization=organization_out(queries.home(work, member.organization_id)),
        role=member.role,
    )
