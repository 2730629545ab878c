"""What several subjects show on the wire."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from nexafi.kernel.data.context import Home
from nexafi.users.passwords.rules import LENGTH_MAX
from nexafi.users.roles.rules import Role


class Strict(BaseModel):
    """Base of what comes in: a field that we do not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class UserOut(BaseModel):
    """A user."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str
    created_at: datetime


class OrganizationOut(BaseModel):
    """An organization."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    country: str = Field(description="ISO 3166-1, two letters", examples=["US"])
    zone: str = Field(description="IANA time zone", examples=["America/New_York"])
    base_currency: str = Field(description="ISO 4217", examples=["USD"])
    fiscal_year_start: str = Field(description="Month and day", examples=["01-01"])


class MembershipOut(BaseModel):
    """An organization that a user belongs to, and as what."""

    organization: OrganizationOut
    role: Role


class Tokens(BaseModel):
    """What opens the door: a token for each request, and one to get the next with."""

    access_token: str = Field(description="Send it as Authorization: Bearer")
    refresh_token: str = Field(description="Good for one refresh; a second use ends the session")
    token_type: str = "Bearer"  # noqa: S105 - a word of RFC 6750
    expires_in: int = Field(description="Seconds until the access token runs out")


class SignedIn(Tokens):
    """Who has signed in, and where."""

    user: UserOut
    organization: OrganizationOut
    role: Role


Password = SecretStr
PASSWORD = Field(max_length=LENGTH_MAX, examples=["correct horse battery staple"])


def organization_out(home: Home) -> OrganizationOut:
    """Return *home* as it is shown."""
    return OrganizationOut.model_validate(home)
