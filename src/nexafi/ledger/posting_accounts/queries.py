"""What one asks of the posting accounts, and of the chart in which they are found."""

from __future__ import annotations

from sqlalchemy import select

from nexafi.kernel.data.work import Work
from nexafi.ledger.posting_accounts.rules import Candidate, Kept
from nexafi.ledger.tables import Account, PostingAccount

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


def one(work: Work, role: str, provider: str, *, is_set: bool) -> PostingAccount | None:
    """Return what is kept of a role, or nothing."""
    wanted = select(PostingAccount).where(
        PostingAccount.role == role,
        PostingAccount.provider == provider,
        PostingAccount.is_set.is_(is_set),
    )
    return work.session.scalar(wanted)
