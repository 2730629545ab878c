"""Who pays with what, and which providers may be asked for it, in which order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from nexafi.kernel.data.work import Work
from nexafi.payments.charges.actions import NewCharge, Payer
from nexafi.payments.connections import queries as connections
from nexafi.payments.customers import queries as customers
from nexafi.payments.errors import (
    PaymentMethodUnfit,
    ProviderNotConnected,
    ProviderUnfit,
)
from nexafi.payments.providers.fitting import check_taken
from nexafi.payments.providers.port import Provider, Providers
from nexafi.payments.routing import choosing
from nexafi.payments.routing.rules import Case


def payers(
    work: Work,
    providers: Providers,
    new: NewCharge,
    *,
    method: str,
    provider: str | None,
    customer_id: UUID | None,
) -> list[Payer]:
    """Return who can be asked for a charge, the first choice first; raise if nobody can."""
    if customer_id is not None:
        customers.customer(work, customer_id)
    known = _known(work, providers, method, customer_id)
    if provider is not None:
        named = providers[provider]
        known = [each for each in known if each.provider == provider]
        if not known:
            raise PaymentMethodUnfit(
                f"This is no payment method of {named.title}.", pointer="#/payment_method"
            )
    return _fit(work, providers, new, known)


def payers_left(
    work: Work, providers: Providers, new: NewCharge, first: Payer, tried: Collection[str]
) -> list[Payer]:
    """Return who else can be asked, after those that were *tried* did surely nothing."""
    method = str(first.payment_method_id or first.token)
    known = _known(work, providers, method, first.customer_id)
    left = [each for each in known if each.provider not in tried]
    try:
        return _fit(work, providers, new, left) if left else []
    except (ProviderUnfit, ProviderNotConnected):
        return []  # carrying on: nobody else can be asked


def _known(work: Work, providers: Providers, method: str, customer_id: UUID | None) -> list[Payer]:
    """Return what each provider knows a payment method by: one of ours by its id, or a token."""
    if (method_id := _id(method)) is not None:
        row = customers.payment_method(work, method_id)
        if customer_id not in {None, row.customer_id}:
            raise PaymentMethodUnfit(
                "This payment method belongs to another customer.", pointer="#/payment_method"
            )
        base = Payer("", row.kind, "", row.id, row.customer_id, row.country)
        return [
            replace(base, provider=name, token=token)
            for name, token in row.tokens.items()
            if name in providers
        ]
    owners = [each for each in providers if each.owns(method)]
    if not owners:
        raise PaymentMethodUnfit(
            "No provider knows a payment method of this form. Give the token that a provider"
            " gave, or the id of one that you saved.",
            pointer="#/payment_method",
        )
    return [Payer(each.name, "", method, None, customer_id) for each in owners]


def _fit(work: Work, providers: Providers, new: NewCharge, known: Sequence[Payer]) -> list[Payer]:
    """Return those whose provider is connected and takes the charge, in the order of choice."""
    rows = {row.provider: row for row in connections.connections(work)}
    found, refused = [], []
    for payer in known:
        provider = providers[payer.provider]
        row = rows.get(provider.name)
        if provider.keys and (row is None or not row.is_on):
            refused.append(_not_connected(provider))
            continue
        try:
            check_taken(
                provider.takes, provider.title, new.amount, payer.kind, captures=new.captures
            )
        except ProviderUnfit as problem:
            refused.append(problem)  # carrying on: another may take it
            continue
        found.append((row.position if row else 0, payer))
    if not found:
        raise refused[0]
    connected = [payer for _, payer in sorted(found, key=lambda each: each[0])]
    return _routed(work, new, connected) if len(connected) > 1 else connected


def _routed(work: Work, new: NewCharge, connected: Sequence[Payer]) -> list[Payer]:
    """Return those who can be asked in the order that the routing rules choose."""
    first = connected[0]
    case = Case(new.id, new.amount, first.country or "", first.kind, new.details)
    by_name = {payer.provider: payer for payer in connected}
    chosen = choosing.choose(work, case, list(by_name))
    return [by_name[each.provider] for each in chosen.ranked]


def _not_connected(provider: Provider) -> ProviderNotConnected | ProviderUnfit:
    return ProviderNotConnected(
        f"{provider.title} is not connected; give your keys with"
        f" PUT /api/v1/payments/providers/{provider.name}.",
        pointer="#/provider",
    )


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None  # carrying on: it is a token
