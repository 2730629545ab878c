"""What one does with the signing keys: make, open, retire.

A new key signs at once: a verifier that does not know it yet asks. An old one
stays published until the last token that it signed has run out.
"""

from __future__ import annotations

import json

from joserfc.jwk import OKPKey

from nexafi.kernel.data.work import Work
from nexafi.kernel.trust.audit import note
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.trust.tokens import LEEWAY, new_key, publish
from nexafi.users.keys import queries
from nexafi.users.settings import UsersSettings
from nexafi.users.tables import SigningKey

PURPOSE = "users/signing-key"


def signer(work: Work, secret: Secret) -> OKPKey:
    """Return the key that signs now; make the first one if there is none."""
    row = queries.newest(work) or make(work, secret)
    raw = secret.open(PURPOSE, row.private, place=row.kid)
    return OKPKey.import_key(json.loads(raw))


def make(work: Work, secret: Secret) -> SigningKey:
    """Make a key that signs from now on."""
    key = new_key()
    public = publish(key)
    raw = json.dumps(key.as_dict(private=True)).encode()
    row = SigningKey(
        kid=public["kid"],
        public=public,
        private=secret.seal(PURPOSE, raw, place=public["kid"]),
        created_at=work.context.now,
    )
    work.session.add(row)
    work.session.flush()
    note(work, "users:key:make", f"key/{row.kid}")
    return row


def rotate(work: Work, secret: Secret, *, withdraw: bool = False) -> SigningKey:
    """Let a new key sign. The old ones stay published while their tokens live.

    With *withdraw*, after a leak, they go at once: within a minute no service
    believes them, and whoever is signed in refreshes.
    """
    old = queries.active(work)
    if withdraw:
        old = [*old, *queries.retired_before(work, work.context.now)]
    new = make(work, secret)
    for row in old:
        note(work, f"users:key:{'withdraw' if withdraw else 'retire'}", f"key/{row.kid}")
        if withdraw:
            work.session.delete(row)
        else:
            row.retired_at = work.context.now
    return new


def tend(work: Work, secret: Secret, settings: UsersSettings) -> None:
    """Rotate when the key that signs has become old, and forget what nobody needs any more."""
    row = queries.newest(work)
    if row is None:
        make(work, secret)
    elif row.created_at + settings.key_life <= work.context.now:
        rotate(work, secret)
    gone = work.context.now - settings.access_life - 2 * LEEWAY
    for old in queries.retired_before(work, gone):
        work.session.delete(old)
