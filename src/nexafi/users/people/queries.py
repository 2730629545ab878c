"""What one asks of a user."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from nexafi.kernel.data.tables import Organization
from nexafi.kernel.data.work import Work
from nexafi.kernel.errors import NotSignedIn
from nexafi.users.emails import key
from nexafi.users.tables import Member, User

MEMBERSHIPS_MAX = 200
DIRECTORY_MAX = 10_000


def user(work: Work, user_id: UUID) -> User:
    """Return a user who has signed in."""
    found = work.session.get(User, user_id)
    if found is None:
        raise NotSignedIn("There is no such user any more.")
    return found


def memberships(work: Work, user_id: UUID) -> Sequence[tuple[Member, Organization]]:
    """Return where a user is a member, the organization joined first before the others."""
    wanted = (
        select(Member, Organization)
        .join(Organization, Organization.id == Member.organization_id)
        .where(Member.user_id == user_id)
        .order_by(Member.since, Member.id)
        .limit(MEMBERSHIPS_MAX)
    )
    return [(row[0], row[1]) for row in work.session.execute(wanted)]


def directory(work: Work, email: str | None = None) -> Sequence[tuple[User, Member, Organization]]:
    """Return who belongs where, by e-mail address; of one user, or of all for the operator."""
    wanted = (
        select(User, Member, Organization)
        .join(Member, Member.user_id == User.id)
        .join(Organization, Organization.id == Member.organization_id)
        .order_by(User.email_key, Member.since, Member.id)
        .limit(DIRECTORY_MAX)
    )
    if email is not None:
        wanted = wanted.where(User.email_key == key(email))
    return [(row[0], row[1], row[2]) for row in work.session.execute(wanted)]
