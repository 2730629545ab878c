"""Routing rules over HTTP."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Begin, Work
from nexafi.kernel.web.endpoints import Routes
from nexafi.payments.connections import queries as connections
from nexafi.payments.errors import ProviderUnfit
from nexafi.payments.providers.fitting import check_taken
from nexafi.payments.providers.port import Providers
from nexafi.payments.routing import actions, choosing, queries
from nexafi.payments.routing.schemas import (
    RoutingRuleIn,
    RoutingRuleOut,
    RoutingRulesOut,
    RoutingTestIn,
    RoutingTestOut,
)

routes = Routes("/api/v1/payments/routing-rules")


@routes.post("", needs=May.PROVIDER_EDIT, gives=RoutingRuleOut)
def add_routing_rule(begin: Begin, body: RoutingRuleIn, providers: Providers) -> RoutingRuleOut:
    """Add a rule that says which provider is asked first for some charges."""
    _check_named(body, providers)
    with begin() as work:
        return RoutingRuleOut.of(actions.keep(work, None, body.facts()))


@routes.get("", needs=May.PROVIDER_READ, gives=RoutingRulesOut)
def list_routing_rules(work: Work) -> RoutingRulesOut:
    """Return all rules, in the order in which they are looked at; the first that fits chooses."""
    return RoutingRulesOut(items=[RoutingRuleOut.of(each) for each in queries.rules(work)])


@routes.act("/test", needs=May.PROVIDER_EDIT, gives=RoutingTestOut)
def test_routing(begin: Begin, body: RoutingTestIn, providers: Providers) -> RoutingTestOut:
    """Say who would be asked for a charge, and why, without making it."""
    with begin() as work:
        rows = {row.provider: row for row in connections.connections(work)}
        known, refused = [], {}
        for provider in providers:
            row = rows.get(provider.name)
            if provider.keys and (row is None or not row.is_on):
                refused[provider.name] = f"{provider.title} is not connected."
                continue
            try:
                check_taken(
                    provider.takes,
                    provider.title,
                    body.amount,
                    body.method_kind or "",
                    captures=body.capture,
                )
            except ProviderUnfit as problem:  # carrying on: another may take it
                refused[provider.name] = problem.detail
                continue
            known.append((row.position if row else 0, provider.name))
        names = [name for _, name in sorted(known, key=lambda each: each[0])]
        return RoutingTestOut.of(choosing.choose(work, body.case(), names), refused)


@routes.get("/<uuid:routing_rule_id>", needs=May.PROVIDER_READ, gives=RoutingRuleOut)
def read_routing_rule(work: Work, routing_rule_id: UUID) -> RoutingRuleOut:
    """Return one rule."""
    return RoutingRuleOut.of(queries.rule(work, routing_rule_id))


@routes.put("/<uuid:routing_rule_id>", needs=May.PROVIDER_EDIT, gives=RoutingRuleOut)
def replace_routing_rule(
    begin: Begin, routing_rule_id: UUID, body: RoutingRuleIn, providers: Providers
) -> RoutingRuleOut:
    """Put a rule in the place of another."""
    _check_named(body, providers)
    with begin() as work:
        return RoutingRuleOut.of(actions.keep(work, routing_rule_id, body.facts()))


@routes.delete("/<uuid:routing_rule_id>", needs=May.PROVIDER_EDIT)
def remove_routing_rule(work: Work, routing_rule_id: UUID) -> None:
    """Remove a rule."""
    actions.remove(work, routing_rule_id)


def _check_named(body: RoutingRuleIn, providers: Providers) -> None:
    for name in sorted(body.choice.named()):
        providers[name]
