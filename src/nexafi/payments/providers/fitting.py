"""Whether a provider takes a charge. Pure."""

from __future__ import annotations

from nexafi.kernel.values.money import Money
from nexafi.payments.errors import ProviderUnfit
from nexafi.payments.providers.port import Takes


def check_taken(takes: Takes, title: str, amount: Money, kind: str, *, captures: bool) -> None:
    """Raise unless a provider takes this amount by this kind of payment method."""
    if takes.currencies is not None and amount.currency not in takes.currencies:
        raise ProviderUnfit(f"{title} does not take {amount.currency}.", pointer="#/amount")
    if not takes.minor_min <= amount.minor <= takes.minor_max:
        least, most = (
            Money(takes.minor_min, amount.currency),
            Money(takes.minor_max, amount.currency),
        )
        raise ProviderUnfit(
            f"{title} takes from {least.text} to {most.text} {amount.currency} at a time.",
            pointer="#/amount",
        )
    if kind and kind not in takes.methods:
        raise ProviderUnfit(f"{title} does not take {kind}.", pointer="#/payment_method")
    if (only := takes.currency_of.get(kind, amount.currency)) != amount.currency:
        raise ProviderUnfit(f"{title} takes {only} by {kind}.", pointer="#/amount")
    if not captures and not takes.authorizes:
        raise ProviderUnfit(f"{title} cannot hold money without taking it.", pointer="#/capture")
