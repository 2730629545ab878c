"""Who belongs to an organization, and as what."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from nexafi.kernel.data.work import Work
from nexafi.kernel.trust.audit import note
from nexafi.users.emails import key
from nexafi.users.errors import EmailTaken, InvitationRefused, LastOwner
from nexafi.users.members import queries
from nexafi.users.roles.rules import Role
from nexafi.users.sessions import actions as sessions
from nexafi.users.sessions import queries as found
from nexafi.users.tables import Invitation, Member, User

INVITED = timedelta(days=7)
"""How long an invitation is open."""


def new_user(work: Work, email: str, password_hash: str) -> User:
    """Add a user; without a password they wait for their invitation."""
    user = User(
        email=email,
        email_key=key(email),
        password=password_hash,
        created_at=work.context.now,
        password_set_at=work.context.now if password_hash else None,
    )
    work.session.add(user)
    work.session.flush()
    return user


def join(work: Work, user_id: UUID, organization_id: UUID, role: Role) -> Member:
    """Make a user a member of an organization."""
    member = Member(
        user_id=user_id, organization_id=organization_id, role=role, since=work.context.now
    )
    work.session.add(member)
    work.session.flush()
    note(work, "users:member:add", f"member/{member.id}: {role}")
    return member


def add(work: Work, email: str, role: Role, password_hash: str | None) -> tuple[Member, str | None]:
    """Make someone a member; return the token of the invitation if they must choose a password.

    A user whom we know keeps the password that they have: nobody may set another's.
    """
    user = found.user_of(work, email)
    if user is not None and password_hash is not None:
        raise EmailTaken("This user has a password of their own; leave the password out.")

    is_new = user is None
    user = user or new_user(work, email, password_hash or "")
    member = join(work, user.id, work.organization_id, role)
    return member, invite(work, member) if is_new and not password_hash else None


def invite(work: Work, member: Member) -> str:
    """Return a new token by which a member who has no password yet may choose one."""
    if queries.user_of(work, member).password:
        raise InvitationRefused("This member has a password already.")
    if old := queries.invitation_of(work, member.id):
        work.session.delete(old)
        work.session.flush()

    token = secrets.token_urlsafe(32)
    work.session.add(
        Invitation(member_id=member.id, digest=_digest(token), ends_at=work.context.now + INVITED)
    )
    note(work, "users:member:invite", f"member/{member.id}")
    return token


def accept(work: Work, token: str, password_hash: str) -> Member:
    """Give an invited user the password that they chose."""
    member, user = invited(work, token)

    user.password, user.password_set_at = password_hash, work.context.now
    if invitation := queries.invitation(work, _digest(token)):
        work.session.delete(invitation)
    by = sessions.acting(work, user.id, member.organization_id)
    note(by, "users:member:accept", f"member/{member.id}")
    return member


def invited(work: Work, token: str) -> tuple[Member, User]:
    """Return whom an invitation is for, while it is open."""
    invitation = queries.invitation(work, _digest(token))
    if invitation is None or invitation.ends_at <= work.context.now:
        raise InvitationRefused("Ask for a new one.")
    member = work.session.get_one(Member, invitation.member_id)
    user = queries.user_of(work, member)
    if user.password:
        raise InvitationRefused("A password has been chosen already; sign in.")
    return member, user


def change_role(work: Work, member: Member, role: Role) -> None:
    """Give a member another role. Their tokens of before are refused within about a second."""
    if member.role == role:
        return
    _keep_an_owner(work, member)

    note(work, "users:member:edit", f"member/{member.id}: {member.role} to {role}")
    member.role = role
    sessions.renew_all(work, member.user_id, member.organization_id)


def remove(work: Work, member: Member) -> None:
    """Let a member belong here no longer; their sessions here end."""
    _keep_an_owner(work, member)

    note(work, "users:member:remove", f"member/{member.id}: user/{member.user_id}")
    sessions.end_all(
        work, member.user_id, "no member any more", organization_id=member.organization_id
    )
    work.session.delete(member)


def _keep_an_owner(work: Work, member: Member) -> None:
    if member.role == Role.OWNER and queries.owners(work) == 1:
        raise LastOwner("Make someone else an owner first.")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
