"""A user's own affairs over HTTP."""

from __future__ import annotations

from nexafi.kernel.data.work import Begin, Work
from nexafi.kernel.trust.permissions import Anyone
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.web.endpoints import Routes
from nexafi.users.callers import session_id, user_id
from nexafi.users.errors import TooManyTries, WrongCredentials
from nexafi.users.passwords import hashes, rules
from nexafi.users.people import actions, queries
from nexafi.users.people.schemas import MeOut, PasswordIn
from nexafi.users.sessions import actions as sessions
from nexafi.users.settings import UsersSettings
from nexafi.users.shapes import MembershipOut, UserOut, organization_out

routes = Routes("/api/v1/users")


@routes.get("/me", needs=Anyone.SIGNED_IN, gives=MeOut)
def who_am_i(work: Work) -> MeOut:
    """Return who is calling, for which organization, as what, and where else they belong."""
    user = queries.user(work, user_id(work))
    found = queries.memberships(work, user.id)
    here = next(row for row in found if row[1].id == work.organization_id)
    return MeOut(
        user=UserOut.model_validate(user),
        organization=organization_out(here[1].home),
        role=here[0].role,
        permissions=sorted(work.context.permissions),
        memberships=[
            MembershipOut(organization=organization_out(organization.home), role=member.role)
            for member, organization in found
        ],
    )


@routes.act("/password", needs=Anyone.SIGNED_IN, gives=None, problems=[TooManyTries])
def change_password(
    begin: Begin, body: PasswordIn, secret: Secret, settings: UsersSettings
) -> None:
    """Change one's password. All other sessions end."""
    cost, current = settings.bcrypt_cost, body.current.get_secret_value()
    with begin() as work:
        user = queries.user(work, user_id(work))
        candidate = sessions.admit(work, secret, user.email)
    rules.check(body.new.get_secret_value(), email=user.email)

    is_right = hashes.matches(secret, cost, current, candidate.password)
    new_hash = hashes.make(secret, cost, body.new.get_secret_value()) if is_right else ""

    with begin() as work:
        if is_right:
            sessions.forgive(work, candidate)
            actions.change_password(
                work,
                user.id,
                old_hash=candidate.password,
                new_hash=new_hash,
                session_id=session_id(work),
            )
            return
        sessions.note_failure(work, candidate)
    raise WrongCredentials("The current password is another.")
