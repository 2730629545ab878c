"""Users, put together."""

from __future__ import annotations

from nexafi.kernel.data.figures import Figure
from nexafi.kernel.service import Service
from nexafi.kernel.trust.secrets import Secret
from nexafi.users import counts
from nexafi.users.jobs import jobs
from nexafi.users.keys.queries import newest_age_s
from nexafi.users.keys.routes import routes as keys
from nexafi.users.members.routes import routes as members
from nexafi.users.organizations.routes import routes as organizations
from nexafi.users.people.routes import routes as people
from nexafi.users.sessions.routes import routes as sessions
from nexafi.users.settings import UsersSettings
from nexafi.users.tables import Base

service = Service(
    name="users",
    port=5001,
    tables=Base,
    routes=[organizations, people, members, sessions, keys],
    jobs=jobs,
    counts=counts.ALL,
    figures=[
        Figure(
            "signing_key_age_seconds",
            "Since the newest key was made that signs access tokens.",
            newest_age_s,
        )
    ],
    expects=[Secret, UsersSettings],
)
