"""A user's own affairs on the wire."""

from __future__ import annotations

from pydantic import BaseModel, Field

from nexafi.users.roles.rules import Role
from nexafi.users.shapes import (
    PASSWORD,
    MembershipOut,
    OrganizationOut,
    Password,
    Strict,
    UserOut,
)


class MeOut(BaseModel):
    """Who is calling, and for which organization."""

    user: UserOut
    organization: OrganizationOut
    role: Role
    permissions: list[str]
    memberships: list[MembershipOut] = Field(description="Where the user could sign in")


class PasswordIn(Strict):
    """A new password, and the one that it replaces."""

    current: Password = PASSWORD
    new: Password = PASSWORD
