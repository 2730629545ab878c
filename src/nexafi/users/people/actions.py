"""What a user does about themselves."""

from __future__ import annotations

from uuid import UUID

from nexafi.kernel.data.work import Work
from nexafi.kernel.trust.audit import note
from nexafi.users.errors import WrongCredentials
from nexafi.users.people import queries
from nexafi.users.sessions import actions as sessions


def change_password(
    work: Work, user_id: UUID, *, old_hash: str, new_hash: str, session_id: UUID
) -> None:
    """Take a new password; all other sessions end, for one of them may be why it changes."""
    user = queries.user(work, user_id)
    if user.password != old_hash:
        raise WrongCredentials("The password has just been changed.")

    user.password, user.password_set_at = new_hash, work.context.now
    note(work, "users:password:change", f"user/{user_id}")
    sessions.end_all(work, user_id, "the password changed", but=session_id)


def reset_password(work: Work, user_id: UUID, new_hash: str) -> None:
    """Give a user another password, as the operator may; all sessions end."""
    user = queries.user(work, user_id)
    user.password, user.password_set_at = new_hash, work.context.now
    note(work, "users:password:reset", f"user/{user_id}")
    sessions.end_all(work, user_id, "the password was reset")
