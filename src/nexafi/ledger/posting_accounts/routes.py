"""Posting accounts over HTTP."""

from __future__ import annotations

from nexafi.contracts.ledger.permissions import LedgerPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.web.endpoints import Routes
from nexafi.ledger.journal.recipes import Role
from nexafi.ledger.posting_accounts import actions, queries, rules
from nexafi.ledger.posting_accounts.rules import Candidate, Kept
from nexafi.ledger.posting_accounts.schemas import (
    PostingAccountIn,
    PostingAccountOut,
    PostingAccountsOut,
)

routes = Routes("/api/v1/ledger/posting-accounts")


@routes.get("", needs=May.ACCOUNT_READ, gives=PostingAccountsOut)
def list_posting_accounts(work: Work) -> PostingAccountsOut:
    """Return which account takes what moves in each role, and why it is that one.

    Nothing is changed by looking: what is `new` is made when money moves. For
    the role `bank` the bank account in the base currency is shown; in another
    currency it is the one that you keep in it.
    """
    kept, chart = queries.kept(work), queries.chart(work)
    asked = {(role, "") for role in Role} | {(Role.CLEARING, rules.BANK)}
    asked |= {(Role(role), provider) for role, provider, _ in kept}
    order = list(Role)
    ordered = sorted(asked, key=lambda each: (order.index(each[0]), each[1]))
    bank = queries.banks(work).get(work.context.known.base_currency)
    return PostingAccountsOut(items=[_shown(*each, kept, chart, bank) for each in ordered])


@routes.put("/<role>", needs=May.ACCOUNT_EDIT, gives=PostingAccountOut)
def put_posting_account(work: Work, role: str, body: PostingAccountIn) -> PostingAccountOut:
    """Let an account take what moves in a role, whoever moves it.

    What is booked already stays where it is.
    """
    return _put(work, role, None, body.account)


@routes.put("/<role>/<provider>", needs=May.ACCOUNT_EDIT, gives=PostingAccountOut)
def put_posting_account_of_provider(
    work: Work, role: str, provider: str, body: PostingAccountIn
) -> PostingAccountOut:
    """Let an account take what one provider moves in a role, such as `clearing` of `stripe`."""
    return _put(work, role, provider, body.account)


@routes.delete("/<role>", needs=May.ACCOUNT_EDIT)
def take_posting_account_back(work: Work, role: str) -> None:
    """Take back what was set for a role: the account found in the chart takes its place."""
    actions.take_back(work, *rules.role_of(role, None))


@routes.delete("/<role>/<provider>", needs=May.ACCOUNT_EDIT)
def take_posting_account_of_provider_back(work: Work, role: str, provider: str) -> None:
    """Take back what was set for a role of one provider: that of all takes its place."""
    actions.take_back(work, *rules.role_of(role, provider))


def _put(work: Work, role: str, provider: str | None, code: str) -> PostingAccountOut:
    found = rules.role_of(role, provider)
    actions.put(work, *found, code)
    return _shown(*found, queries.kept(work), [])


def _shown(
    role: Role,
    provider: str,
    kept: Kept,
    chart: list[Candidate],
    bank: Candidate | None = None,
) -> PostingAccountOut:
    shown = {"role": role, "provider": provider or None}
    account = rules.known(kept, role, provider, None, bank)
    if account is not None:
        why = "set" if rules.was_set(kept, role, provider, account) else "found"
        return PostingAccountOut.model_validate(
            shown | {"account": account.code, "name": account.name, "why": why}
        )
    other = rules.usual(role, provider)
    if (seen := rules.recognized(chart, kept, other, provider, None)) is not None:
        found = {"account": seen[0].code, "name": seen[0].name, "why": "found"}
        return PostingAccountOut.model_validate(shown | found)
    made = {"account": rules.code_for(other, kept, chart), "name": rules.KINDS[other].name}
    return PostingAccountOut.model_validate(shown | made | {"why": "new"})
