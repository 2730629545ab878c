"""Webhooks of providers over HTTP, and what makes the sandbox send one."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Begin, Work
from nexafi.kernel.trust.permissions import Anyone
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.web.endpoints import Message, Routes
from nexafi.kernel.web.paging import Page
from nexafi.payments.errors import NoticeRefused
from nexafi.payments.notices import actions, queries, rules, simulator
from nexafi.payments.notices.schemas import (
    HintQuery,
    SandboxNoticeIn,
    SandboxSecretOut,
    WebhookEventOut,
    WebhookEventsQuery,
    WebhookTaken,
    WholeWebhookEventOut,
)
from nexafi.payments.providers.port import WEBHOOK_SECRET, AsksToVerify, Providers
from nexafi.payments.providers.sandbox import Sandbox

routes = Routes("/api/v1/payments")


@routes.act(
    "/webhooks/<provider>",
    needs=Anyone.PUBLIC,
    gives=WebhookTaken,
    problems=[NoticeRefused],
)
def take_webhook(
    begin: Begin,
    provider: str,
    message: Message,
    query: HintQuery,
    providers: Providers,
    secret: Secret,
) -> WebhookTaken:
    """Take what a provider tells: give this address to the provider.

    Its signature is checked with the keys of the organization, and it is kept as it came. The
    answer is 200 once it is kept: what cannot be applied yet is tried again by itself. What
    comes twice is applied once, in whatever order it comes.
    """
    found = providers[provider]
    organization_id = query.organization or rules.hint(message.body)
    if organization_id is None:
        raise NoticeRefused(
            "Nothing says whose this webhook is; add ?organization= to its address."
        )
    body, headers = message.body, message.headers
    if isinstance(found, AsksToVerify) and found.asks_to_verify:
        with begin(organization_id) as work:
            account, now = actions.account(work, secret, found), work.context.now
        notice = found.read_notice(account, body, headers, now)
        with begin(organization_id) as work:
            return WebhookTaken.model_validate(
                actions.take(work, found, notice, body, headers), from_attributes=True
            )
    with begin(organization_id) as work:
        account = actions.account(work, secret, found)
        notice = found.read_notice(account, body, headers, work.context.now)
        return WebhookTaken.model_validate(
            actions.take(work, found, notice, body, headers), from_attributes=True
        )


@routes.get("/webhook-events", needs=May.WEBHOOK_READ, gives=Page[WebhookEventOut])
def list_webhook_events(work: Work, query: WebhookEventsQuery) -> Page[WebhookEventOut]:
    """Return a page of the webhooks that providers sent, the newest first."""
    rows = queries.events(work, query, query.wanted())
    return Page[WebhookEventOut].of(rows, query, WebhookEventOut.of)


@routes.get("/webhook-events/<uuid:event_id>", needs=May.WEBHOOK_READ, gives=WholeWebhookEventOut)
def read_webhook_event(work: Work, event_id: UUID) -> WholeWebhookEventOut:
    """Return one webhook with all that came."""
    return WholeWebhookEventOut.of(queries.event(work, event_id))


@routes.act("/webhook-events/<uuid:event_id>/replay", needs=May.WEBHOOK_EDIT, gives=WebhookEventOut)
def replay_webhook_event(begin: Begin, event_id: UUID, providers: Providers) -> WebhookEventOut:
    """Apply a webhook once more; what it says is done once, however often it is replayed."""
    with begin() as work:
        return WebhookEventOut.of(actions.replay(work, providers, event_id))


@routes.post("/sandbox/notices", needs=May.CHARGE_CREATE, gives=WebhookEventOut)
def make_sandbox_notice(
    begin: Begin, body: SandboxNoticeIn, providers: Providers, secret: Secret
) -> WebhookEventOut:
    """Let something happen at the sandbox: 3-D Secure, a capture, a refund, a dispute.

    It comes as a signed webhook and goes the way of all others.
    """
    sandbox = providers[Sandbox.name]
    with begin() as work:
        account = actions.account(work, secret, sandbox)
        signed = simulator.webhook(work, account, body.wish())
        notice = sandbox.read_notice(account, signed.body, signed.headers, work.context.now)
        row = actions.take(work, sandbox, notice, signed.body, signed.headers)
        return WebhookEventOut.of(row)


@routes.get("/sandbox/secret", needs=May.PROVIDER_EDIT, gives=SandboxSecretOut)
def read_sandbox_secret(begin: Begin, providers: Providers, secret: Secret) -> SandboxSecretOut:
    """Return the secret with which you can sign webhooks of the sandbox yourself."""
    sandbox = providers[Sandbox.name]
    with begin() as work:
        account = actions.account(work, secret, sandbox)
    return SandboxSecretOut(secret=account.keys[WEBHOOK_SECRET])
