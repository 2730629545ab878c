"""Sessions over HTTP."""

from __future__ import annotations

from uuid import UUID

from nexafi.kernel.data.work import Begin, Work
from nexafi.kernel.trust.permissions import Anyone
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.web.endpoints import Routes
from nexafi.users.callers import session_id, user_id
from nexafi.users.errors import RefreshRefused, TooManyTries, WrongCredentials
from nexafi.users.passwords import hashes
from nexafi.users.sessions import actions, queries
from nexafi.users.sessions.schemas import (
    LoginIn,
    RefreshIn,
    RevocationsOut,
    RevocationsQuery,
    SessionsOut,
    signed_in,
    tokens,
)
from nexafi.users.settings import UsersSettings
from nexafi.users.shapes import SignedIn, Tokens

routes = Routes("/api/v1/users")


@routes.act(
    "/login",
    needs=Anyone.PUBLIC,
    gives=SignedIn,
    secret_answer=True,
    problems=[WrongCredentials, TooManyTries],
)
def log_in(begin: Begin, body: LoginIn, secret: Secret, settings: UsersSettings) -> SignedIn:
    """Sign in with e-mail address and password. What is wrong of the two is not told.

    After five wrong passwords in a row each further one makes all wait, longer
    and longer, up to 15 minutes; for addresses that nobody has just as well.
    """
    cost, password = settings.bcrypt_cost, body.password.get_secret_value()
    with begin() as work:
        candidate = actions.admit(work, secret, body.email)

    is_right = hashes.matches(secret, cost, password, candidate.password)
    stale = is_right and hashes.is_stale(cost, candidate.password)
    new_hash = hashes.make(secret, cost, password) if stale else None

    with begin() as work:
        if is_right:
            grant = actions.log_in(
                work,
                secret,
                settings,
                candidate,
                organization_id=body.organization_id,
                new_hash=new_hash,
            )
            return signed_in(work, grant)
        actions.note_failure(work, candidate)
    raise WrongCredentials("Check both and try again.")


@routes.act(
    "/refresh",
    needs=Anyone.PUBLIC,
    gives=Tokens,
    secret_answer=True,
    problems=[RefreshRefused],
)
def refresh(begin: Begin, body: RefreshIn, secret: Secret, settings: UsersSettings) -> Tokens:
    """Exchange a refresh token for new tokens. Each is good for one exchange.

    Within ten seconds the same token is answered with the same next one, if
    nobody has used that yet; later a second use ends the session, because one
    of the two who have it is a thief.
    """
    with begin() as work:
        grant = actions.refresh(work, secret, settings, body.refresh_token)
    if grant is None:
        raise actions.refused()
    return tokens(grant)


@routes.act("/logout", needs=Anyone.SIGNED_IN, gives=None)
def log_out(work: Work) -> None:
    """End this session: its tokens are refused everywhere within about a second."""
    actions.log_out(work, user_id(work), session_id(work))


@routes.get("/sessions", needs=Anyone.SIGNED_IN, gives=SessionsOut)
def list_sessions(work: Work) -> dict[str, object]:
    """Return the caller's sessions, in all organizations."""
    return {"items": queries.sessions(work, user_id(work))}


@routes.delete("/sessions/<uuid:ended_id>", needs=Anyone.SIGNED_IN)
def end_session(work: Work, ended_id: UUID) -> None:
    """End one of the caller's sessions, such as that of a device that was lost."""
    actions.log_out(work, user_id(work), ended_id)


@routes.get("/revocations", needs=Anyone.PUBLIC, gives=RevocationsOut)
def list_revocations(
    work: Work, query: RevocationsQuery, settings: UsersSettings
) -> RevocationsOut:
    """Return which sessions have ended or changed, so that services refuse their tokens.

    For the services and the gateway, which ask each second. It opens nothing:
    it holds ids of sessions, and whoever reads it learns that some ended.
    """
    return RevocationsOut.of(queries.revoked(work, query.since, settings))
