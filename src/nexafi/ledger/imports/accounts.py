"""To which bank account each statement of a file belongs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from uuid import UUID

from nexafi.kernel.data.work import Work
from nexafi.kernel.values.ids import new_id
from nexafi.ledger.banking import actions as bank_accounts
from nexafi.ledger.banking import queries as banking
from nexafi.ledger.banking import rules
from nexafi.ledger.banking.formats import UNKNOWN_CURRENCY, Statement
from nexafi.ledger.errors import BankAccountMissing, OtherBankAccount
from nexafi.ledger.imports import queries
from nexafi.ledger.imports.rules import File
from nexafi.ledger.tables import BankAccount

NAMED_MAX = 20


def all_of(
    work: Work, account: BankAccount, statements: Sequence[Statement], *, writes: bool
) -> list[BankAccount]:
    """Return *account* for each of *statements*, or raise if one speaks of another account.

    An account without a number takes that of the file.
    """
    for statement in statements:
        if statement.currency not in {account.currency, UNKNOWN_CURRENCY}:
            raise OtherBankAccount(
                f"The file is in {statement.currency}, {account.name} in {account.currency}.",
                account=statement.account,
                currency=statement.currency,
            )
    numbers = {rules.plain_number(each.account) for each in statements if each.account}
    own = account.number
    strange = [each for each in numbers if own and not rules.is_same_number(each, own)]
    if strange or (not own and len(numbers) > 1):
        named = ", ".join(sorted(strange or numbers)[:NAMED_MAX])
        raise OtherBankAccount(
            f"The file speaks of {named}, and {account.name} is {own or 'one account'}."
            " Give a file of several accounts to /statements.",
            account=named,
        )
    if numbers and not own and writes:
        bank = next((each.bank for each in statements if each.bank), None)
        changes = {"number": numbers.pop()[:64], "bank": account.bank or (bank and bank[:64])}
        bank_accounts.change_bank_account(work, account.id, changes)
    return [account] * len(statements)


def each_of(
    work: Work,
    file: File,
    statements: Sequence[Statement],
    *,
    create_missing: bool,
    is_preview: bool,
) -> list[BankAccount]:
    """Return the bank account of each of *statements*, found by number and currency.

    A file that does not say of which account it is goes where it went before,
    or to the account without a number that is called like the file. What is
    missing is made, if that is wished; else it is named in the problem. A
    preview shows it, and makes nothing.
    """
    base = work.context.known.base_currency
    stem = (PurePath(file.name).stem.replace("\0", "") or "Bank account")[:200]
    known = list(banking.open_bank_accounts(work))
    twins = [bank_account for _, bank_account in queries.live_twins(work, file.sha256)]
    found: list[BankAccount | None] = []
    missing: dict[tuple[str, str], list[int]] = {}
    for place, statement in enumerate(statements):
        currency = base if statement.currency == UNKNOWN_CURRENCY else statement.currency
        number = rules.plain_number(statement.account)
        if number:
            account = _numbered(known, number, currency)
        else:
            twin = twins[place] if len(twins) == len(statements) else None
            account = _nameless(known, stem, currency, twin)
        found.append(account)
        if account is None:
            missing.setdefault((number, currency), []).append(place)
    if missing and not (create_missing or is_preview):
        named = [{"account": number, "currency": currency} for number, currency in missing]
        raise BankAccountMissing(
            "There is no bank account for some of the file: add it, or say `create_missing=true`.",
            missing=named[:NAMED_MAX],
        )
    for (number, currency), places in missing.items():
        bank = statements[places[0]].bank[:64] or None
        label = f"{bank or 'Bank'} {number[-4:]}" if number else stem
        made = (
            BankAccount(id=new_id(), name=label[:200], currency=currency, is_open=True)
            if is_preview
            else bank_accounts.open_bank_account(
                work, name=label[:200], currency=currency, number=number[:64], bank=bank
            )
        )
        for place in places:
            found[place] = made
    return [account for account in found if account is not None]


def _numbered(known: Sequence[BankAccount], number: str, currency: str) -> BankAccount | None:
    """Return the account of this number and currency: the same, or the only one that ends so."""
    own = [each for each in known if each.number and each.currency == currency]
    if same := [each for each in own if each.number == number]:
        return same[0]
    like = [each for each in own if each.number and rules.is_same_number(each.number, number)]
    return like[0] if len(like) == 1 else None


def _nameless(
    known: Sequence[BankAccount], stem: str, currency: str, twin: UUID | None
) -> BankAccount | None:
    for each in known:
        if each.currency == currency and (
            each.id == twin or (not each.number and each.name == stem)
        ):
            return each
    return None
