"""What an installation may set about users."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from nexafi.kernel.trust.tokens import Realm


@dataclass(frozen=True, slots=True)
class UsersSettings:
    """Lives of tokens, sessions and keys, and what a password costs."""

    realm: Realm = field(default_factory=Realm)
    bcrypt_cost: int = 12
    """Each step doubles the time of a guess, and of a log-in."""
    access_life: timedelta = timedelta(minutes=15)
    """How long a service may go on trusting a token if it hears of no revocation."""
    idle_life: timedelta = timedelta(days=14)
    """After how long without a refresh a session ends."""
    session_life: timedelta = timedelta(days=90)
    """After how long one signs in anew, however busy one was."""
    key_life: timedelta = timedelta(days=30)
    """After how long a new key signs."""
