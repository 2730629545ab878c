"""What the clock starts in users: keys rotate, and what nobody needs is forgotten."""

from __future__ import annotations

from datetime import timedelta

from nexafi.kernel.data.work import Begin
from nexafi.kernel.news.jobs import Jobs
from nexafi.kernel.trust.secrets import Secret
from nexafi.users.keys import actions as keys
from nexafi.users.keys.queries import keys_due
from nexafi.users.sessions import actions as sessions
from nexafi.users.sessions.queries import sweep_due
from nexafi.users.settings import UsersSettings

jobs = Jobs()


@jobs.every(timedelta(minutes=5), due=keys_due)
def tend_keys(begin: Begin, secret: Secret, settings: UsersSettings) -> None:
    """Make the first key, rotate one that has become old, forget those that nobody needs."""
    with begin() as work:
        keys.tend(work, secret, settings)


@jobs.every(timedelta(minutes=10), due=sweep_due)
def sweep_sessions(begin: Begin) -> None:
    """Forget sessions that ended long ago, and tries that count no more."""
    with begin() as work:
        sessions.sweep(work)
