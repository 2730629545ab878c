"""Start, ask, finish: no transaction is open while a provider is asked.

The start is committed with the key before the provider hears of it, so that
whoever dies in between leaves a row that says what was about to happen, and
the resolver asks again with the same key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from nexafi.kernel.data.work import Begin, Work
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.values.money import Money
from nexafi.payments.charges import actions, payers, queries
from nexafi.payments.charges.actions import Before, NewCharge, Payer
from nexafi.payments.charges.rules import OperationState
from nexafi.payments.connections import actions as connections
from nexafi.payments.providers.port import (
    Account,
    Kind,
    Method,
    Outcome,
    Provider,
    Providers,
    Request,
)
from nexafi.payments.tables import Charge, Operation

BEGINS = frozenset({Kind.AUTHORIZE, Kind.SALE})
FAILOVERS_MAX = 5


@dataclass(frozen=True, slots=True)
class Tools:
    """What it takes to ask a provider."""

    providers: Providers
    secret: Secret


class Way(StrEnum):
    """How one finds out about an operation."""

    ASK = "ask"
    """With the same key: the provider does it once."""
    LOOK_UP = "look_up"


@dataclass(frozen=True, slots=True)
class Asking:
    """A request that is written down and may go out."""

    provider: str
    account: Account
    request: Request
    way: Way = Way.ASK


def charge(
    begin: Begin,
    tools: Tools,
    new: NewCharge,
    *,
    method: str,
    provider: str | None,
    customer_id: UUID | None,
    key: str | None,
    also: Callable[[Work, Operation], None] | None = None,
) -> UUID:
    """Make a charge and ask for its money; return its id.

    *also* writes what else is to be known of it before a provider is asked.
    """

    def start(work: Work) -> Operation:
        found = payers.payers(
            work, tools.providers, new, method=method, provider=provider, customer_id=customer_id
        )
        operation = actions.begin(work, new, found[0], key)
        if also is not None:
            also(work, operation)
        return operation

    return _once(begin, tools, Before(key, BEGINS, None, new.amount), start)


def capture(
    begin: Begin,
    tools: Tools,
    charge_id: UUID,
    amount: Money | None,
    *,
    is_last: bool,
    key: str | None,
) -> UUID:
    """Capture what is authorized, or a part of it; return the id of the charge."""

    def start(work: Work) -> Operation:
        takes = tools.providers[queries.charge(work, charge_id).provider].takes
        return actions.begin_capture(work, charge_id, amount, takes, is_last=is_last, key=key)

    return _once(begin, tools, Before(key, {Kind.CAPTURE}, charge_id, amount), start)


def void(begin: Begin, tools: Tools, charge_id: UUID, *, key: str | None) -> UUID:
    """Let go of what is authorized, or of the rest; return the id of the charge."""

    def start(work: Work) -> Operation:
        return actions.begin_void(work, charge_id, key)

    return _once(begin, tools, Before(key, {Kind.VOID}, charge_id), start)


def refund(
    begin: Begin,
    tools: Tools,
    charge_id: UUID,
    amount: Money | None,
    *,
    cause: str,
    key: str | None,
) -> UUID:
    """Give back what was captured, or a part of it; return the id of the refund."""
    begun: list[UUID] = []

    def start(work: Work) -> Operation:
        operation = actions.begin_refund(work, charge_id, amount, cause, key)
        begun.append(operation.id)
        return operation

    _once(begin, tools, Before(key, {Kind.REFUND}, charge_id, amount), start)
    if begun:
        return begun[0]
    with begin() as work:
        before = queries.operation_of_key(work, key)
        assert before is not None, "who began it before had this key"
        return before.id


def resume(begin: Begin, tools: Tools, operation_id: UUID) -> None:
    """Find out about an operation whose answer was not heard, or is to come."""
    with begin() as work:
        operation = actions.take_over(work, operation_id)
        if operation is None:
            return
        asking = _asking(work, tools, operation)
    _ask(begin, tools, asking)


def _once(
    begin: Begin,
    tools: Tools,
    before: Before,
    start: Callable[[Work], Operation],
) -> UUID:
    """Start something and ask for it, unless that was started with the same key before."""
    with begin() as work:
        begun = actions.begun_before(work, before)
        operation = begun or start(work)
        found, operation_id = operation.charge_id, operation.id
        asking = None if begun else _asking(work, tools, operation)
    if asking is None:
        resume(begin, tools, operation_id)  # if it is due: whoever began it died
    else:
        _ask(begin, tools, asking)
    return found


def _ask(begin: Begin, tools: Tools, asking: Asking) -> None:
    """Ask, and write down the answer; ask the next provider if one surely did nothing."""
    for _ in range(FAILOVERS_MAX):
        reach = tools.providers.ask if asking.way is Way.ASK else tools.providers.look_up
        answer = reach(asking.provider, asking.account, asking.request)
        with begin() as work:
            request = asking.request
            if answer.outcome is Outcome.UNTOUCHED and request.kind in BEGINS:
                following = _next_payer(work, tools, request)
                if following and (
                    operation := actions.fail_over(work, request.id, answer, following)
                ):
                    asking = _asking(work, tools, operation)
                    continue
            if answer.outcome is Outcome.UNKNOWN:
                actions.hold(work, request.id, "The provider knows nothing of it.")
            else:
                actions.finish(work, request.id, answer)
            return


def _next_payer(work: Work, tools: Tools, request: Request) -> Payer | None:
    row = queries.charge(work, request.charge_id)
    tried = {each.provider for each in queries.operations_of(work, row.id)}
    new = NewCharge(row.amount, row.captures, details=row.details, id=row.id)
    first = Payer(row.provider, row.method_kind, row.token, row.payment_method_id, row.customer_id)
    left = payers.payers_left(work, tools.providers, new, first, tried)
    return left[0] if left else None


def _asking(work: Work, tools: Tools, operation: Operation) -> Asking:
    """Return what a provider is to be asked, the same each time for the same operation."""
    row = queries.charge(work, operation.charge_id)
    provider = tools.providers[operation.provider]
    account = connections.account(work, tools.secret, provider)
    request = _request(work, row, operation)
    return Asking(provider.name, account, request, _way(work, provider, operation))


def _way(work: Work, provider: Provider, operation: Operation) -> Way:
    """Return how to find out: what the provider is known to have is looked up.

    So is what is older than the time for which it knows a key again.
    """
    if operation.tries == 1:
        return Way.ASK
    is_known = operation.state in {OperationState.PENDING, OperationState.ACTION}
    age = work.context.now - operation.created_at
    return Way.LOOK_UP if is_known or age >= provider.window else Way.ASK


def _request(work: Work, row: Charge, operation: Operation) -> Request:
    return Request(
        id=operation.id,
        kind=Kind(operation.kind),
        amount=operation.amount,
        charge_id=row.id,
        method=Method(row.method_kind, row.token),
        reference=row.reference,
        is_last=operation.is_last,
        description=row.description,
        details=row.details,
        cause=operation.cause,
        return_url=row.return_url,
        customer_id=row.customer_id,
        own_reference=operation.reference,
        tries=operation.tries,
        first_asked_at=operation.created_at,
        now=work.context.now,
    )
