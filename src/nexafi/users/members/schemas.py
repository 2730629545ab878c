"""Members on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from nexafi.users.emails import Email
from nexafi.users.roles.rules import Role
from nexafi.users.shapes import PASSWORD, Password, Strict
from nexafi.users.tables import Member, User


class MemberIn(Strict):
    """Someone who is to belong to the organization."""

    email: Email
    role: Role
    password: Password | None = Field(
        None,
        max_length=256,
        description="For someone new: a first password, or leave it out to be given an invitation",
    )


class RolePatch(Strict):
    """Another role."""

    role: Role


class AcceptIn(Strict):
    """The token of an invitation, and the password that the user chooses."""

    token: str = Field(max_length=200)
    password: Password = PASSWORD


class MemberOut(BaseModel):
    """A user in this organization."""

    id: UUID
    user_id: UUID
    email: str
    role: Role
    since: datetime
    is_invited: bool = Field(description="Whether they have yet to choose a password")

    @classmethod
    def of(cls, member: Member, user: User) -> Self:
        """Return a member as shown."""
        return cls(
            id=member.id,
            user_id=user.id,
            email=user.email,
            role=member.role,
            since=member.since,
            is_invited=not user.password,
        )


class MemberAdded(BaseModel):
    """A new member; for someone new without a password, the token of their invitation."""

    member: MemberOut
    invitation: str | None = Field(
        description="Give it to them; they hand it to /invitations/accept. Shown this once"
    )
