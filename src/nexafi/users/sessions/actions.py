"""Signing in, going on, signing out."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from uuid import UUID

from nexafi.kernel.data.work import Work
from nexafi.kernel.trust.audit import note
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.trust.tokens import Claims, sign
from nexafi.kernel.values.ids import new_id
from nexafi.users import counts
from nexafi.users.emails import key
from nexafi.users.errors import RefreshRefused, TooManyTries, WrongCredentials
from nexafi.users.keys import actions as keys
from nexafi.users.roles.rules import Role, permissions
from nexafi.users.sessions import queries, rules, store
from nexafi.users.sessions.rules import Shown, Worth
from nexafi.users.settings import UsersSettings
from nexafi.users.tables import Member, RefreshToken, Session, User

TOKEN_BYTES = 32
SALT_BYTES = 16
REFRESH = "users/refresh-token"
ATTEMPTS = "users/attempts"


@dataclass(frozen=True, slots=True)
class Grant:
    """What was granted: the tokens, and for whom."""

    access_token: str
    refresh_token: str
    expires_in: int
    member: Member


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who may be signing in: as much as must be known to look at the password."""

    digest: bytes
    user_id: UUID | None
    password: str


def acting(work: Work, user_id: UUID, organization_id: UUID) -> Work:
    """Return *work* as that of a user who has just proven who they are."""
    context = replace(work.context, actor=f"user:{user_id}", organization_id=organization_id)
    return replace(work, context=context)


def admit(work: Work, secret: Secret, email: str) -> Candidate:
    """Count a try for *email* and return whom to look at, known or not; raise if too many."""
    digest = _attempts_of(secret, email)
    if (wait := store.count_try(work, digest)) is not None:
        seconds = int(wait.total_seconds()) + 1
        raise TooManyTries(f"Try again in {seconds} s.", retry_after=seconds)
    user = queries.user_of(work, email)
    return Candidate(digest, user.id if user else None, user.password if user else "")


def forgive(work: Work, candidate: Candidate) -> None:
    """Begin to count anew: the password was right."""
    store.forget_tries(work, candidate.digest)


def pardon(work: Work, secret: Secret, email: str) -> None:
    """Let *email* be tried at once, whatever was tried before; for the operator."""
    store.forget_tries(work, _attempts_of(secret, email))


def note_failure(work: Work, candidate: Candidate) -> None:
    """Note that the password was wrong; of whom, if it is anybody we know."""
    work.count(counts.LOGINS_FAILED)
    note(work, "users:login:fail", f"user/{candidate.user_id or 'unknown'}")


def log_in(
    work: Work,
    secret: Secret,
    settings: UsersSettings,
    candidate: Candidate,
    *,
    organization_id: UUID | None,
    new_hash: str | None,
) -> Grant:
    """Start a session for someone whose password was right; keep *new_hash* if one was made."""
    user = work.session.get(User, candidate.user_id, with_for_update=True)
    if user is None or user.password != candidate.password:
        raise WrongCredentials("The password has just been changed.")
    member = queries.member(work, user.id, organization_id)
    if member is None:
        raise WrongCredentials("This user belongs to no such organization.")

    forgive(work, candidate)
    if new_hash:
        user.password = new_hash
    work.count(counts.LOGINS_SUCCEEDED)
    note(acting(work, user.id, member.organization_id), "users:login:succeed", f"user/{user.id}")
    return start(work, secret, settings, member)


def start(work: Work, secret: Secret, settings: UsersSettings, member: Member) -> Grant:
    """Start a session of *member*; the oldest of too many ends."""
    now = work.context.now
    for old in queries.sessions_to_change(work, member.user_id)[: -rules.SESSIONS_MAX + 1]:
        _end(work, old, "too many")
    session = Session(
        id=new_id(),
        user_id=member.user_id,
        organization_id=member.organization_id,
        generation=1,
        started_at=now,
        refreshed_at=now,
        ends_at=now + settings.session_life,
    )
    work.session.add(session)
    work.session.flush()
    token = _text(secrets.token_bytes(TOKEN_BYTES))
    _keep(work, session, token)
    return _grant(work, secret, settings, session, member=member, refresh_token=token)


def refresh(work: Work, secret: Secret, settings: UsersSettings, token: str) -> Grant | None:
    """Exchange a refresh token; None if it is worth nothing, which ends the session if stolen.

    The caller raises `RefreshRefused` when the Work is kept: the end of the
    session must not be taken back with the answer.
    """
    if (row := queries.refresh_token(work, _digest(token))) is None:
        return None
    session = queries.session(work, row.session_id)
    successor = _successor(secret, token, row.salt) if row.salt else ""
    shown = Shown(
        used_at=row.used_at,
        is_successor_used=bool(successor) and queries.is_used(work, _digest(successor)),
        refreshed_at=session.refreshed_at,
        ends_at=session.ends_at,
        has_ended=session.ended_at is not None,
    )

    worth = rules.worth(shown, work.context.now, idle_life=settings.idle_life)
    member = queries.member(work, session.user_id, session.organization_id)

    if worth is Worth.STOLEN:
        _end(work, session, "a refresh token came twice")
        return None
    if worth is Worth.ENDED or member is None:
        return None
    if not successor:
        row.used_at, row.salt = work.context.now, secrets.token_bytes(SALT_BYTES)
        session.refreshed_at = work.context.now
        successor = _successor(secret, token, row.salt)
        _keep(work, session, successor)
    return _grant(work, secret, settings, session, member=member, refresh_token=successor)


def log_out(work: Work, user_id: UUID, session_id: UUID) -> None:
    """End a session; its access tokens are refused everywhere within a second or so."""
    _end(work, queries.own_session(work, user_id, session_id), "signed out")


def end_all(
    work: Work,
    user_id: UUID,
    because: str,
    *,
    organization_id: UUID | None = None,
    but: UUID | None = None,
) -> None:
    """End the sessions of a user, in one organization or everywhere, except *but*."""
    for session in queries.sessions_to_change(work, user_id, organization_id):
        if session.id != but:
            _end(work, session, because)


def renew_all(work: Work, user_id: UUID, organization_id: UUID) -> None:
    """Revoke the access tokens of a user in an organization, who then refreshes them."""
    for session in queries.sessions_to_change(work, user_id, organization_id):
        session.generation += 1
        session.changed_at = work.context.now


def sweep(work: Work) -> None:
    """Forget what nobody needs any more, a batch at a time."""
    for token in queries.old_tokens(work):
        work.session.delete(token)
    work.session.flush()
    for row in (*queries.gone_sessions(work), *queries.old_attempts(work)):
        work.session.delete(row)


def refused() -> RefreshRefused:
    """Return what is said of a refresh token that is worth nothing, whatever the reason."""
    return RefreshRefused("Sign in again.")


def _end(work: Work, session: Session, because: str) -> None:
    session.ended_at = session.changed_at = work.context.now
    session.ended_because = because
    by = acting(work, session.user_id, session.organization_id)
    note(by, "users:session:end", f"session/{session.id}: {because}")


def _keep(work: Work, session: Session, token: str) -> None:
    work.session.add(
        RefreshToken(session_id=session.id, digest=_digest(token), issued_at=work.context.now)
    )


def _grant(
    work: Work,
    secret: Secret,
    settings: UsersSettings,
    session: Session,
    *,
    member: Member,
    refresh_token: str,
) -> Grant:
    role = Role(member.role)
    claims = Claims(
        token_id=new_id(),
        user_id=member.user_id,
        session_id=session.id,
        generation=session.generation,
        issued_at=work.context.now,
        expires_at=work.context.now + settings.access_life,
        role=role,
        permissions=permissions(role),
        home=queries.home(work, member.organization_id),
    )
    token = sign(claims, keys.signer(work, secret), settings.realm)
    return Grant(token, refresh_token, int(settings.access_life.total_seconds()), member)


def _attempts_of(secret: Secret, email: str) -> bytes:
    text = key(email).encode(errors="surrogatepass")
    return hmac.digest(secret.derive(ATTEMPTS), text, "sha256")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def _successor(secret: Secret, token: str, salt: bytes) -> str:
    """Return the token that follows *token*: made again from what no one place holds together."""
    return _text(hmac.digest(secret.derive(REFRESH), salt + token.encode(), "sha256"))


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
