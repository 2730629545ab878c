"""Webhook endpoints over HTTP: who is told of what happens, and what became of it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page, PageQuery
from nexafi.payments.settings import PaymentsSettings
from nexafi.payments.webhooks import actions, addresses, queries
from nexafi.payments.webhooks.schemas import (
    DeliveriesQuery,
    DeliveryOut,
    EndpointChange,
    EndpointIn,
    EndpointOut,
    NewEndpointOut,
    RotateIn,
)

routes = Routes("/api/v1/payments")


@routes.post("/webhook-endpoints", needs=May.WEBHOOK_EDIT, gives=NewEndpointOut, secret_answer=True)
def add_webhook_endpoint(
    work: Work, body: EndpointIn, secret: Secret, settings: PaymentsSettings
) -> NewEndpointOut:
    """Let an address of yours be told of what happens. Its secret is shown this once.

    Each message is signed after Standard Webhooks, and sent again for three days until it is
    answered with 200 to 299. Keep its `webhook-id`: it may come more than once.
    """
    addresses.check(body.url, takes_private=settings.takes_private_urls)
    return NewEndpointOut.made(actions.add(work, secret, body.url, body.kinds, body.description))


@routes.get("/webhook-endpoints", needs=May.WEBHOOK_READ, gives=Page[EndpointOut])
def list_webhook_endpoints(work: Work, query: PageQuery) -> Page[EndpointOut]:
    """Return a page of webhook endpoints, the newest first."""
    return Page[EndpointOut].of(queries.endpoints(work, query), query, EndpointOut.of)


@routes.get("/webhook-endpoints/<uuid:endpoint_id>", needs=May.WEBHOOK_READ, gives=EndpointOut)
def read_webhook_endpoint(work: Work, endpoint_id: UUID) -> EndpointOut:
    """Return one webhook endpoint."""
    return EndpointOut.of(queries.endpoint(work, endpoint_id))


@routes.patch("/webhook-endpoints/<uuid:endpoint_id>", needs=May.WEBHOOK_EDIT, gives=EndpointOut)
def change_webhook_endpoint(
    work: Work, endpoint_id: UUID, body: EndpointChange, settings: PaymentsSettings
) -> EndpointOut:
    """Change a webhook endpoint, switch it off, or on again."""
    changes = body.changes()
    if "url" in changes:
        addresses.check(body.url, takes_private=settings.takes_private_urls)
    return EndpointOut.of(actions.change(work, endpoint_id, changes))


@routes.delete("/webhook-endpoints/<uuid:endpoint_id>", needs=May.WEBHOOK_EDIT)
def remove_webhook_endpoint(work: Work, endpoint_id: UUID) -> None:
    """Tell an address nothing any more; the log of what was sent stays."""
    actions.remove(work, endpoint_id)


@routes.act(
    "/webhook-endpoints/<uuid:endpoint_id>/rotate",
    needs=May.WEBHOOK_EDIT,
    gives=NewEndpointOut,
    secret_answer=True,
)
def rotate_webhook_secret(
    work: Work, endpoint_id: UUID, body: RotateIn, secret: Secret
) -> NewEndpointOut:
    """Make a new secret, shown this once; both sign until the overlap is over."""
    overlap = timedelta(hours=body.overlap_hours)
    return NewEndpointOut.made(actions.rotate(work, secret, endpoint_id, overlap))


@routes.post(
    "/webhook-endpoints/<uuid:endpoint_id>/test", needs=May.WEBHOOK_EDIT, gives=DeliveryOut
)
def test_webhook_endpoint(work: Work, endpoint_id: UUID) -> DeliveryOut:
    """Send a test event, `payments.webhook_test`; the delivery shows what came of it."""
    return DeliveryOut.of(actions.test(work, endpoint_id))


@routes.get("/webhook-deliveries", needs=May.WEBHOOK_READ, gives=Page[DeliveryOut])
def list_webhook_deliveries(work: Work, query: DeliveriesQuery) -> Page[DeliveryOut]:
    """Return a page of what was sent to webhook endpoints, the newest first."""
    rows = queries.deliveries(
        work, query, endpoint_id=query.endpoint, state=query.state, kind=query.kind
    )
    return Page[DeliveryOut].of(rows, query, DeliveryOut.of)


@routes.get("/webhook-deliveries/<uuid:delivery_id>", needs=May.WEBHOOK_READ, gives=DeliveryOut)
def read_webhook_delivery(work: Work, delivery_id: UUID) -> DeliveryOut:
    """Return one delivery."""
    return DeliveryOut.of(queries.delivery(work, delivery_id))


@routes.act(
    "/webhook-deliveries/<uuid:delivery_id>/resend", needs=May.WEBHOOK_EDIT, gives=DeliveryOut
)
def resend_webhook_delivery(work: Work, delivery_id: UUID) -> DeliveryOut:
    """Send a delivery again, with the same `webhook-id`."""
    return DeliveryOut.of(actions.resend(work, delivery_id))
