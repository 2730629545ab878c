"""What one does to bank accounts. Plain forms; an account is closed, never removed."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from nexafi.kernel.data.work import Work
from nexafi.ledger.accounts import actions as chart
from nexafi.ledger.banking import queries, rules
from nexafi.ledger.banking.formats import CsvMapping
from nexafi.ledger.errors import AccountUnfit, MappingUnfit
from nexafi.ledger.tables import Account, BankAccount

CODE_PREFIX = "10"


def open_bank_account(
    work: Work,
    *,
    name: str,
    currency: str,
    code: str | None = None,
    number: str | None = None,
    bank: str | None = None,
    mapping: dict[str, Any] | None = None,
) -> BankAccount:
    """Add a bank account; without a *code* an account of the chart is opened for it as well."""
    account = (
        _open_account(work, name, currency) if code is None else _fitting(work, code, currency)
    )
    made = BankAccount(
        name=name,
        account_id=account.id,
        currency=currency,
        number=rules.plain_number(number or "") or None,
        bank=bank,
        mapping=checked(mapping),
    )
    made.account = account
    work.session.add(made)
    work.session.flush()
    return made


def _open_account(work: Work, name: str, currency: str) -> Account:
    code = rules.free_code(queries.codes_like(work, CODE_PREFIX))
    return chart.open_account(work, code, name, "asset", currency=currency, subtype="cash")


def _fitting(work: Work, code: str, currency: str) -> Account:
    account = queries.account_by_code(work, code)
    if account.type not in {"asset", "liability"}:
        raise AccountUnfit(
            "A bank account is mirrored by an asset, or a card by a liability.", pointer="#/account"
        )
    if account.currency not in {None, currency}:
        raise AccountUnfit(
            f"Account {code} is kept in {account.currency}, the bank account in {currency}.",
            pointer="#/account",
        )
    return account


def checked(mapping: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return *mapping* as it is kept, or raise what is wrong with it."""
    if mapping is None:
        return None
    try:
        read = CsvMapping.from_json(json.dumps(mapping))
    except ValueError as error:
        raise MappingUnfit(str(error), pointer="#/mapping") from None
    kept: dict[str, Any] = json.loads(read.to_json())
    return kept


def change_bank_account(work: Work, bank_account_id: UUID, changes: dict[str, Any]) -> BankAccount:
    """Change name, number, bank or mapping; currency and account stay what they are."""
    found = queries.bank_account(work, bank_account_id, lock=True)
    if "mapping" in changes:
        changes = changes | {"mapping": checked(changes["mapping"])}
    if "number" in changes:
        changes = changes | {"number": rules.plain_number(changes["number"] or "") or None}
    for name, value in changes.items():
        setattr(found, name, value)
    work.session.flush()
    return found


def close_bank_account(work: Work, bank_account_id: UUID, *, is_open: bool) -> BankAccount:
    """Let nothing more be imported to a bank account, or open it again."""
    found = queries.bank_account(work, bank_account_id, lock=True)
    found.is_open = is_open
    work.session.flush()
    return found
