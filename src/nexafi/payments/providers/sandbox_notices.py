"""What the webhooks of the sandbox say: written by its simulator, and read like another's."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from nexafi.kernel.values.money import Money
from nexafi.payments.errors import NoticeRefused
from nexafi.payments.providers.port import Answer, DisputeNews, Kind, Notice, Outcome, Subject

Reference = Annotated[str, Field(min_length=1, max_length=200)]


def _above_zero(money: Money) -> Money:
    if money.minor <= 0:
        raise ValueError("The amount must be above zero.")
    return money


class What(StrEnum):
    """What a webhook of the sandbox tells of."""

    SUCCEEDED = "payment.succeeded"
    FAILED = "payment.failed"
    CAPTURED = "payment.captured"
    """Something was captured that nobody here asked for."""
    REFUNDED = "payment.refunded"
    """Something was given back that nobody here asked for."""
    REFUND_FAILED = "refund.failed"
    DISPUTE_OPENED = "dispute.opened"
    DISPUTE_WON = "dispute.won"
    DISPUTE_LOST = "dispute.lost"


OUTCOMES: Final = {
    What.SUCCEEDED: Outcome.SUCCEEDED,
    What.FAILED: Outcome.FAILED,
    What.CAPTURED: Outcome.SUCCEEDED,
    What.REFUNDED: Outcome.SUCCEEDED,
    What.REFUND_FAILED: Outcome.FAILED,
}
STATUSES: Final = {
    What.DISPUTE_OPENED: "needs_response",
    What.DISPUTE_WON: "won",
    What.DISPUTE_LOST: "lost",
}


class Told(BaseModel):
    """What happened, in the words of the sandbox."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    charge: Reference
    """By which the sandbox knows the charge."""
    operation: UUID | None = None
    """The id of a request that it was asked."""
    kind: Kind | None = None
    reference: Reference
    """Of what was done: a capture, a refund, a dispute."""
    amount: Annotated[Money, AfterValidator(_above_zero)]
    fee: Money | None = None
    reason: str = Field("", max_length=64)
    due_on: date | None = None


class Webhook(BaseModel):
    """The body of a webhook of the sandbox."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: What
    timestamp: AwareDatetime
    data: Told
    metadata: dict[str, str] = Field(default_factory=dict, max_length=10)


def read(message_id: str, body: bytes) -> Notice:
    """Return what a webhook says whose signature was found to fit."""
    try:
        webhook = Webhook.model_validate_json(body)
    except ValidationError as error:
        raise NoticeRefused(
            f"This is no webhook of the sandbox: {error.error_count()} fields do not fit."
        ) from error
    told = webhook.data
    if webhook.type in STATUSES:
        news = DisputeNews(
            told.reference,
            STATUSES[webhook.type],
            told.amount,
            told.reason,
            told.fee,
            told.due_on,
        )
        return Notice(
            id=message_id,
            name=webhook.type,
            at=webhook.timestamp,
            subject=Subject.DISPUTE,
            charge_reference=told.charge,
            dispute=news,
        )
    answer = Answer(
        OUTCOMES[webhook.type],
        charge_reference=told.charge,
        reference=told.reference,
        fee=told.fee,
        reason=told.reason,
    )
    is_refund = webhook.type in {What.REFUNDED, What.REFUND_FAILED}
    return Notice(
        id=message_id,
        name=webhook.type,
        at=webhook.timestamp,
        subject=Subject.REFUND if is_refund else Subject.OPERATION,
        operation_id=told.operation,
        kind=told.kind,
        charge_reference=told.charge,
        amount=told.amount,
        answer=answer,
    )
