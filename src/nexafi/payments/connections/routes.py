"""Providers and their keys over HTTP."""

from __future__ import annotations

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Begin
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.web.endpoints import Routes
from nexafi.payments.connections import actions, queries
from nexafi.payments.connections.schemas import ConnectionIn, ProviderOut, ProvidersOut
from nexafi.payments.providers.port import Providers

routes = Routes("/api/v1/payments/providers")


@routes.get("", needs=May.PROVIDER_READ, gives=ProvidersOut)
def list_providers(begin: Begin, providers: Providers) -> ProvidersOut:
    """Return all providers, what each needs and takes, and which are connected."""
    with begin() as work:
        rows = {row.provider: row for row in queries.connections(work)}
        shown = [ProviderOut.of(each, rows.get(each.name)) for each in providers]
    return ProvidersOut(items=shown)


@routes.put("/<provider>", needs=May.PROVIDER_EDIT, gives=ProviderOut)
def connect_provider(
    begin: Begin, provider: str, body: ConnectionIn, providers: Providers, secret: Secret
) -> ProviderOut:
    """Connect a provider with your keys there. They are kept encrypted and never shown again."""
    found = providers[provider]
    with begin() as work:
        row = actions.connect(work, secret, found, body.keys, body.settings, position=body.position)
        work.session.flush()
        return ProviderOut.of(found, row)


@routes.delete("/<provider>", needs=May.PROVIDER_EDIT)
def disconnect_provider(begin: Begin, provider: str, providers: Providers) -> None:
    """Forget the keys of a provider. Charges that it made stay, but cannot be refunded there."""
    with begin() as work:
        actions.disconnect(work, providers[provider].name)
