"""Who is calling, as users know them."""

from __future__ import annotations

from uuid import UUID

from nexafi.kernel.data.work import Work
from nexafi.kernel.errors import NotSignedIn


def user_id(work: Work) -> UUID:
    """Return the id of the user who is calling."""
    kind, _, name = work.context.actor.partition(":")
    if kind != "user":
        raise NotSignedIn("This is for users only.")
    return UUID(name)


def session_id(work: Work) -> UUID:
    """Return the session in which the user is calling."""
    if work.context.session_id is None:
        raise NotSignedIn("This is for users who are signed in.")
    return work.context.session_id
