"""Organizations over HTTP."""

from __future__ import annotations

from nexafi.contracts.users.permissions import UsersPermission as May
from nexafi.kernel.data.context import Home
from nexafi.kernel.data.work import Begin, Work
from nexafi.kernel.trust.permissions import Anyone
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.values.ids import new_id
from nexafi.kernel.web.endpoints import Routes
from nexafi.users.errors import EmailTaken
from nexafi.users.organizations import actions
from nexafi.users.organizations.schemas import OrganizationPatch, RegisterIn
from nexafi.users.passwords import hashes, rules
from nexafi.users.sessions import queries
from nexafi.users.sessions.schemas import signed_in
from nexafi.users.settings import UsersSettings
from nexafi.users.shapes import OrganizationOut, SignedIn

routes = Routes("/api/v1/users")


@routes.post("/register", needs=Anyone.PUBLIC, gives=SignedIn, secret_answer=True)
def register(begin: Begin, body: RegisterIn, secret: Secret, settings: UsersSettings) -> SignedIn:
    """Sign up: a user, an organization of theirs, and a session.

    What is left out of the organization follows from its country.
    """
    password = body.password.get_secret_value()
    rules.check(password, email=body.email)
    with begin() as work:
        if queries.user_of(work, body.email):
            raise EmailTaken("Sign in, or take another address.")

    password_hash = hashes.make(secret, settings.bcrypt_cost, password)

    with begin() as work:
        grant = actions.register(
            work,
            secret,
            settings,
            email=body.email,
            password_hash=password_hash,
            home=body.organization.home(new_id()),
        )
        return signed_in(work, grant)


@routes.get("/organization", needs=May.ORGANIZATION_READ, gives=OrganizationOut)
def read_organization(work: Work) -> Home:
    """Return the caller's organization."""
    return queries.home(work, work.organization_id)


@routes.patch("/organization", needs=May.ORGANIZATION_EDIT, gives=OrganizationOut)
def change_organization(work: Work, body: OrganizationPatch) -> Home:
    """Change the organization's name, zone or fiscal year.

    The other services hear of it within a second or so; access tokens that are
    out say the old for a few minutes more.
    """
    home = queries.home(work, work.organization_id)
    return actions.change(work, body.applied(home))
