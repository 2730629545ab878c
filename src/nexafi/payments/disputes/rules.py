"""The life of a dispute, and which way its money goes. Pure.

A provider may tell of it late, twice and in any order; what it said last, by
its own clock, counts, and what has ended stays so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from nexafi.contracts.payments.events import MovementKind
from nexafi.payments.errors import DisputeOver, EvidenceUnfit


class DisputeState(StrEnum):
    """Where a dispute stands."""

    WARNING = "warning"
    """The payer's bank asks; no money was taken."""
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"
    WITHDRAWN = "withdrawn"


class Whereabouts(StrEnum):
    """Where the money of a dispute is."""

    KEPT = "kept"
    """With us: nothing was taken."""
    TAKEN = "taken"
    RETURNED = "returned"
    GONE = "gone"


_S, _W, _M = DisputeState, Whereabouts, MovementKind

OPEN = frozenset({_S.WARNING, _S.NEEDS_RESPONSE, _S.UNDER_REVIEW})
ENDS = frozenset({_S.WON, _S.LOST, _S.WITHDRAWN})

MOVES = {
    _S.WARNING: {_S.NEEDS_RESPONSE, _S.UNDER_REVIEW, _S.WON, _S.LOST, _S.WITHDRAWN},
    _S.NEEDS_RESPONSE: {_S.UNDER_REVIEW, _S.WON, _S.LOST, _S.WITHDRAWN},
    _S.UNDER_REVIEW: {_S.NEEDS_RESPONSE, _S.WON, _S.LOST, _S.WITHDRAWN},
    _S.WON: set(),
    _S.LOST: set(),
    _S.WITHDRAWN: set(),
}
"""Which states may follow which."""

_WAYS: dict[tuple[Whereabouts, DisputeState], tuple[Whereabouts, tuple[MovementKind, ...]]] = {
    (_W.KEPT, _S.WARNING): (_W.KEPT, ()),
    (_W.KEPT, _S.NEEDS_RESPONSE): (_W.TAKEN, (_M.DISPUTE_OPENED,)),
    (_W.KEPT, _S.UNDER_REVIEW): (_W.TAKEN, (_M.DISPUTE_OPENED,)),
    (_W.KEPT, _S.LOST): (_W.GONE, (_M.DISPUTE_OPENED, _M.DISPUTE_LOST)),
    (_W.KEPT, _S.WON): (_W.RETURNED, (_M.DISPUTE_OPENED, _M.DISPUTE_WON)),
    (_W.KEPT, _S.WITHDRAWN): (_W.KEPT, ()),
    (_W.TAKEN, _S.NEEDS_RESPONSE): (_W.TAKEN, ()),
    (_W.TAKEN, _S.UNDER_REVIEW): (_W.TAKEN, ()),
    (_W.TAKEN, _S.LOST): (_W.GONE, (_M.DISPUTE_LOST,)),
    (_W.TAKEN, _S.WON): (_W.RETURNED, (_M.DISPUTE_WON,)),
    (_W.TAKEN, _S.WITHDRAWN): (_W.RETURNED, (_M.DISPUTE_WON,)),
}
"""Where the money goes from where it is, when a state is reached, and what the books are told.

Who is heard to have won or lost first of all had the money taken before. A warning that ends well
took none.
"""

DUE_BEFORE: Final = timedelta(days=3)
"""So long before evidence is due the others are told."""

FIELD_NAMES: Final = frozenset(
    {
        "access_log",
        "billing_address",
        "cancellation_policy",
        "customer_email",
        "customer_name",
        "customer_purchase_ip",
        "duplicate_explanation",
        "explanation",
        "product_description",
        "refund_policy",
        "refund_refusal_explanation",
        "service_date",
        "shipping_address",
        "shipping_carrier",
        "shipping_date",
        "shipping_tracking_number",
    }
)
"""What one can say to a dispute."""

FILE_KINDS: Final = frozenset(
    {
        "cancellation_policy",
        "communication",
        "other",
        "receipt",
        "refund_policy",
        "service",
        "shipping",
        "signature",
    }
)
"""What a file can prove."""

FILES_MAX: Final = 10
FILE_BYTES_MAX: Final = 2 * 1024 * 1024
FILES_BYTES_MAX: Final = 5 * 1024 * 1024
TEXT_MAX: Final = 20_000
_BEGINNINGS: Final = {
    "application/pdf": b"%PDF-",
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
}
MEDIA_TYPES: Final = tuple(_BEGINNINGS)


def is_news(now: DisputeState, then: DisputeState, heard_at: datetime, at: datetime) -> bool:
    """Return whether what a provider said *at* a moment is more than what it said before.

    What has ended stays so. What was said earlier and comes late is known better
    by now, unless it is an end; of two words of the same moment the further one counts.
    """
    if now is then or now in ENDS:
        return False
    order = list(DisputeState)
    is_further = at == heard_at and order.index(then) > order.index(now)
    return at > heard_at or is_further or then in ENDS


def move(now: DisputeState, then: DisputeState) -> DisputeState:
    """Return *then* if a dispute may go there from *now*."""
    if then not in MOVES[now]:
        raise DisputeOver(f"A dispute that is {now} cannot become {then}.", state=now)
    return then


def way(money: Whereabouts, then: DisputeState) -> tuple[Whereabouts, tuple[MovementKind, ...]]:
    """Return where the money is once *then* is reached, and which movements take it there."""
    return _WAYS.get((money, then), (money, ()))


def check_open(state: DisputeState, *, is_submitted: bool) -> None:
    """Raise unless one can still say something to the dispute."""
    if state not in {DisputeState.WARNING, DisputeState.NEEDS_RESPONSE}:
        raise DisputeOver(f"The dispute is {state}; nothing more can be said to it.", state=state)
    if is_submitted:
        raise DisputeOver("The evidence was handed in; it can be handed in once.", state=state)


def check_file(kind: str, content: bytes, sizes: Sequence[int]) -> str:
    """Return what kind of file this is; raise unless it is taken beside others of these sizes."""
    if kind not in FILE_KINDS:
        raise EvidenceUnfit(f"A file proves one of: {', '.join(sorted(FILE_KINDS))}.")
    if len(content) > FILE_BYTES_MAX or sum(sizes) + len(content) > FILES_BYTES_MAX:
        raise EvidenceUnfit("A file has 2 MiB at most, and all files of a dispute 5 MiB.")
    if len(sizes) >= FILES_MAX:
        raise EvidenceUnfit(f"A dispute has {FILES_MAX} files at most.")
    found = (name for name, begins in _BEGINNINGS.items() if content.startswith(begins))
    if (media_type := next(found, None)) is None:
        raise EvidenceUnfit("A file is a PDF, a JPEG or a PNG.")
    return media_type


def is_near(due_on: date, today: date) -> bool:
    """Return whether the day on which evidence is due is near, or over."""
    return today + DUE_BEFORE >= due_on
