"""What the operator of an installation does about users, without signing in.

For the command line: whoever can read the database and the secret needs no
permission. All of it is noted in the audit records, as the operator's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from nexafi.kernel.data.context import Context, Home
from nexafi.kernel.data.database import Database
from nexafi.kernel.data.tables import Organization
from nexafi.kernel.trust.secrets import Secret
from nexafi.users.errors import EmailTaken, UnknownHere
from nexafi.users.keys import actions as keys
from nexafi.users.keys.queries import published
from nexafi.users.members import actions as members
from nexafi.users.organizations import actions as organizations
from nexafi.users.passwords import hashes, rules
from nexafi.users.people import actions as people
from nexafi.users.people import queries
from nexafi.users.roles.rules import Role
from nexafi.users.sessions import actions as sessions
from nexafi.users.sessions import queries as found
from nexafi.users.settings import UsersSettings
from nexafi.users.tables import Member, User

ACTOR = "operator"


@dataclass(frozen=True, slots=True)
class Place:
    """Where someone belongs, and as what."""

    email: str
    user_id: UUID
    role: str
    organization: str
    organization_id: UUID
    is_invited: bool


class Operator:
    """The operator at the database of users."""

    def __init__(self, database: Database, secret: Secret, settings: UsersSettings) -> None:
        self._database = database
        self._secret = secret
        self._settings = settings
        self._begin = database.begin_as(Context(ACTOR, database.clock()))

    def places(self, email: str | None = None) -> list[Place]:
        """Return who belongs where; of one user, or of all."""
        with self._begin() as work:
            return [_place(*row) for row in queries.directory(work, email)]

    def knows(self, email: str) -> bool:
        """Return whether there is a user of this address."""
        with self._begin() as work:
            return found.user_of(work, email) is not None

    def found(self, email: str, password: str | None, home: Home) -> Place:
        """Make an organization; its owner is a user that we know, or a new one with *password*."""
        password_hash = self._hash(email, password)
        with self._begin() as work:
            user = found.user_of(work, email)
            if user is not None and password is not None:
                raise EmailTaken("This user has a password of their own.")
            user = user or members.new_user(work, email, password_hash or "")
            member = organizations.found(work, user.id, home)
            return _place(user, member, work.session.get_one(Organization, home.id))

    def add(
        self, email: str, password: str | None, organization_id: UUID, role: Role
    ) -> tuple[Place, str | None]:
        """Make someone a member; return the token of an invitation if they have no password."""
        password_hash = self._hash(email, password)
        with self._begin() as work:
            organization = work.session.get(Organization, organization_id)
            if organization is None:
                raise UnknownHere(f"There is no organization {organization_id}.")
            here = replace(work, context=replace(work.context, organization_id=organization_id))
            member, token = members.add(here, email, role, password_hash)
            user = work.session.get_one(User, member.user_id)
            return _place(user, member, organization), token

    def reset_password(self, email: str, password: str) -> None:
        """Give a user another password; all their sessions end, and they need not wait."""
        password_hash = self._hash(email, password)
        with self._begin() as work:
            user = found.user_of(work, email)
            if user is None:
                raise UnknownHere(f"There is no user {email}.")
            people.reset_password(work, user.id, password_hash or "")
            sessions.pardon(work, self._secret, email)

    def rotate_keys(self, *, withdraw: bool) -> Sequence[str]:
        """Let a new key sign, and return the names of all keys that are published then."""
        with self._begin() as work:
            keys.rotate(work, self._secret, withdraw=withdraw)
            return [str(each["kid"]) for each in published(work, self._settings)]

    def _hash(self, email: str, password: str | None) -> str | None:
        if password is None:
            return None
        rules.check(password, email=email)
        return hashes.make(self._secret, self._settings.bcrypt_cost, password)


def _place(user: User, member: Member, organization: Organization) -> Place:
    return Place(
        email=user.email,
        user_id=user.id,
        role=member.role,
        organization=organization.name,
        organization_id=organization.id,
        is_invited=not user.password,
    )
