"""How a password is kept: bcrypt over a peppered HMAC-SHA-384.

bcrypt takes 72 bytes and no more, so it is given the 64 letters of an HMAC of
the password. The pepper follows from the secret of the installation: whoever
has only the database cannot even begin to guess. A hash takes a quarter of a
second or so: never with a Work open.
"""

from __future__ import annotations

import base64
import hmac

import bcrypt

from nexafi.kernel.trust.secrets import Secret
from nexafi.users.passwords import rules

PURPOSE = "users/password"


def make(secret: Secret, cost: int, password: str) -> str:
    """Return what is kept of *password*."""
    return bcrypt.hashpw(_digest(secret, password), bcrypt.gensalt(cost)).decode()


def matches(secret: Secret, cost: int, password: str, kept: str) -> bool:
    """Return whether *password* is the one; as slowly if there is none (*kept* is empty)."""
    right = bcrypt.checkpw(_digest(secret, password), (kept or _nobody(cost)).encode())
    return right and bool(kept)


def is_stale(cost: int, kept: str) -> bool:
    """Return whether *kept* was made at another cost than is set now."""
    return kept.split("$")[2:3] != [f"{cost:02}"]


def _digest(secret: Secret, password: str) -> bytes:
    text = rules.normal(password).encode(errors="surrogatepass")
    pepper = secret.derive(PURPOSE, 48)
    return base64.b64encode(hmac.digest(pepper, text, "sha384"))


def _nobody(cost: int) -> str:
    """Return a well-formed hash that nothing is known to match, for users that do not exist."""
    return f"$2b${cost:02}${'.' * 53}"
