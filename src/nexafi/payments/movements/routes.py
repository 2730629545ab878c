"""Movements over HTTP."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page
from nexafi.payments.movements import queries
from nexafi.payments.movements.schemas import MovementOut, MovementsQuery

routes = Routes("/api/v1/payments/movements")


@routes.get("", needs=May.SETTLEMENT_READ, gives=Page[MovementOut])
def list_movements(work: Work, query: MovementsQuery) -> Page[MovementOut]:
    """Return a page of money movements, the newest first, each with the entry that books it."""
    return Page[MovementOut].of(
        queries.movements(work, query, query.wanted()), query, MovementOut.of
    )


@routes.get("/<uuid:movement_id>", needs=May.SETTLEMENT_READ, gives=MovementOut)
def read_movement(work: Work, movement_id: UUID) -> MovementOut:
    """Return one money movement."""
    return MovementOut.of(queries.movement(work, movement_id))
