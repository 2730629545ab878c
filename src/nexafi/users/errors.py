"""All that may go wrong with users."""

from __future__ import annotations

from nexafi.kernel.errors import Conflict, Invalid, NotFound, NotSignedIn, Problem


class EmailTaken(Conflict):
    """Someone has registered with this e-mail address already."""

    title = "The e-mail address is taken"
    constraint = "uq_users_email_key"


class WeakPassword(Invalid):
    """The password is among the first that anyone would guess."""

    title = "The password is too easy to guess"


class WrongCredentials(NotSignedIn):
    """The e-mail address and the password do not belong together; we do not say which is wrong."""

    title = "The e-mail address or the password is wrong"


class TooManyTries(Problem):
    """Too many wrong passwords for one e-mail address; the detail says when to try again."""

    status = 429
    title = "Too many tries"


class RefreshRefused(NotSignedIn):
    """The refresh token is unknown, used, or its session has ended: sign in again."""

    title = "The session has ended"


class InvitationRefused(NotFound):
    """There is no such invitation, or it was accepted or has run out."""

    title = "No such invitation"


class MemberNotFound(NotFound):
    """No such member in this organization."""

    title = "No such member"


class AlreadyMember(Conflict):
    """The user is a member of the organization already."""

    title = "Already a member"
    constraint = "uq_members_organization_id_user_id"


class LastOwner(Conflict):
    """An organization keeps at least one owner."""

    title = "The last owner"


class SessionNotFound(NotFound):
    """No such session of this user."""

    title = "No such session"


class UnknownHere(NotFound):
    """No such user or organization in this installation; told to the operator only."""

    title = "Not known here"
