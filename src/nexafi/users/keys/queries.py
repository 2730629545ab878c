"""What one asks of the signing keys."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select

from nexafi.kernel.data.figures import age_s
from nexafi.kernel.data.tables import NOBODY
from nexafi.kernel.data.work import Survey, Work
from nexafi.kernel.trust.tokens import LEEWAY
from nexafi.users.settings import UsersSettings
from nexafi.users.tables import SigningKey


def newest(work: Work) -> SigningKey | None:
    """Return the key that signs, or None while there is none."""
    wanted = select(SigningKey).where(SigningKey.retired_at.is_(None))
    return work.session.scalars(wanted.order_by(SigningKey.id.desc()).limit(1)).first()


def published(work: Work, settings: UsersSettings) -> list[dict[str, Any]]:
    """Return the public halves of all keys whose tokens may still be good."""
    gone = work.context.now - settings.access_life - LEEWAY
    wanted = select(SigningKey.public).where(
        or_(SigningKey.retired_at.is_(None), SigningKey.retired_at > gone)
    )
    return list(work.session.scalars(wanted.order_by(SigningKey.id)))


def active(work: Work) -> Sequence[SigningKey]:
    """Return the keys that have not been retired; more than one if two processes made the first."""
    wanted = select(SigningKey).where(SigningKey.retired_at.is_(None))
    return work.session.scalars(wanted.order_by(SigningKey.id).with_for_update()).all()


def retired_before(work: Work, moment: datetime) -> Sequence[SigningKey]:
    """Return the keys that were retired before *moment*."""
    return work.session.scalars(select(SigningKey).where(SigningKey.retired_at < moment)).all()


def newest_age_s(survey: Survey) -> float:
    """Return for how many seconds the newest key that signs has been there."""
    newest_at = select(func.max(SigningKey.created_at)).where(SigningKey.retired_at.is_(None))
    return age_s(survey.session.scalar(newest_at), survey.now)


def keys_due(_survey: Survey) -> Collection[UUID]:
    """Name nobody: keys are those of the installation, and are looked at each time."""
    return [NOBODY]
