"""A ledger that counts what each event does to it, in the process that `program.py` starts.

The handler of `users.organization_changed` leaves a line in the audit log in the transaction of its
effect. The moments at which a death is worst are made longer: in the middle of the handler, and
between delivering and marking; and a claim runs out after two seconds, not two minutes.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from functools import wraps

from nexafi.contracts.users.events import OrganizationChanged
from nexafi.kernel.data.tables import InboxRow
from nexafi.kernel.data.work import Work
from nexafi.kernel.news import relay
from nexafi.kernel.news.subscriptions import GIVEN, Subscriptions
from nexafi.kernel.trust import audit
from nexafi.ledger.subscriptions import subscriptions

DEED = "ledger:news:hear"
WINDOW_S = 0.03
BROKEN_WINDOW_S = 0.15
"""Longer still: what is broken must be found out whenever the test is run."""


def count() -> None:
    """Count effects, and make the worst moments longer."""
    relay.CLAIM = timedelta(seconds=2)
    mark = relay._mark

    def slow_mark(*given):
        time.sleep(WINDOW_S)
        return mark(*given)

    relay._mark = slow_mark
    key = OrganizationChanged.name, OrganizationChanged.version
    kind, handler = subscriptions.handlers[key]

    @wraps(handler)
    def counted(work: Work, event: OrganizationChanged) -> None:
        handler(work=work, event=event)
        audit.note(work, DEED, f"revision/{event.revision}")
        time.sleep(WINDOW_S)

    subscriptions.handlers[key] = kind, counted


def inbox_afterwards() -> None:
    """Note that an event was heard in a transaction after that of its effect: broken."""
    count()

    def deliver(self, database, equipment, envelope) -> bool:
        if (found := self.handlers.get((envelope.name, envelope.version))) is None:
            return False
        event_type, handler = found
        tools = equipment.fit(handler, GIVEN)
        context = database.context_for("event", envelope.organization_id)
        context = replace(context, request_id=envelope.request_id)
        with database.work(context) as work:
            if work.session.get(InboxRow, envelope.id) is not None:
                return False
        with database.work(context) as work:
            handler(work=work, event=event_type.model_validate(envelope.body), **tools)
        time.sleep(BROKEN_WINDOW_S)
        with database.work(context) as work:
            work.session.add(InboxRow(event_id=envelope.id, received_at=context.now))
        return True

    Subscriptions.deliver = deliver


VARIANTS = {"news is counted": count, "inbox written afterwards": inbox_afterwards}
