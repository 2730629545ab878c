"""What one does with webhook endpoints, and with what is sent to them."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.news.events import Event
from nexafi.kernel.trust import audit
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.values.ids import new_id
from nexafi.payments import cards, counts, signing
from nexafi.payments.errors import EndpointOff, TooManyEndpoints
from nexafi.payments.tables import WebhookDelivery, WebhookEndpoint
from nexafi.payments.webhooks import queries, rules
from nexafi.payments.webhooks.rules import DeliveryState

PURPOSE = "webhook_endpoints"
CLAIMED_FOR = timedelta(minutes=2)
"""So long nobody else sends what one has begun to send."""
RESPONSE_CHARS_MAX = 1_000
ATTEMPTS_MAX = 30
"""So many are remembered of a delivery."""


@dataclass(frozen=True, slots=True)
class Made:
    """An endpoint, and its secret, which is shown this once."""

    row: WebhookEndpoint
    secret: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery that may go out now."""

    id: UUID
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Round:
    """All that goes to one endpoint at a time, one after the other."""

    endpoint_id: UUID
    url: str
    parcels: Sequence[Parcel]


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of sending a delivery."""

    delivery_id: UUID
    status: int | None
    """As HTTP knows it; None if there was no answer."""
    text: str = field(default="", repr=False)
    reason: str = ""
    took_ms: int = 0

    @property
    def is_taken(self) -> bool:
        """Return whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300


def add(work: Work, secret: Secret, url: str, kinds: Collection[str], description: str) -> Made:
    """Let an address be told of what happens from now on."""
    if queries.count_endpoints(work) >= rules.ENDPOINTS_MAX:
        raise TooManyEndpoints(f"There are {rules.ENDPOINTS_MAX} webhook endpoints at most.")
    raw = secrets.token_bytes(signing.SECRET_BYTES)
    row = WebhookEndpoint(
        id=new_id(),
        url=url,
        kinds=sorted(kinds),
        description=description,
        created_at=work.context.now,
    )
    row.sealed = _seal(secret, row.id, raw)
    work.session.add(row)
    work.session.flush()
    audit.note(work, May.WEBHOOK_EDIT, f"webhook-endpoints/{row.id} added")
    return Made(row, signing.secret_text(raw))


def change(work: Work, endpoint_id: UUID, changes: Mapping[str, Any]) -> WebhookEndpoint:
    """Change what is said of an endpoint; one that is switched on again begins anew."""
    row = queries.endpoint(work, endpoint_id)
    for name, value in changes.items():
        setattr(row, name, value)
    if changes.get("is_on"):
        row.off_because, row.failing_since, row.rests_until, row.misses = "", None, None, 0
    audit.note(work, May.WEBHOOK_EDIT, f"webhook-endpoints/{endpoint_id} changed")
    return row


def remove(work: Work, endpoint_id: UUID) -> None:
    """Tell an address nothing any more; what was sent to it stays in the log."""
    row = queries.endpoint(work, endpoint_id)
    row.removed_at, row.is_on = work.context.now, False
    audit.note(work, May.WEBHOOK_EDIT, f"webhook-endpoints/{endpoint_id} removed")


def rotate(work: Work, secret: Secret, endpoint_id: UUID, overlap: timedelta) -> Made:
    """Give an endpoint a new secret; the old one signs as well for a time."""
    row = queries.endpoint(work, endpoint_id)
    raw = secrets.token_bytes(signing.SECRET_BYTES)
    row.sealed_before, row.before_until = row.sealed, work.context.now + overlap
    row.sealed = _seal(secret, row.id, raw)
    audit.note(work, May.WEBHOOK_EDIT, f"webhook-endpoints/{endpoint_id} secret rotated")
    return Made(row, signing.secret_text(raw))


def pass_on(work: Work, event: Event) -> None:
    """Let all endpoints that asked for it be told of an event."""
    data: dict[str, Any] | None = None
    for row in queries.endpoints_on(work):
        if row.kinds and event.name not in row.kinds:
            continue
        data = data or event.model_dump(mode="json")
        _deliver(work, row, event.name, data)


def test(work: Work, endpoint_id: UUID) -> WebhookDelivery:
    """Let an endpoint be told of nothing, to see whether it hears."""
    row = queries.endpoint(work, endpoint_id)
    if not row.is_on:
        raise EndpointOff("The webhook endpoint is switched off.")
    return _deliver(work, row, rules.TEST, {"webhook_endpoint_id": str(row.id)})


def resend(work: Work, delivery_id: UUID) -> WebhookDelivery:
    """Let a delivery be sent again, with the same id, whatever became of it."""
    row = queries.delivery(work, delivery_id)
    if not queries.endpoint_to_change(work, row.endpoint_id).is_on:
        raise EndpointOff("The webhook endpoint is switched off, or was removed.")
    row.state, row.tries, row.due_at = DeliveryState.PENDING, 0, work.context.now
    audit.note(work, May.WEBHOOK_EDIT, f"webhook-deliveries/{delivery_id} resent")
    return row


def claim(work: Work, secret: Secret) -> list[Round]:
    """Return what may be sent now; nobody else sends it meanwhile."""
    now, found = work.context.now, []
    for endpoint in queries.endpoints_due(work):
        keys = _secrets(work, secret, endpoint)
        parcels = []
        for row in queries.deliveries_due(work, endpoint.id):
            row.due_at = now + CLAIMED_FOR
            body = row.body.encode()
            headers = signing.headers(keys, f"msg_{row.id.hex}", now, body)
            parcels.append(Parcel(row.id, body, headers))
        if parcels:
            found.append(Round(endpoint.id, endpoint.url, parcels))
    return found


def note(work: Work, gone: Round, results: Sequence[Sent]) -> None:
    """Write down what came of a round; what was not sent in it stays due."""
    endpoint = queries.endpoint_to_change(work, gone.endpoint_id)
    by_id = {each.delivery_id: each for each in results}
    for parcel in gone.parcels:
        row = queries.delivery(work, parcel.id)
        if (sent := by_id.get(parcel.id)) is None:
            row.due_at = work.context.now
            continue
        _note(work, row, sent)
        _note_health(work, endpoint, sent)


def _deliver(
    work: Work, endpoint: WebhookEndpoint, kind: str, data: Mapping[str, Any]
) -> WebhookDelivery:
    now = work.context.now
    row = WebhookDelivery(
        id=new_id(),
        endpoint_id=endpoint.id,
        kind=kind,
        body=rules.body(kind, now, data),
        state=DeliveryState.PENDING,
        attempts=[],
        created_at=now,
        due_at=now,
    )
    work.session.add(row)
    work.session.flush()
    return row


def _note(work: Work, row: WebhookDelivery, sent: Sent) -> None:
    now = work.context.now
    row.tries += 1
    row.status = sent.status
    row.response = cards.masked(sent.text.replace("\0", "\ufffd"))[:RESPONSE_CHARS_MAX]
    row.reason = sent.reason[:500]
    told = {
        "at": now.isoformat(),
        "status": sent.status,
        "reason": row.reason,
        "took_ms": sent.took_ms,
    }
    row.attempts = [told, *row.attempts][:ATTEMPTS_MAX]
    if sent.is_taken:
        row.state, row.due_at, row.delivered_at = DeliveryState.DELIVERED, None, now
        work.count(counts.DELIVERIES)
        return
    wait = rules.again_after(row.tries, row.id)
    row.state = DeliveryState.FAILED if wait is None else DeliveryState.PENDING
    row.due_at = None if wait is None else now + wait


def _note_health(work: Work, endpoint: WebhookEndpoint, sent: Sent) -> None:
    """Remember how an endpoint does; one that takes nothing for days is switched off."""
    now = work.context.now
    if sent.is_taken:
        endpoint.failing_since, endpoint.rests_until, endpoint.misses = None, None, 0
        return
    endpoint.failing_since = endpoint.failing_since or now
    if sent.status is None:
        endpoint.misses += 1
        endpoint.rests_until = now + rules.rest_after(endpoint.misses)
    is_long = now - endpoint.failing_since >= rules.OFF_AFTER
    if endpoint.is_on and (is_long or sent.status == rules.GONE):
        endpoint.is_on = False
        endpoint.off_because = (
            "It took nothing for three days." if is_long else "It answered 410: it wants no more."
        )
        audit.note(work, May.WEBHOOK_EDIT, f"webhook-endpoints/{endpoint.id} switched off")


def _secrets(work: Work, secret: Secret, row: WebhookEndpoint) -> list[bytes]:
    """Return the secrets that sign: the newest, and the one before it for a time."""
    sealed = [row.sealed]
    is_shared = row.before_until is not None and row.before_until > work.context.now
    if row.sealed_before is not None and is_shared:
        sealed.append(row.sealed_before)
    return [secret.open(PURPOSE, each, place=_place(row.id)) for each in sealed]


def _seal(secret: Secret, row_id: UUID, raw: bytes) -> bytes:
    return secret.seal(PURPOSE, raw, place=_place(row_id))


def _place(row_id: UUID) -> str:
    return f"webhook_endpoints:{row_id}"
