"""All that may go wrong in the ledger."""

from __future__ import annotations

from nexafi.kernel.errors import Conflict, Invalid, NotFound, Problem


class AccountNotFound(NotFound):
    """No such account in the chart of this organization."""

    title = "No such account"


class CodeTaken(Conflict):
    """The chart has an account of this code already."""

    title = "The code is taken"
    constraint = "uq_accounts_organization_id_code"


class UnbalancedEntry(Invalid):
    """The debits and credits of an entry differ in some currency."""

    title = "The entry does not balance"


class EmptyLeg(Invalid):
    """A leg of an entry moves nothing."""

    title = "A line of zero"


class UnknownAccount(Invalid):
    """A line names an account that the chart lacks or has closed."""

    title = "Unknown account"


class BalanceTooLarge(Invalid):
    """The balance of an account would no longer fit its column."""

    title = "The balance is too large"
    constraint = "ck_balances_minor_in_range"


class PeriodClosed(Conflict):
    """The date of the entry lies in a period whose books are closed."""

    title = "The period is closed"


class EntryNotFound(NotFound):
    """No such entry in the journal of this organization."""

    title = "No such entry"


class AlreadyPosted(Conflict):
    """The journal already has the entry of this source."""

    title = "Already posted"
    constraint = "uq_entries_organization_id_source"


class StatementUnreadable(Invalid):
    """The file is no bank statement that we can read; the detail says why."""

    title = "The statement cannot be read"


class SpanInvalid(Invalid):
    """A report cannot go over these days, or compare as was asked."""

    title = "The report cannot go over these days"


class ReportTooLarge(Invalid):
    """The report would have more columns or rows than one can hand out."""

    title = "The report is too large"


class BooksOutOfBalance(Problem):
    """Debits and credits differ, which the database should have refused."""

    status = 500
    title = "The books are out of balance"
