"""Audit: who did what, written in the same commit as the deed, never changed."""

from __future__ import annotations

from typing import cast

from sqlalchemy import Table

from nexafi.kernel.data.tables import NOBODY, AuditRow
from nexafi.kernel.data.work import Work
from nexafi.kernel.watch import traces

AUDIT = cast("Table", AuditRow.__table__)
DEED_MAX, TARGET_MAX, ACTOR_MAX = 200, 500, 200
DEEDS_SAID_MAX = 10
"""So many kinds of deeds stand in a line of the log; the table has all."""


def note(work: Work, deed: str, target: str) -> None:
    """Note that the actor of *work* did *deed* to *target*, if and only if *work* is kept.

    A deed is a permission or an event of trust, such as ``ledger:entry:post``
    or ``users:login:failed``. A target names what it was done to; no secret
    and no whole content belongs there. What is too long is cut.
    """
    context = work.context
    if trace := traces.current():
        deeds = trace.said.setdefault("event.action", [])
        if isinstance(deeds, list) and deed not in deeds and len(deeds) < DEEDS_SAID_MAX:
            deeds.append(deed)
    work.at_end(
        AUDIT,
        {
            "organization_id": context.organization_id or NOBODY,
            "at": context.now,
            "actor": context.actor[:ACTOR_MAX],
            "deed": deed[:DEED_MAX],
            "target": target[:TARGET_MAX],
            "request_id": context.request_id,
        },
    )
