"""What is known of an order without a file: a person's word, or days without any."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust import audit
from nexafi.payments.bank_files import facts, queries
from nexafi.payments.bank_files.facts import Heard
from nexafi.payments.bank_files.rules import Fact
from nexafi.payments.tables import BankOrder


def decide(work: Work, order_id: UUID, fact: Fact, code: str) -> BankOrder:
    """Write down what a person found out about an order."""
    queries.bank(work)
    order = queries.order(work, order_id)
    file = queries.file(work, order.file_id)
    facts.learn(work, order, file, Heard(fact, code, work.context.today, "person"))
    audit.note(work, May.BANK_FILE_EDIT, f"bank-files/orders/{order_id} decided: {fact}")
    return order


def think_paid(work: Work) -> None:
    """Take for paid what was sent, was not refused, and has had its days."""
    queries.bank(work)
    orders = queries.thought_paid(work)
    files = queries.sent(work, {each.file_id for each in orders})
    for order in orders:
        heard = Heard(Fact.PAID, "", work.context.today, "day")
        facts.learn(work, order, files[order.file_id], heard)
