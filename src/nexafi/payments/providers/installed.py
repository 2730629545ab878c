"""The providers of an installation, put together from what was set."""

from __future__ import annotations

from nexafi.payments.providers.bank import Bank
from nexafi.payments.providers.paypal import PayPal
from nexafi.payments.providers.port import Provider, Providers
from nexafi.payments.providers.sandbox import Sandbox
from nexafi.payments.providers.stripe import Stripe
from nexafi.payments.settings import PaymentsSettings


def providers(settings: PaymentsSettings) -> Providers:
    """Return all providers that can be connected here."""
    found: list[Provider] = [Stripe(settings.stripe_url), PayPal(settings.paypal_url), Bank()]
    if settings.has_sandbox:
        found.insert(0, Sandbox())
    return Providers(*found)
