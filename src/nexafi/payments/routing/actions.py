"""What one does to routing rules: plain forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust import audit
from nexafi.kernel.values.ids import new_id
from nexafi.payments.errors import TooManyRules
from nexafi.payments.routing import queries
from nexafi.payments.tables import RoutingRule


def keep(work: Work, rule_id: UUID | None, facts: Mapping[str, Any]) -> RoutingRule:
    """Add a rule, or put it in the place of one that is there."""
    if rule_id is None and len(queries.rules(work)) >= queries.RULES_MAX:
        raise TooManyRules(f"There are {queries.RULES_MAX} rules; remove one first.")
    row = RoutingRule(id=new_id()) if rule_id is None else queries.rule(work, rule_id)
    for name, value in facts.items():
        setattr(row, name, value)
    row.changed_at = work.context.now
    work.session.add(row)
    work.session.flush()
    audit.note(work, May.PROVIDER_EDIT, f"routing-rules/{row.id} kept")
    return row


def remove(work: Work, rule_id: UUID) -> None:
    """Remove a rule."""
    work.session.delete(queries.rule(work, rule_id))
    audit.note(work, May.PROVIDER_EDIT, f"routing-rules/{rule_id} removed")
