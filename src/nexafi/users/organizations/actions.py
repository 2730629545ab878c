"""Signing up an organization, and changing what is known of it."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.users.events import OrganizationChanged
from nexafi.kernel.data import organizations
from nexafi.kernel.data.context import Home
from nexafi.kernel.data.work import Work
from nexafi.kernel.news.outbox import tell
from nexafi.kernel.trust.audit import note
from nexafi.kernel.trust.secrets import Secret
from nexafi.users import counts
from nexafi.users.members import actions as members
from nexafi.users.roles.rules import Role
from nexafi.users.sessions import actions as sessions
from nexafi.users.sessions import queries
from nexafi.users.sessions.actions import Grant
from nexafi.users.settings import UsersSettings
from nexafi.users.tables import Member


def register(
    work: Work,
    secret: Secret,
    settings: UsersSettings,
    *,
    email: str,
    password_hash: str,
    home: Home,
) -> Grant:
    """Make a user, their organization and their first session."""
    user = members.new_user(work, email, password_hash)
    member = found(sessions.acting(work, user.id, home.id), user.id, home)
    return sessions.start(work, secret, settings, member)


def found(work: Work, user_id: UUID, home: Home) -> Member:
    """Make an organization whose owner is the user, and tell all services."""
    revision = organizations.change(work, home)
    member = members.join(work, user_id, home.id, Role.OWNER)

    work.count(counts.ORGANIZATIONS_FOUNDED)
    note(work, "users:organization:register", f"organization/{home.id}")
    news = OrganizationChanged(home=home, revision=revision)
    tell(work, news, organization_id=home.id)
    return member


def change(work: Work, home: Home) -> Home:
    """Change what is known of the organization, and tell all services."""
    if home == queries.home(work, work.organization_id):
        return home

    revision = organizations.change(work, home)
    note(work, "users:organization:edit", f"organization/{home.id}")
    tell(work, OrganizationChanged(home=home, revision=revision))
    return home
