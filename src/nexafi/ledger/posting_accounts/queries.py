"""What one asks of the posting accounts, and of the chart in which they are found."""

from __future__ import annotations

from sqlalchemy import select

from nexafi.kernel.data.work import Work
from nexafi.ledger.posting_accounts.rules import Candidate, Kept
from nexafi.ledger.tables import Account, BankAccount, PostingAccount

COLUMNS = (
    Account.id,
    Account.code,
    Account.name,
    Account.type,
    Account.subtype,
    Account.normal_side,
    Account.currency,
    Account.is_open,
)


def kept(work: Work) -> Kept:
    """Return the account of each role that somebody set, or that was found or made."""
    wanted = select(
        PostingAccount.role, PostingAccount.provider, PostingAccount.is_set, *COLUMNS
    ).join(PostingAccount.account)
    return {
        (role, provider, is_set): Candidate(*account)
        for role, provider, is_set, *account in work.session.execute(wanted)
    }


def chart(work: Work) -> list[Candidate]:
    """Return all accounts in the order of their codes."""
    return [
        Candidate(*row) for row in work.session.execute(select(*COLUMNS).order_by(Account.code))
    ]


def banks(work: Work) -> dict[str, Candidate]:
    """Return by currency the account that mirrors our bank account, where there is just one."""
    wanted = (
        select(BankAccount.currency, *COLUMNS)
        .join(BankAccount.account)
        .where(BankAccount.is_open, Account.type == "asset")
    )
    found: dict[str, list[Candidate]] = {}
    for row in work.session.execute(wanted):
        found.setdefault(row[0], []).append(Candidate(*row[1:]))
    return {currency: each[0] for currency, each in found.items() if len(each) == 1}


def one(work: Work, role: str, provider: str, *, is_set: bool) -> PostingAccount | None:
    """Return what is kept of a role, or nothing."""
    wanted = select(PostingAccount).where(
        PostingAccount.role == role,
        PostingAccount.provider == provider,
        PostingAccount.is_set.is_(is_set),
    )
    return work.session.scalar(wanted)
