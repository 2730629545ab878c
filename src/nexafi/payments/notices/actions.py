"""What one does with webhooks of providers: keep, apply, try again, replay.

A webhook is kept in the very Work that applies it. What cannot be applied yet
stays and is tried again, so a provider that was answered has done its part.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from pydantic import TypeAdapter

from nexafi.kernel.data.work import Work
from nexafi.kernel.errors import Problem
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.values.ids import new_id
from nexafi.payments import cards, counts
from nexafi.payments.connections import actions as connections
from nexafi.payments.errors import (
    Foreign,
    NoticeRefused,
    ProviderNotConnected,
    WebhookKnown,
)
from nexafi.payments.notices import applying, queries, rules
from nexafi.payments.notices.applying import Done
from nexafi.payments.notices.rules import EventState
from nexafi.payments.providers.port import Account, Notice, Provider, Providers
from nexafi.payments.tables import WebhookEvent

NOTICE = TypeAdapter(Notice)
REASON_CHARS_MAX = 500
NAME_CHARS_MAX = 100
ID_CHARS_MAX = 200

log = logging.getLogger(__name__)


def account(work: Work, secret: Secret, provider: Provider) -> Account:
    """Return with whose keys a webhook is checked; what is not connected sends none."""
    if work.context.home is None:
        raise NoticeRefused("This is no webhook of an organization that we know.")
    try:
        return connections.account(work, secret, provider)
    except ProviderNotConnected as problem:
        # A stranger is not told who is connected with whom.
        raise NoticeRefused("This is no webhook of an organization that we know.") from problem


def take(
    work: Work, provider: Provider, notice: Notice, body: bytes, headers: Mapping[str, str]
) -> WebhookEvent:
    """Keep a webhook whose signature fits, and apply it; one that came before is left alone."""
    if not 0 < len(notice.id) <= ID_CHARS_MAX:
        raise NoticeRefused("A webhook has an id of 1 to 200 characters.")
    row = _row(work, provider, notice, body, headers)
    try:
        with work.savepoint():
            work.session.add(row)
    except WebhookKnown:
        return queries.event_known(work, provider.name, notice.id)
    work.count(counts.WEBHOOKS)
    _apply(work, provider, row, notice)
    return row


def try_again(work: Work, providers: Providers, event_id: UUID) -> WebhookEvent:
    """Apply a webhook that could not be applied before, if it is still due."""
    row = queries.event_to_change(work, event_id)
    if row.due_at is not None and row.due_at <= work.context.now:
        _apply(work, providers[row.provider], row, NOTICE.validate_python(row.notice))
    return row


def replay(work: Work, providers: Providers, event_id: UUID) -> WebhookEvent:
    """Apply a webhook once more, whatever became of it: what it says is done once."""
    row = queries.event_to_change(work, event_id)
    row.tries = 0
    _apply(work, providers[row.provider], row, NOTICE.validate_python(row.notice))
    return row


def _apply(work: Work, provider: Provider, row: WebhookEvent, notice: Notice) -> None:
    row.tries += 1
    try:
        with work.savepoint():
            done = applying.apply(work, provider.takes, row, notice)
    except Foreign as problem:
        done = Done(EventState.IGNORED, problem.detail)
    except Problem as problem:
        done = Done(EventState.RECEIVED, problem.detail)  # carrying on: it is kept, and tried again
    except Exception as error:
        # Carrying on: it is safely kept, and must not be lost for a defect of ours.
        log.exception("webhook event %s cannot be applied", row.id)
        done = Done(EventState.RECEIVED, f"A defect: {type(error).__name__}")
    _note(work, row, done)


def _note(work: Work, row: WebhookEvent, done: Done) -> None:
    now = work.context.now
    row.state, row.due_at = done.state, None
    row.reason = cards.masked(done.reason)[:REASON_CHARS_MAX]
    if done.state is EventState.APPLIED:
        row.applied_at = now
    if done.state is EventState.RECEIVED:
        wait = rules.again_after(row.tries)
        row.state = EventState.FAILED if wait is None else EventState.RECEIVED
        row.due_at = None if wait is None else now + wait
    work.session.flush()


def _row(
    work: Work, provider: Provider, notice: Notice, body: bytes, headers: Mapping[str, str]
) -> WebhookEvent:
    text = body.decode(errors="replace").replace("\0", "\ufffd")
    kept = rules.telling_headers(headers)
    return WebhookEvent(
        id=new_id(),
        provider=provider.name,
        event=notice.id,
        name=cards.masked(notice.name)[:NAME_CHARS_MAX],
        happened_at=notice.at,
        received_at=work.context.now,
        state=EventState.RECEIVED,
        reason="",
        headers={name: cards.masked(value) for name, value in kept.items()},
        body=cards.masked(text),
        notice=NOTICE.dump_python(_without_numbers(notice), mode="json"),
        tries=0,
        due_at=work.context.now,
    )


def _without_numbers(notice: Notice) -> Notice:
    """Return what a notice says with card numbers masked where people write."""
    answer, dispute = notice.answer, notice.dispute
    if answer is not None:
        answer = replace(answer, message=cards.masked(answer.message))
    if dispute is not None:
        dispute = replace(dispute, reason=cards.masked(dispute.reason))
    return replace(notice, answer=answer, dispute=dispute)
