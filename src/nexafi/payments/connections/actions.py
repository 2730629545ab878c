"""What one does to connect a provider: its keys are sealed, and opened only to ask it."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust import audit
from nexafi.kernel.trust.secrets import Secret
from nexafi.payments import signing
from nexafi.payments.connections import queries
from nexafi.payments.errors import CredentialsUnfit, ProviderNotConnected
from nexafi.payments.providers.port import WEBHOOK_SECRET, Account, Provider
from nexafi.payments.tables import Connection

PURPOSE = "connections"
KEY_CHARS_MAX = 1000
HINT_CHARS = 4


def connect(
    work: Work,
    secret: Secret,
    provider: Provider,
    keys: Mapping[str, str],
    settings: Mapping[str, Any],
    *,
    position: int,
) -> Connection:
    """Keep the keys of a provider, in the place of those that were kept before."""
    _check(provider, keys)
    row = queries.find(work, provider.name)
    if row is None:
        row = Connection(provider=provider.name)
        work.session.add(row)
    row.sealed = secret.seal(
        PURPOSE, json.dumps(dict(keys)).encode(), place=_place(work, provider.name)
    )
    row.hints = {name: _hint(value) for name, value in keys.items()}
    row.settings = dict(settings)
    row.position = position
    row.is_on = True
    row.changed_at = work.context.now
    audit.note(work, May.PROVIDER_EDIT, f"providers/{provider.name} connected")
    return row


def disconnect(work: Work, provider: str) -> None:
    """Forget the keys of a provider; charges that it made stay as they are."""
    work.session.delete(queries.connected(work, provider))
    audit.note(work, May.PROVIDER_EDIT, f"providers/{provider} disconnected")


def account(work: Work, secret: Secret, provider: Provider) -> Account:
    """Return how the organization is known at a provider; one without keys needs no connection.

    Such a one signs its webhooks with a secret that follows from that of the installation.
    """
    row = queries.find(work, provider.name)
    place = _place(work, provider.name)
    if not provider.keys:
        root = secret.derive("webhooks of providers without keys")
        signs = signing.secret_text(hmac.digest(root, place.encode(), "sha256"))
        return Account(work.organization_id, {WEBHOOK_SECRET: signs}, row.settings if row else {})
    if row is None or not row.is_on:
        raise ProviderNotConnected(
            f"{provider.title} is not connected; give your keys with"
            f" PUT /api/v1/payments/providers/{provider.name}.",
            pointer="#/provider",
        )
    opened = secret.open(PURPOSE, row.sealed, place=place)
    return Account(work.organization_id, json.loads(opened), row.settings)


def _check(provider: Provider, keys: Mapping[str, str]) -> None:
    if missing := sorted(provider.keys.keys() - keys.keys()):
        told = "; ".join(f"{name}: {provider.keys[name]}" for name in missing)
        raise CredentialsUnfit(f"{provider.title} also needs {told}", pointer="#/keys")
    if unknown := sorted(keys.keys() - provider.keys.keys()):
        raise CredentialsUnfit(
            f"{provider.title} has no key {unknown[0]!r}.", pointer=f"#/keys/{unknown[0]}"
        )


def _hint(value: str) -> str:
    """Return the last characters of a key, none of a short one."""
    return value[-HINT_CHARS:] if len(value) >= 4 * HINT_CHARS else ""


def _place(work: Work, provider: str) -> str:
    return f"connections:{work.organization_id}:{provider}"
