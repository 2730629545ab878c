"""What one asks of sessions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.sql import ColumnElement

from nexafi.kernel.data.context import Home
from nexafi.kernel.data.tables import NOBODY, Organization
from nexafi.kernel.data.work import Survey, Work
from nexafi.kernel.trust.tokens import EVERY, LEEWAY, Revocation, Revoked
from nexafi.users.emails import key
from nexafi.users.errors import SessionNotFound
from nexafi.users.sessions.rules import FORGET
from nexafi.users.settings import UsersSettings
from nexafi.users.tables import Attempt, Member, RefreshToken, Session, User

REVOKED_MAX = 5_000
"""How many revocations are told at once; whoever asks goes on where they end."""
SWEPT_MAX = 1_000
KEPT = timedelta(days=30)
"""How long a session that ended can still be looked at."""

USED_KEPT = timedelta(days=7)
"""How long a used refresh token is known again, so that its theft ends the session; after that
it is merely unknown."""

LIVE = Session.ended_at.is_(None)


def user_of(work: Work, email: str) -> User | None:
    """Return the user of an e-mail address."""
    return work.session.scalar(select(User).where(User.email_key == key(email)))


def member(work: Work, user_id: UUID, organization_id: UUID | None) -> Member | None:
    """Return the user as a member of an organization, or of the one joined first."""
    wanted = select(Member).where(Member.user_id == user_id)
    if organization_id is not None:
        wanted = wanted.where(Member.organization_id == organization_id)
    return work.session.scalars(wanted.order_by(Member.since, Member.id).limit(1)).first()


def home(work: Work, organization_id: UUID) -> Home:
    """Return what is known of an organization that has members."""
    return work.session.get_one(Organization, organization_id).home


def refresh_token(work: Work, digest: bytes) -> RefreshToken | None:
    """Return a refresh token, and keep all others from using it meanwhile."""
    wanted = select(RefreshToken).where(RefreshToken.digest == digest)
    return work.session.scalar(wanted.with_for_update())


def is_used(work: Work, digest: bytes) -> bool:
    """Return whether the refresh token of *digest* was used."""
    wanted = select(RefreshToken.used_at).where(RefreshToken.digest == digest)
    return work.session.scalar(wanted) is not None


def session(work: Work, session_id: UUID) -> Session:
    """Return a session, and keep all others from changing it meanwhile."""
    return work.session.get_one(Session, session_id, with_for_update=True)


def own_session(work: Work, user_id: UUID, session_id: UUID) -> Session:
    """Return a live session of a user."""
    wanted = select(Session).where(Session.id == session_id, Session.user_id == user_id, LIVE)
    found = work.session.scalar(wanted.with_for_update())
    if found is None:
        raise SessionNotFound(f"There is no session {session_id}.")
    return found


def sessions(work: Work, user_id: UUID, organization_id: UUID | None = None) -> Sequence[Session]:
    """Return the live sessions of a user, in one organization or all, the oldest first."""
    return work.session.scalars(_sessions(work, user_id, organization_id)).all()


def sessions_to_change(
    work: Work, user_id: UUID, organization_id: UUID | None = None
) -> Sequence[Session]:
    """Return the same, and keep all others from changing them meanwhile."""
    return work.session.scalars(_sessions(work, user_id, organization_id).with_for_update()).all()


def _sessions(work: Work, user_id: UUID, organization_id: UUID | None) -> Select[Session]:
    wanted = select(Session).where(Session.user_id == user_id, LIVE)
    wanted = wanted.where(Session.ends_at > work.context.now).order_by(Session.id)
    if organization_id is not None:
        wanted = wanted.where(Session.organization_id == organization_id)
    return wanted


def revoked(work: Work, since: datetime | None, settings: UsersSettings) -> Revoked:
    """Return what was revoked since a moment and may still matter, the oldest first.

    As of now; if there is more than can be told at once, as of the last one told.
    """
    window = settings.access_life + 2 * LEEWAY
    start = work.context.now - window
    rows = work.session.scalars(
        select(Session)
        .where(Session.changed_at >= max(since or start, start))
        .order_by(Session.changed_at, Session.id)
        .limit(REVOKED_MAX)
    ).all()
    told = [
        Revocation(row.id, EVERY if row.ended_at else row.generation, row.changed_at + window)
        for row in rows
        if row.changed_at is not None
    ]
    more = len(rows) == REVOKED_MAX
    as_of = (rows[-1].changed_at if more else None) or work.context.now
    return Revoked(as_of, tuple(told))


def _is_gone(now: datetime) -> ColumnElement[bool]:
    return or_(Session.ends_at < now - KEPT, Session.ended_at < now - KEPT)


def gone_sessions(work: Work) -> Sequence[Session]:
    """Return sessions that ended so long ago that nobody looks at them any more."""
    return work.session.scalars(
        select(Session).where(_is_gone(work.context.now)).limit(SWEPT_MAX)
    ).all()


def old_attempts(work: Work) -> Sequence[Attempt]:
    """Return attempts that count no more."""
    wanted = select(Attempt).where(_is_forgotten(work.context.now)).limit(SWEPT_MAX)
    return work.session.scalars(wanted).all()


def _is_forgotten(now: datetime) -> ColumnElement[bool]:
    free = or_(Attempt.blocked_until.is_(None), Attempt.blocked_until < now)
    return and_(Attempt.last_at < now - FORGET, free)


def old_tokens(work: Work) -> Sequence[RefreshToken]:
    """Return refresh tokens that were used long ago."""
    wanted = select(RefreshToken).where(_is_old(work.context.now)).limit(SWEPT_MAX)
    return work.session.scalars(wanted).all()


def _is_old(now: datetime) -> ColumnElement[bool]:
    return RefreshToken.used_at < now - USED_KEPT


def sweep_due(survey: Survey) -> Collection[UUID]:
    """Name nobody, if there is something that nobody needs any more."""
    wanted = (
        select(Session.id).where(_is_gone(survey.now)),
        select(Attempt.id).where(_is_forgotten(survey.now)),
        select(RefreshToken.id).where(_is_old(survey.now)),
    )
    found = any(survey.session.scalars(each.limit(1)).first() for each in wanted)
    return [NOBODY] if found else []
