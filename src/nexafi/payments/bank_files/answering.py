"""What a bank answers, taken in: found to be ours, then each order learns what is new of it.

All of a file is resolved before anything is written, and all is written in one Work: a file that
speaks of one order that is not ours, or of another amount, leaves nothing behind.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust import audit
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.values.ids import new_id
from nexafi.payments import accounts, cards, counts
from nexafi.payments.accounts import BankAccount
from nexafi.payments.bank_files import facts, queries
from nexafi.payments.bank_files.facts import Heard
from nexafi.payments.bank_files.formats.orders import Correction, Report, Scope, Word
from nexafi.payments.bank_files.rules import Fact
from nexafi.payments.errors import AccountUnfit, AnswerForeign
from nexafi.payments.mandates import actions as mandates
from nexafi.payments.mandates import queries as all_mandates
from nexafi.payments.tables import BankAnswer, BankOrder, Connection

NAME_MAX = 200


@dataclass(frozen=True, slots=True)
class Given:
    """A file as it was handed in."""

    name: str
    raw: bytes

    @property
    def digest(self) -> str:
        """Return by what the very same file is known again."""
        return hashlib.sha256(self.raw).hexdigest()


Told = tuple[BankOrder, Word]
"""What is said of an order."""


def take_in(work: Work, secret: Secret, given: Given, report: Report) -> BankAnswer:
    """Take in an answer; the same file again changes nothing and answers as it did."""
    bank = queries.bank(work)
    if (before := queries.answer_of(work, given.digest)) is not None:
        return before
    _check_ours(bank, report)

    told, others = _resolved(work, report)
    for order, word in told:
        _check_word(order, word)
    corrected = _found(work, report.corrections)

    counted = Counter({"others": others})
    files = queries.sent(work, {order.file_id for order, _ in told})
    for order, word in told:
        if word.fact is None:
            counted["waiting"] += 1
            continue
        heard = Heard(word.fact, word.code, word.on or work.context.today)
        is_new = facts.learn(work, order, files[order.file_id], heard)
        counted[str(word.fact) if is_new else "known"] += 1
    for order, correction in corrected:
        counted["corrected"] += _correct(work, secret, order, correction)
    return _kept(work, given, report, counted)


def _check_ours(bank: Connection, report: Report) -> None:
    """Raise unless a file is about our account, or from our company."""
    own = str(bank.settings.get("iban", "")).replace(" ", "").upper()
    if foreign := sorted(report.ibans - {own}):
        raise AnswerForeign(f"The file is about the account that ends in {foreign[0][-4:]}.")
    company = str(bank.settings.get("company_id", "")).strip().upper()
    if foreign := sorted(report.company_ids - {company}):
        raise AnswerForeign(f"The file is about the company {foreign[0]!r}.")


def _resolved(work: Work, report: Report) -> tuple[list[Told], int]:
    """Return what is said of which order, and how many words are about nothing of ours."""
    if report.kind == "pain.002":
        return _of_message(work, report), 0
    if report.by_number:
        return _of_numbers(work, report), 0
    return _of_entries(work, report)


def _of_message(work: Work, report: Report) -> list[Told]:
    """Return what a pain.002 says of each order; what is said of less goes before what of more."""
    file = queries.file_of_message(work, report.message_id)
    if file is None:
        raise AnswerForeign(f"No file of ours has the id {report.message_id[:35]!r}.")
    total = file.debit_minor + file.credit_minor
    if report.message_kind and report.message_kind != file.kind:
        raise AnswerForeign(f"The file {file.message_id} is no {report.message_kind}.")
    if report.count not in {None, file.orders} or report.minor not in {None, total}:
        raise AnswerForeign(f"The bank got another count or sum than {file.message_id} has.")
    orders = queries.orders_of(work, file.id)
    by_key = {(Scope.ORDER, each.end_to_end_id): [each] for each in orders}
    for each in orders:
        by_key.setdefault((Scope.BATCH, each.batch), []).append(each)
    by_key[Scope.FILE, ""] = list(orders)
    told: dict[str, Told] = {}
    for word in sorted(report.words, key=lambda each: list(Scope).index(each.scope)):
        if (word.scope, word.key) not in by_key:
            raise AnswerForeign(f"{file.message_id} holds nothing called {word.key[:35]!r}.")
        for order in by_key[word.scope, word.key]:
            told[order.end_to_end_id] = (order, word)
    return list(told.values())


def _of_numbers(work: Work, report: Report) -> list[Told]:
    found = queries.orders_of_numbers(work, {int(each.key) for each in report.words})
    if missing := [each.key for each in report.words if int(each.key) not in found]:
        raise AnswerForeign(f"No entry of ours has a trace number that ends in {missing[0]}.")
    return [(found[int(each.key)], each) for each in report.words]


def _of_entries(work: Work, report: Report) -> tuple[list[Told], int]:
    """Return what was booked of our orders; a statement has other entries, too."""
    keys = {each.key for each in report.words if each.scope is Scope.ORDER}
    found = queries.orders_of_ids(work, keys)
    batches: dict[str, list[BankOrder]] = {}
    for order in queries.orders_of_batches(
        work, {each.key for each in report.words if each.scope is Scope.BATCH}
    ):
        batches.setdefault(order.batch, []).append(order)
    told: list[Told] = []
    others = 0
    for word in report.words:
        if word.scope is Scope.BATCH and word.key in batches:
            told.extend(_of_batch(batches[word.key], word))
        elif word.scope is Scope.ORDER and word.key in found:
            told.append((found[word.key], _by_direction(found[word.key], word)))
        else:
            others += 1
    return told, others


def _of_batch(orders: Sequence[BankOrder], word: Word) -> Iterable[Told]:
    """Return that all of a batch is booked, but what was refused before."""
    left = [each for each in orders if not facts.known(each).is_refused]
    total = sum(each.amount_minor for each in left)
    if total not in word.minor:
        raise AnswerForeign(f"What is left of the batch {word.key} sums to another amount.")
    return [(each, _by_direction(each, replace(word, minor=()))) for each in left]


def _by_direction(order: BankOrder, word: Word) -> Word:
    """Return a word that says what an entry is: a payment goes one way, a return the other."""
    is_ours = word.is_incoming == order.is_debit
    if is_ours and word.fact is Fact.RETURNED:
        raise AnswerForeign(f"The return of {word.key[:35]} goes the way of the payment.")
    return replace(word, fact=Fact.PAID if is_ours else Fact.RETURNED)


def _check_word(order: BankOrder, word: Word) -> None:
    """Raise if an answer says another amount than the order has."""
    if word.minor and order.amount_minor not in word.minor:
        raise AnswerForeign(
            f"{order.end_to_end_id} is about {order.amount.text} {order.currency}, and the file"
            " says another amount."
        )


# -- notifications of change --------------------------------------------------------------------


def _found(work: Work, corrections: Sequence[Correction]) -> list[tuple[BankOrder, Correction]]:
    found = queries.orders_of_numbers(work, {each.number for each in corrections})
    if missing := [each.number for each in corrections if each.number not in found]:
        raise AnswerForeign(f"No entry of ours has a trace number that ends in {missing[0]}.")
    return [(found[each.number], each) for each in corrections]


def _correct(work: Work, secret: Secret, order: BankOrder, correction: Correction) -> bool:
    """Change the account of a mandate as the bank says; a payout is not paid again."""
    if order.mandate_id is None:
        return False
    mandate = all_mandates.mandate(work, order.mandate_id, lock=True)
    account = mandates.account(secret, mandate)
    is_savings = correction.is_savings
    try:
        changed: BankAccount = accounts.us(
            correction.routing or account.routing,
            correction.account or account.number,
            is_savings=account.is_savings if is_savings is None else is_savings,
        )
    except AccountUnfit as problem:
        raise AnswerForeign(
            f"{correction.code} says an account that cannot be: {problem.detail}"
        ) from None
    if changed == account:
        return False
    mandates.correct(secret, mandate, changed, correction.code)
    return True


def _kept(work: Work, given: Given, report: Report, counted: Counter[str]) -> BankAnswer:
    row = BankAnswer(
        id=new_id(),
        kind=report.kind,
        name=cards.masked(given.name)[:NAME_MAX],
        digest=given.digest,
        outcome=dict(counted),
        taken_at=work.context.now,
        taken_by=work.context.actor,
    )
    work.session.add(row)
    work.session.flush()
    work.count(counts.BANK_ANSWERS)
    audit.note(work, May.BANK_FILE_EDIT, f"bank-files/answers/{row.id} taken in: {report.kind}")
    return row
