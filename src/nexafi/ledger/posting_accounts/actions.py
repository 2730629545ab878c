"""What one does to posting accounts: set one, take it back, and find or make what is missing."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust import audit
from nexafi.ledger.accounts import queries as in_chart
from nexafi.ledger.accounts.actions import open_account
from nexafi.ledger.errors import PostingAccountNotFound, UnknownAccount
from nexafi.ledger.journal import store
from nexafi.ledger.journal.recipes import Role
from nexafi.ledger.posting_accounts import queries, rules
from nexafi.ledger.tables import PostingAccount


def put(work: Work, role: Role, provider: str, code: str) -> None:
    """Let an account of the chart take what moves in *role*, of one provider or of all."""
    account = in_chart.by_code(work, code)
    if not account.is_open:
        raise UnknownAccount(f"{code} is closed; open it again first.", accounts=[code])

    store.hold(work)  # two at once would both find nothing set
    _keep(work, role, provider, account.id, is_set=True)
    audit.note(work, May.ACCOUNT_EDIT, f"posting-accounts/{_named(role, provider)} {code}")


def take_back(work: Work, role: Role, provider: str) -> None:
    """Let a role be what it was before somebody set it."""
    row = queries.one(work, role, provider, is_set=True)
    if row is None:
        raise PostingAccountNotFound(f"No account was set for {_named(role, provider)}.")
    work.session.delete(row)
    audit.note(work, May.ACCOUNT_EDIT, f"posting-accounts/{_named(role, provider)} taken back")


def resolve(
    work: Work, wanted: Collection[tuple[Role, str]], provider: str
) -> dict[tuple[Role, str], str]:
    """Return the code of the account for each role and currency; what is missing is made.

    What is found in the chart is kept, so that it stays the same account
    however the chart grows.
    """
    kept = queries.kept(work)
    at_bank = any(rules.usual(role, provider) is Role.BANK for role, _ in wanted)
    banks = queries.banks(work) if at_bank else {}
    found = {
        (role, currency): rules.known(kept, role, provider, currency, banks.get(currency))
        for role, currency in wanted
    }
    codes = {key: account.code for key, account in found.items() if account is not None}
    missing = sorted(set(wanted) - codes.keys())
    if missing:
        store.hold(work)  # two at once would both find the same missing
    for role, currency in missing:
        codes[role, currency] = _find_or_make(work, role, provider, currency)
    return codes


def _find_or_make(work: Work, role: Role, provider: str, currency: str) -> str:
    """Return the code of an account for *role*; nobody else looks for one meanwhile."""
    kept, chart = queries.kept(work), queries.chart(work)
    if (account := rules.known(kept, role, provider, currency)) is not None:
        return account.code  # another was quicker, or it was the last one that was missing
    role = rules.usual(role, provider)
    if (seen := rules.recognized(chart, kept, role, provider, currency)) is not None:
        account, whose = seen
        if account.currency is None:
            _keep(work, role, whose, account.id, is_set=False)
        return account.code
    kind = rules.KINDS[role]
    made = open_account(
        work, rules.code_for(role, kept, chart), kind.name, kind.type, subtype=kind.subtype
    )
    _keep(work, role, "", made.id, is_set=False)
    return made.code


def _keep(work: Work, role: Role, provider: str, account_id: UUID, *, is_set: bool) -> None:
    row = queries.one(work, role, provider, is_set=is_set)
    if row is None:
        row = PostingAccount(role=role, provider=provider, is_set=is_set)
        work.session.add(row)
    row.account_id = account_id
    work.session.flush()


def _named(role: Role, provider: str) -> str:
    return f"{role}/{provider}" if provider else role
