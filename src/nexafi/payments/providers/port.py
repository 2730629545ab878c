"""What every provider must be able to do.

A provider is stateless: it translates between our words and its own, sends one
request, and reports what the other side said. It never sees a database. It
reports SUCCEEDED or FAILED only when the other side said so, UNTOUCHED only
when it surely did nothing, and PENDING in all other cases: a timeout, a
dropped connection, an answer that it cannot read.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Protocol, runtime_checkable
from uuid import UUID

from nexafi.kernel.equipment import Outside
from nexafi.kernel.values.money import Money
from nexafi.payments.errors import ProviderUnknown

log = logging.getLogger(__name__)

WEBHOOK_SECRET = "webhook_secret"  # noqa: S105 - a name
"""By which the secret that signs a provider's webhooks is found among its keys."""


class Kind(StrEnum):
    """What a provider is asked to do."""

    AUTHORIZE = "authorize"
    """To hold the money for us."""
    SALE = "sale"
    """To hold and take it at once."""
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class Outcome(StrEnum):
    """What became of a request. Whatever is not certain is PENDING."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """The provider said no; it will not happen."""
    UNTOUCHED = "untouched"
    """The provider surely did nothing, for reasons of its own: another may be asked."""
    ACTION = "action"
    """The payer has to do something first, such as 3-D Secure."""
    PENDING = "pending"
    """The provider has it and will say later, or we do not know whether it has it."""
    UNKNOWN = "unknown"
    """Answer of a look-up only: the provider knows of no such request."""


class Reason(StrEnum):
    """Why something failed, in our words; each provider translates its own codes into these."""

    CARD_DECLINED = "card_declined"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    EXPIRED_CARD = "expired_card"
    INCORRECT_CVC = "incorrect_cvc"
    LOST_OR_STOLEN = "lost_or_stolen"
    FRAUD_SUSPECTED = "fraud_suspected"
    AUTHENTICATION_FAILED = "authentication_failed"
    AUTHORIZATION_EXPIRED = "authorization_expired"
    METHOD_INVALID = "method_invalid"
    """The payment method is unknown, detached, or of a kind that cannot do this."""
    MANDATE_INVALID = "mandate_invalid"
    ACCOUNT_CLOSED = "account_closed"
    AMOUNT_UNFIT = "amount_unfit"
    CURRENCY_UNFIT = "currency_unfit"
    ALREADY_DONE = "already_done"
    CANCELED = "canceled"
    """The payer gave up, or did not come back in time."""
    CREDENTIALS_REFUSED = "credentials_refused"
    UNAVAILABLE = "unavailable"
    LIMITED = "limited"
    """The provider wants fewer requests."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Account:
    """How an organization is known at a provider."""

    organization_id: UUID
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Secrets, by the names that the provider's `keys` asks for."""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Method:
    """The payment method to be charged."""

    kind: str
    token: str
    customer_token: str | None = None
    """By which the provider knows the customer, where the token belongs to one."""


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to be done, the same each time it is asked: `id` is the idempotency key."""

    id: UUID
    kind: Kind
    amount: Money
    charge_id: UUID
    method: Method
    reference: str | None = None
    """Of the charge at the provider; None until it has one."""
    is_last: bool = True
    """Of a capture: whether the rest of what was authorized is let go with it."""
    description: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    cause: str = ""
    return_url: str | None = None
    customer_id: UUID | None = None
    own_reference: str | None = None
    """By which the provider knows this very operation, if it said so already."""
    tries: int = 1
    """How often it has been asked, this time included."""
    first_asked_at: datetime | None = None
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said, in our words."""

    outcome: Outcome
    charge_reference: str | None = None
    """By which the provider knows the charge."""
    reference: str | None = None
    """By which it knows what it did: a capture, a refund. The settlement names this one."""
    fee: Money | None = None
    """What it kept; None if it did not say."""
    reason: str = ""
    message: str = ""
    action: Mapping[str, Any] | None = None
    """What the payer must do: ``{"kind": "redirect", "url": ...}``."""
    expires_at: datetime | None = None
    """Until when it can be captured."""
    country: str | None = None
    """Of the payment method."""

    @classmethod
    def unsure(cls, message: str) -> Answer:
        """Return that nobody knows: it may have happened or not."""
        return cls(Outcome.PENDING, reason=Reason.UNAVAILABLE, message=message[:500])


class Subject(StrEnum):
    """What a notice speaks of."""

    OPERATION = "operation"
    """An operation of ours has come further; `answer` says how far."""
    REFUND = "refund"
    """A refund that was not asked for by us: made at the provider's own site, or a return."""
    DISPUTE = "dispute"
    PAYOUT = "payout"
    """The provider pays us; see settlements."""
    OTHER = "other"
    """Nothing that we act upon; it is kept all the same."""


@dataclass(frozen=True, slots=True)
class DisputeNews:
    """What a provider says of a dispute."""

    reference: str
    status: str
    """``needs_response``, ``under_review``, ``won``, ``lost``, ``warning`` or ``withdrawn``."""
    amount: Money
    reason: str
    fee: Money | None = None
    evidence_due_on: date | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A webhook in our words, after its signature was found to be the provider's."""

    id: str
    """By which the provider knows the event: it comes more than once."""
    name: str
    """What the provider calls it, such as ``payment_intent.succeeded``."""
    at: datetime
    subject: Subject
    operation_id: UUID | None = None
    """Of ours, from what we gave along."""
    kind: Kind | None = None
    """Of the operation, where only the charge is known."""
    charge_reference: str | None = None
    amount: Money | None = None
    is_last: bool = False
    """Of a capture: whether the rest of what was authorized was let go with it."""
    answer: Answer | None = None
    dispute: DisputeNews | None = None


@dataclass(frozen=True, slots=True)
class Takes:
    """What a provider takes; what it does not is refused before it is asked."""

    methods: frozenset[str]
    currencies: frozenset[str] | None = None
    """ISO 4217; None is all."""
    currency_of: Mapping[str, str] = field(default_factory=dict)
    """The only currency of a method, where one has but one."""
    authorizes: bool = True
    """Whether it can hold money without taking it."""
    captures_parts: bool = True
    captures_often: bool = False
    """Whether several captures of one authorization are possible."""
    refunds: bool = True
    minor_min: int = 1
    minor_max: int = 10**12


class Provider(Protocol):
    """The verbs of a payment provider."""

    name: ClassVar[str]
    title: ClassVar[str]
    """What people call it."""
    keys: ClassVar[Mapping[str, str]]
    """The secrets that it needs, each with what it is and where it is found."""
    takes: ClassVar[Takes]
    window: ClassVar[timedelta]
    """For how long the same key is answered with the same deed."""

    def owns(self, token: str) -> bool:
        """Return whether a token has the form of one that this provider gave."""
        ...

    def ask(self, account: Account, request: Request) -> Answer:
        """Do what is asked, once for each id of a request, however often it comes."""
        ...

    def look_up(self, account: Account, request: Request) -> Answer:
        """Return what became of a request, found by its reference or by what was sent along."""
        ...

    def read_notice(
        self, account: Account, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> Notice:
        """Return what a webhook says; raise NoticeRefused if it is not the provider's.

        *headers* have their names in lower case.
        """
        ...


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file that proves something in a dispute."""

    kind: str
    """``receipt``, ``shipping`` and so on."""
    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is said to a dispute; `id` is the idempotency key."""

    id: UUID
    reference: str
    """Of the dispute at the provider."""
    texts: Mapping[str, str]
    files: Sequence[EvidenceFile] = ()


@runtime_checkable
class TakesEvidence(Protocol):
    """A provider to which evidence can be handed in by a call; with others a person does it."""

    def submit_evidence(self, account: Account, evidence: Evidence) -> Answer:
        """Hand in what is said to a dispute, once for each id: SUCCEEDED if it was taken."""
        ...


@runtime_checkable
class AsksToVerify(Protocol):
    """A provider whose `read_notice` may ask the outside: no Work is open meanwhile."""

    asks_to_verify: ClassVar[bool]


class Providers(Outside):
    """The providers of this installation, by the name that a charge knows them by."""

    def __init__(self, *providers: Provider) -> None:
        self._by_name = {each.name: each for each in providers}

    def __iter__(self) -> Iterator[Provider]:
        """Go through them in the order in which they were given."""
        return iter(self._by_name.values())

    def __contains__(self, name: object) -> bool:
        """Return whether there is a provider of that name."""
        return name in self._by_name

    def __getitem__(self, name: str) -> Provider:
        """Return a provider by its name, or raise ProviderUnknown."""
        if (found := self._by_name.get(name)) is None:
            raise ProviderUnknown(
                f"There is no provider {name}. There are: {', '.join(self.names)}."
            )
        return found

    @property
    def names(self) -> list[str]:
        """Return the names of all."""
        return list(self._by_name)

    def ask(self, name: str, account: Account, request: Request) -> Answer:
        """Ask a provider; whatever goes wrong on the way leaves us unsure, and never fails."""
        return _safely(name, "asked", lambda: self[name].ask(account, request))

    def look_up(self, name: str, account: Account, request: Request) -> Answer:
        """Ask a provider what became of a request; as safe as `ask`."""
        return _safely(name, "asked again", lambda: self[name].look_up(account, request))


def _safely(name: str, deed: str, ask: Any) -> Answer:  # noqa: ANN401
    try:
        answer: Answer = ask()
    except OSError as error:
        # Carrying on: the money may have moved, so this must be found out and not thrown away.
        log.warning("%s was %s, and what it did is not known: %s", name, deed, error)
        return Answer.unsure(f"{type(error).__name__}: {error}")
    except Exception as error:
        # Carrying on, for the same reason: even a defect of ours does not undo what was done.
        log.exception("%s was %s, and what it did is not known", name, deed)
        return Answer.unsure(f"{type(error).__name__}: {error}")
    return replace(answer, message=answer.message[:500])
