"""The providers of an installation, put together from what was set."""

from __future__ import annotations

from nexafi.payments.providers.bank import Bank
from nexafi.payments.providers.port import Provider, Providers
from nexafi.payments.providers.sandbox import Sandbox
from nexafi.payments.settings import PaymentsSettings


def providers(settings: PaymentsSettings) -> Providers:
    """Return all providers that can be connected here."""
    found: list[Provider] = [Bank()]
    if settings.has_sandbox:
        found.append(Sandbox())
    return Providers(*found)
