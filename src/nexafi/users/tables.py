"""All that the users service remembers.

Everything here is Shared: a user may belong to several organizations, and
whoever signs in has none yet. What other services must know of an organization
is the kernel's table `organizations`; here it is at home. No foreign key leads
there: the kernel's migrations are a branch of their own.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from nexafi.kernel.data.ownership import Shared
from nexafi.kernel.data.types import NAMES, TYPES


class Base(DeclarativeBase):
    """The base of the tables of users."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = TYPES


class User(Shared, Base):
    """A person who can sign in, once they have a password."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("email_key"),)

    email: Mapped[str] = mapped_column(String(254))
    """As it was written."""
    email_key: Mapped[str] = mapped_column(String(254))
    """As it is compared: without regard to case."""
    password: Mapped[str] = mapped_column(String(100))
    """bcrypt over a peppered HMAC; empty while an invitation is open."""
    created_at: Mapped[dt.datetime]
    password_set_at: Mapped[dt.datetime | None]


class Member(Shared, Base):
    """A user in an organization."""

    __tablename__ = "members"
    __table_args__ = (
        UniqueConstraint("organization_id", "user_id"),
        CheckConstraint("role IN ('owner', 'accountant', 'viewer')", name="role_known"),
    )

    organization_id: Mapped[UUID]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    role: Mapped[str] = mapped_column(String(32))
    since: Mapped[dt.datetime]


class Invitation(Shared, Base):
    """A secret by which an invited user chooses a password, once."""

    __tablename__ = "invitations"
    __table_args__ = (UniqueConstraint("digest"), UniqueConstraint("member_id"))

    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    ends_at: Mapped[dt.datetime]


class Session(Shared, Base):
    """From signing in to signing out, of one user in one organization."""

    __tablename__ = "sessions"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    organization_id: Mapped[UUID]
    generation: Mapped[int] = mapped_column(default=1)
    """Access tokens of an earlier generation are revoked."""
    started_at: Mapped[dt.datetime]
    refreshed_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime] = mapped_column(index=True)
    ended_at: Mapped[dt.datetime | None]
    ended_because: Mapped[str] = mapped_column(String(32), default="")
    changed_at: Mapped[dt.datetime | None]
    """When tokens of this session were last revoked."""


Index(None, Session.changed_at, Session.id)


class RefreshToken(Shared, Base):
    """A refresh token, by its digest; the token itself is nowhere."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (UniqueConstraint("digest"),)

    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("sessions.id", ondelete="CASCADE"), index=True
    )
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    issued_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None] = mapped_column(index=True)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    """From which, with the token itself and our secret, its successor is made again."""


class Attempt(Shared, Base):
    """How often in a row a password was wrong for an e-mail address, whether it is known or not."""

    __tablename__ = "attempts"
    __table_args__ = (UniqueConstraint("digest"),)

    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    """A keyed hash of the address: what people type into the wrong field stays unread."""
    failures: Mapped[int]
    last_at: Mapped[dt.datetime] = mapped_column(index=True)
    blocked_until: Mapped[dt.datetime | None]


class SigningKey(Shared, Base):
    """A key that signs, or has signed, access tokens."""

    __tablename__ = "signing_keys"
    __table_args__ = (UniqueConstraint("kid"),)

    kid: Mapped[str] = mapped_column(String(64))
    public: Mapped[dict[str, Any]] = mapped_column(JSON)
    private: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed with the secret of the installation."""
    created_at: Mapped[dt.datetime]
    retired_at: Mapped[dt.datetime | None]
    """Since when it signs no more; published until what it signed has run out."""
