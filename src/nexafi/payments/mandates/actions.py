"""What one does to mandates: keep one with its payment method, end it, correct its account."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust import audit
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.values.ids import new_id
from nexafi.payments.accounts import BankAccount
from nexafi.payments.customers import actions as customers
from nexafi.payments.errors import MandateEnded
from nexafi.payments.mandates import queries, rules
from nexafi.payments.mandates.rules import KINDS, MandateState, Scheme
from nexafi.payments.tables import Mandate

PURPOSE = "bank accounts"


@dataclass(frozen=True, slots=True)
class NewMandate:
    """A mandate as it was signed."""

    customer_id: UUID
    scheme: Scheme
    holder: str
    account: BankAccount
    signed_on: dt.date
    reference: str | None = None
    entry_class: str = ""
    recurs: bool = True


def add(work: Work, secret: Secret, new: NewMandate) -> Mandate:
    """Keep a mandate, its account sealed, and make the payment method that charges by it."""
    mandate_id = new_id()
    reference = new.reference or f"NX-{mandate_id.hex[:24].upper()}"
    rules.check(reference, new.signed_on, work.context.today)

    method = customers.attach(
        work,
        new.customer_id,
        customers.NewMethod(
            KINDS[new.scheme],
            {"bank": str(mandate_id)},
            last4=new.account.last4,
            country=new.account.country,
        ),
    )
    row = Mandate(
        id=mandate_id,
        customer_id=new.customer_id,
        payment_method_id=method.id,
        scheme=new.scheme,
        reference=reference,
        holder=new.holder,
        sealed=secret.seal(PURPOSE, new.account.plain(), place=_place(mandate_id)),
        last4=new.account.last4,
        country=new.account.country,
        entry_class=new.entry_class,
        recurs=new.recurs,
        signed_on=new.signed_on,
        state=MandateState.ACTIVE,
        fresh_on=new.signed_on,
        created_at=work.context.now,
    )
    work.session.add(row)
    work.session.flush()
    audit.note(work, May.CUSTOMER_EDIT, f"mandates/{mandate_id} added")
    return row


def revoke(work: Work, mandate_id: UUID) -> Mandate:
    """End a mandate at its payer's word; nothing more is collected by it."""
    row = queries.mandate(work, mandate_id, lock=True)
    if row.state != MandateState.ACTIVE:
        raise MandateEnded(f"The mandate is {row.state} already.", state=row.state)
    end(work, row, MandateState.REVOKED)
    audit.note(work, May.CUSTOMER_EDIT, f"mandates/{mandate_id} revoked")
    return row


def expire(work: Work, mandate_id: UUID) -> None:
    """End a mandate that was not used for too long, unless it was used meanwhile."""
    row = queries.mandate(work, mandate_id, lock=True)
    is_stale = row.fresh_on <= rules.stale_before(work.context.now.date())
    if row.state == MandateState.ACTIVE and is_stale:
        end(work, row, MandateState.EXPIRED)


def end(work: Work, row: Mandate, state: MandateState) -> None:
    """Let nobody charge by a mandate any more."""
    row.state, row.ended_at = state, work.context.now
    customers.detach(work, row.payment_method_id)


def use(work: Work, row: Mandate) -> None:
    """Note that a mandate is used today; one that was for once has ended."""
    row.used_on = work.context.today
    row.fresh_on = max(row.fresh_on, row.used_on)
    if not row.recurs:
        end(work, row, MandateState.USED)


def account(secret: Secret, row: Mandate) -> BankAccount:
    """Return the account of a mandate, to write it into a file."""
    return BankAccount.of(secret.open(PURPOSE, row.sealed, place=_place(row.id)))


def correct(secret: Secret, row: Mandate, corrected: BankAccount, code: str) -> None:
    """Put the account in the place that the bank says is right (a notification of change)."""
    row.sealed = secret.seal(PURPOSE, corrected.plain(), place=_place(row.id))
    row.last4, row.corrected = corrected.last4, code


def _place(mandate_id: UUID) -> str:
    return f"mandates:{mandate_id}"
