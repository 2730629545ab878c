"""Charges over HTTP. Whoever asks a provider does so with no transaction open."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Begin, Work
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page
from nexafi.payments.charges import actions, asking, queries
from nexafi.payments.charges.asking import Tools
from nexafi.payments.charges.schemas import (
    CaptureIn,
    ChargeIn,
    ChargeOut,
    ChargesQuery,
    DecisionIn,
    OperationOut,
    OperationsQuery,
    RefundIn,
    RefundOut,
    RefundsOut,
    VoidIn,
)
from nexafi.payments.providers.port import Kind, Providers

routes = Routes("/api/v1/payments")


@routes.post("/charges", needs=May.CHARGE_CREATE, gives=ChargeOut)
def create_charge(
    begin: Begin, body: ChargeIn, key: str | None, providers: Providers, secret: Secret
) -> ChargeOut:
    """Take money from a payer, or hold it. The state says how far that has come.

    A charge that is declined answers 201 with the state `failed`: it was made,
    and the provider said no. While an answer is awaited it is `authorizing` or
    `capturing`, and goes on by itself. Send an Idempotency-Key, and nobody is
    charged twice however often the request is sent.
    """
    charge_id = asking.charge(
        begin,
        Tools(providers, secret),
        body.new(),
        method=body.payment_method,
        provider=body.provider,
        customer_id=body.customer,
        key=key,
    )
    return _shown(begin, charge_id)


@routes.get("/charges", needs=May.CHARGE_READ, gives=Page[ChargeOut])
def list_charges(work: Work, query: ChargesQuery) -> Page[ChargeOut]:
    """Return a page of charges, the newest first."""
    return Page[ChargeOut].of(queries.charges(work, query, query.wanted()), query, ChargeOut.of)


@routes.get("/charges/<uuid:charge_id>", needs=May.CHARGE_READ, gives=ChargeOut)
def read_charge(work: Work, charge_id: UUID) -> ChargeOut:
    """Return one charge."""
    return ChargeOut.of(queries.charge(work, charge_id))


@routes.act("/charges/<uuid:charge_id>/capture", needs=May.CHARGE_CAPTURE, gives=ChargeOut)
def capture_charge(
    begin: Begin,
    charge_id: UUID,
    body: CaptureIn,
    key: str | None,
    providers: Providers,
    secret: Secret,
) -> ChargeOut:
    """Take what is authorized, or a part of it; with `final: false` more may follow."""
    asking.capture(
        begin,
        Tools(providers, secret),
        charge_id,
        body.amount,
        is_last=body.final,
        key=key,
    )
    return _shown(begin, charge_id)


@routes.act("/charges/<uuid:charge_id>/void", needs=May.CHARGE_CAPTURE, gives=ChargeOut)
def void_charge(
    begin: Begin,
    charge_id: UUID,
    body: VoidIn,  # noqa: ARG001 - it says nothing, and no more may be said
    key: str | None,
    providers: Providers,
    secret: Secret,
) -> ChargeOut:
    """Let go of what is authorized, or of what a partial capture left."""
    asking.void(begin, Tools(providers, secret), charge_id, key=key)
    return _shown(begin, charge_id)


@routes.post("/charges/<uuid:charge_id>/refunds", needs=May.CHARGE_REFUND, gives=RefundOut)
def refund_charge(
    begin: Begin,
    charge_id: UUID,
    body: RefundIn,
    key: str | None,
    providers: Providers,
    secret: Secret,
) -> RefundOut:
    """Give back what was captured, or a part of it; several may be under way at once."""
    refund_id = asking.refund(
        begin, Tools(providers, secret), charge_id, body.amount, cause=body.reason, key=key
    )
    with begin() as work:
        return RefundOut.of(queries.operation(work, refund_id))


@routes.get("/charges/<uuid:charge_id>/refunds", needs=May.CHARGE_READ, gives=RefundsOut)
def list_refunds(work: Work, charge_id: UUID) -> RefundsOut:
    """Return all refunds of a charge, oldest first."""
    found = queries.operations_of(work, queries.charge(work, charge_id).id)
    return RefundsOut(items=[RefundOut.of(each) for each in found if each.kind == Kind.REFUND])


@routes.get("/operations", needs=May.CHARGE_READ, gives=Page[OperationOut])
def list_operations(work: Work, query: OperationsQuery) -> Page[OperationOut]:
    """Return a page of what providers were asked to do, the newest first.

    Those that are `held` wait for a person who finds out how they ended.
    """
    rows = queries.operations(work, query, state=query.state, kind=query.kind)
    return Page[OperationOut].of(rows, query, OperationOut.of)


@routes.get("/operations/<uuid:operation_id>", needs=May.CHARGE_READ, gives=OperationOut)
def read_operation(work: Work, operation_id: UUID) -> OperationOut:
    """Return one operation."""
    return OperationOut.of(queries.operation(work, operation_id))


@routes.act("/operations/<uuid:operation_id>/decide", needs=May.CHARGE_CAPTURE, gives=OperationOut)
def decide_operation(work: Work, operation_id: UUID, body: DecisionIn) -> OperationOut:
    """Say how an operation ended that is held, once you found out at the provider."""
    actions.decide(work, operation_id, is_done=body.is_done, reference=body.reference)
    work.session.flush()
    return OperationOut.of(queries.operation(work, operation_id))


def _shown(begin: Begin, charge_id: UUID) -> ChargeOut:
    with begin() as work:
        return ChargeOut.of(queries.charge(work, charge_id))
