"""What the clock starts in payments."""

from __future__ import annotations

from datetime import timedelta

from nexafi.kernel.data.work import Begin
from nexafi.kernel.news.jobs import Jobs
from nexafi.kernel.trust.secrets import Secret
from nexafi.payments.bank_files import deciding
from nexafi.payments.bank_files import queries as bank_files
from nexafi.payments.charges import asking, queries
from nexafi.payments.charges.asking import Tools
from nexafi.payments.completeness import actions as completeness_actions
from nexafi.payments.completeness import queries as completeness
from nexafi.payments.disputes import actions as disputes
from nexafi.payments.disputes import queries as dispute_queries
from nexafi.payments.mandates import actions as mandates
from nexafi.payments.mandates import queries as all_mandates
from nexafi.payments.notices import actions as notices
from nexafi.payments.notices import queries as notice_queries
from nexafi.payments.providers.port import Providers
from nexafi.payments.settings import PaymentsSettings
from nexafi.payments.wallets import holding, proving
from nexafi.payments.wallets import queries as wallets
from nexafi.payments.webhooks import queries as webhook_queries
from nexafi.payments.webhooks import sending

jobs = Jobs()

RESOLVING = timedelta(minutes=2)
"""For so long nothing is asked again when a process was killed while it did."""


@jobs.every(timedelta(seconds=1), due=queries.with_operations_due, lease=RESOLVING)
def ask_again(begin: Begin, providers: Providers, secret: Secret) -> None:
    """Ask again about what a provider was asked and did not answer, or has not ended.

    The key is the same, so the provider does it once, whether or not our first
    question reached it; after its time for keys it is looked up instead.
    """
    with begin() as work:
        due = queries.operations_due(work)
    for operation_id in due:
        asking.resume(begin, Tools(providers, secret), operation_id)


@jobs.every(timedelta(hours=1), due=all_mandates.with_stale)
def expire_mandates(begin: Begin) -> None:
    """End the mandates that were not used for 36 months."""
    with begin() as work:
        for mandate_id in all_mandates.stale(work):
            mandates.expire(work, mandate_id)


@jobs.every(timedelta(seconds=2), due=notice_queries.with_events_due)
def apply_webhooks(begin: Begin, providers: Providers) -> None:
    """Apply what providers told us and could not be applied when it came."""
    with begin() as work:
        due = notice_queries.events_due(work)
    for event_id in due:
        with begin() as work:
            notices.try_again(work, providers, event_id)


@jobs.every(timedelta(hours=1), due=dispute_queries.with_disputes_near)
def tell_evidence_due(begin: Begin) -> None:
    """Tell of disputes whose evidence is due within days."""
    with begin() as work:
        disputes.tell_due(work)


@jobs.every(timedelta(seconds=10), due=wallets.with_holds_expired)
def let_go_of_holds(begin: Begin) -> None:
    """Release what holds of wallets still reserve after their time."""
    with begin() as work:
        due = [(each.wallet_id, each.id) for each in wallets.holds_expired(work)]
    for wallet_id, hold_id in due:
        with begin() as work:
            holding.expire(work, wallet_id, hold_id)


@jobs.every(timedelta(hours=1), due=wallets.with_wallets)
def prove_balances(begin: Begin) -> None:
    """Add up all entries and holds of wallets once more, and say which balance is another."""
    with begin() as work:
        proving.prove(work)


@jobs.every(timedelta(minutes=10), due=bank_files.with_thought_paid)
def think_bank_orders_paid(begin: Begin) -> None:
    """Take for paid what was sent to the bank, and of which nothing was heard for days."""
    with begin() as work:
        deciding.think_paid(work)


@jobs.every(timedelta(seconds=1), due=webhook_queries.with_deliveries_due)
def send_webhooks(begin: Begin, secret: Secret, settings: PaymentsSettings) -> None:
    """Send what endpoints are to be told, and again what they did not take."""
    sending.send_due(begin, secret, takes_private=settings.takes_private_urls)


@jobs.every(timedelta(minutes=1), due=completeness.with_checks_due)
def check_completeness(begin: Begin) -> None:
    """Once an hour see whether the books have all that moved, and tell them again of the rest."""
    with begin() as work:
        completeness_actions.check(work)
