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
    """The debits and credits of an entry differ in the base currency, or in one not exchanged."""

    title = "The entry does not balance"
    constraint = "entries_balance"


class IncompleteEntry(Invalid):
    """An entry has less than two lines, or not all that it announced."""

    title = "An entry has two lines or more"
    constraint = "entries_whole"


class UnfitEntry(Invalid):
    """The head of an entry is not as the journal keeps it."""

    title = "The entry does not fit the journal"
    constraint = "entries_fit"


class UnfitLine(Invalid):
    """A line is no whole amount within bounds, or does not belong to its entry."""

    title = "A line does not fit its entry"
    constraint = "lines_fit"


class NotThroughPostings(Invalid):
    """Someone tried to write into the journal past its one entrance."""

    title = "Entries come in through postings only"
    constraint = "entries_through_postings"


class RateUnknown(Invalid):
    """A line in a foreign currency says nothing of its worth, and no rate is known."""

    title = "No exchange rate"


class EmptyLeg(Invalid):
    """A leg of an entry moves nothing."""

    title = "A line of zero"


class UnknownAccount(Invalid):
    """A line names an account that the chart lacks or has closed."""

    title = "Unknown account"
    constraint = "lines_account_open"


class PeriodClosed(Conflict):
    """The date of the entry lies in a period whose books are closed."""

    title = "The period is closed"
    constraint = "entries_period_open"


class EntryNotFound(NotFound):
    """No such entry in the journal of this organization."""

    title = "No such entry"


class AlreadyPosted(Conflict):
    """The journal already has the entry of this source."""

    title = "Already posted"
    constraint = "uq_entries_organization_id_source"


class AlreadyReversed(Conflict):
    """An entry can be reversed once."""

    title = "Already reversed"
    constraint = "uq_entries_organization_id_reverses_id"


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
