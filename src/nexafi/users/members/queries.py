"""What one asks of the members of an organization."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select

from nexafi.kernel.data.work import Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.users.errors import MemberNotFound
from nexafi.users.roles.rules import Role
from nexafi.users.tables import Invitation, Member, User


def members(work: Work, query: PageQuery) -> Sequence[Member]:
    """Return members, in the order in which they came."""
    wanted = select(Member).where(Member.organization_id == work.organization_id)
    return work.session.scalars(keyset(wanted, query, Member.id)).all()


def users(work: Work, members: Sequence[Member]) -> dict[UUID, User]:
    """Return the users who are *members*, by id."""
    wanted = select(User).where(User.id.in_({each.user_id for each in members}))
    return {user.id: user for user in work.session.scalars(wanted)}


def member(work: Work, member_id: UUID) -> Member:
    """Return a member, and keep all others from changing it meanwhile."""
    wanted = select(Member).where(
        Member.id == member_id, Member.organization_id == work.organization_id
    )
    found = work.session.scalar(wanted.with_for_update())
    if found is None:
        raise MemberNotFound(f"There is no member {member_id}.")
    return found


def user_of(work: Work, member: Member) -> User:
    """Return the user who is *member*."""
    return work.session.get_one(User, member.user_id)


def owners(work: Work) -> int:
    """Return how many owners there are, and keep all others from changing that meanwhile."""
    wanted = select(Member.id).where(
        Member.organization_id == work.organization_id, Member.role == Role.OWNER
    )
    return len(work.session.scalars(wanted.order_by(Member.id).with_for_update()).all())


def memberships(work: Work, user_id: UUID) -> int:
    """Return of how many organizations the user is a member."""
    wanted = select(func.count()).select_from(Member).where(Member.user_id == user_id)
    return work.session.scalar(wanted) or 0


def invitation(work: Work, digest: bytes) -> Invitation | None:
    """Return the invitation of a token, and keep all others from using it meanwhile."""
    return work.session.scalar(
        select(Invitation).where(Invitation.digest == digest).with_for_update()
    )


def invitation_of(work: Work, member_id: UUID) -> Invitation | None:
    """Return the open invitation of a member."""
    return work.session.scalar(select(Invitation).where(Invitation.member_id == member_id))
