"""Fee schedules over HTTP."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page, PageQuery
from nexafi.payments.customers import queries as customers
from nexafi.payments.fees import actions, queries, rules
from nexafi.payments.fees.rules import Case
from nexafi.payments.fees.schemas import (
    FeePreviewIn,
    FeePreviewOut,
    FeeScheduleIn,
    FeeScheduleOut,
    PlatformFeeOut,
)

routes = Routes("/api/v1/payments/fee-schedules")


@routes.post("", needs=May.FEE_EDIT, gives=FeeScheduleOut)
def add_fee_schedule(work: Work, body: FeeScheduleIn) -> FeeScheduleOut:
    """Add a line to the schedule of platform fees. The most specific line that fits wins."""
    return FeeScheduleOut.of(actions.keep(work, None, body.facts()))


@routes.get("", needs=May.FEE_READ, gives=Page[FeeScheduleOut])
def list_fee_schedules(work: Work, query: PageQuery) -> Page[FeeScheduleOut]:
    """Return a page of the schedule, the newest line first."""
    return Page[FeeScheduleOut].of(queries.rules(work, query), query, FeeScheduleOut.of)


@routes.act("/preview", needs=May.CHARGE_CREATE, gives=FeePreviewOut)
def preview_fee(work: Work, body: FeePreviewIn) -> FeePreviewOut:
    """Say what will be taken of a payment, before it is made."""
    if body.customer is not None:
        customers.customer(work, body.customer)
    case = Case(
        currency=body.amount.currency,
        on=work.context.today,
        plan=body.plan or queries.plan_of(work, body.customer),
        provider=body.provider,
        method_kind=body.method_kind,
        crosses_border=actions.crosses_border(work, body.country),
    )
    return FeePreviewOut.of(body.amount, rules.best(queries.lines(work), case))


@routes.get("/charges/<uuid:charge_id>", needs=May.FEE_READ, gives=PlatformFeeOut)
def read_fee_of_charge(work: Work, charge_id: UUID) -> PlatformFeeOut:
    """Return what was taken of a charge, and by which line; nothing, if none held."""
    charge = queries.charge(work, charge_id)
    return PlatformFeeOut.of(charge, queries.fee_of(work, charge_id))


@routes.get("/<uuid:schedule_id>", needs=May.FEE_READ, gives=FeeScheduleOut)
def read_fee_schedule(work: Work, schedule_id: UUID) -> FeeScheduleOut:
    """Return one line of the schedule."""
    return FeeScheduleOut.of(queries.rule(work, schedule_id))


@routes.put("/<uuid:schedule_id>", needs=May.FEE_EDIT, gives=FeeScheduleOut)
def replace_fee_schedule(work: Work, schedule_id: UUID, body: FeeScheduleIn) -> FeeScheduleOut:
    """Put a line in the place of another; charges that were captured keep what they had."""
    return FeeScheduleOut.of(actions.keep(work, schedule_id, body.facts()))


@routes.delete("/<uuid:schedule_id>", needs=May.FEE_EDIT)
def remove_fee_schedule(work: Work, schedule_id: UUID) -> None:
    """Take a line out of the schedule; what it took stays taken."""
    actions.remove(work, schedule_id)
