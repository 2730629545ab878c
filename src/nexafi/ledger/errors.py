"""All that may go wrong in the ledger."""

from __future__ import annotations

from nexafi.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Problem


class AccountNotFound(NotFound):
    """No such account in the chart of this organization."""

    title = "No such account"


class CodeTaken(Conflict):
    """The chart has an account of this code already."""

    title = "The code is taken"
    constraint = "uq_accounts_organization_id_code"


class MovementUnfit(Invalid):
    """Payments told of a movement whose parts contradict each other."""

    title = "The movement contradicts itself"


class PostingAccountNotFound(NotFound):
    """There is no such role, or no account was set for it."""

    title = "No such posting account"


class AccountUsed(Conflict):
    """What was used is never deleted; it can be closed."""

    title = "The account has been used"


class AccountMissing(Invalid):
    """Something needs an account of a certain subtype, and the chart has none that is open."""

    title = "The chart lacks an account"


class ParentUnfit(Invalid):
    """An account cannot stand below that one: unknown, of another type, or below itself."""

    title = "The account cannot stand there"


class SubtypeUnfit(Invalid):
    """Accounts of this type are nothing of that kind."""

    title = "The subtype does not fit the type"


class TemplateUnknown(Invalid):
    """There is no chart template of that name."""

    title = "No such template"


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


class RateNotFound(NotFound):
    """No such rate is known to this organization."""

    title = "No such rate"


class RateUnfit(Invalid):
    """This is no rate: a positive decimal, of a foreign currency that money is kept in."""

    title = "No rate can be made of this"


class RatesUnreadable(Invalid):
    """A file of rates cannot be read; nothing of it was taken."""

    title = "The rates cannot be read"


class EntriesUnreadable(Invalid):
    """A file of entries cannot be read; nothing of it was posted."""

    title = "The entries cannot be read"


class EntriesUnfit(Invalid):
    """Some entries of a file cannot be posted, so none was; each is named with its rows."""

    title = "The entries cannot all be posted"


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


class PeriodNotFound(NotFound):
    """No such fiscal year or period of this organization."""

    title = "No such period"


class PeriodTaken(Conflict):
    """Some of these days lie in a fiscal year or period already."""

    title = "The days are taken"
    constraint = "uq_periods_organization_id_starts_on_ends_on"


class PeriodUnfit(Invalid):
    """These days cannot be a fiscal year, or cannot be split so."""

    title = "No period can be made of this"


class PeriodUsed(Conflict):
    """What was closed once stays on record."""

    title = "The period has been closed before"


class NoSuchMove(Conflict):
    """A period is already open, softly closed or closed, as it was asked to become."""

    title = "The period is so already"


class EarlierYearOpen(Conflict):
    """Years are closed in order, for each carries the result of those before."""

    title = "An earlier year is not closed"


class LaterYearClosed(Conflict):
    """Years are opened again in the opposite order."""

    title = "A later year is closed"


class ReasonMissing(Invalid):
    """What was shut is opened again only with a reason on record."""

    title = "A reason is needed"


class DraftNotFound(NotFound):
    """No such draft of this organization."""

    title = "No such draft"


class DraftDecided(Conflict):
    """A draft is approved or rejected once, and not changed after."""

    title = "The draft is decided"


class DraftChanged(Conflict):
    """A draft was changed after it was looked at."""

    title = "The draft has changed"


class SecondPersonNeeded(Forbidden):
    """This organization wants another to approve what one has made."""

    title = "A second person is needed"


class EntryNotFound(NotFound):
    """No such entry in the journal of this organization."""

    title = "No such entry"


class AlreadyPosted(Conflict):
    """The journal already has the entry of this source."""

    title = "Already posted"
    constraint = "uq_entries_organization_id_source"


class ClosingEntry(Conflict):
    """The closing entry of a fiscal year is taken back by opening the year again, and only so."""

    title = "A closing entry"


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


class BankAccountNotFound(NotFound):
    """No such bank account in this organization."""

    title = "No such bank account"


class BankAccountClosed(Conflict):
    """The bank account is closed: nothing more is imported to it."""

    title = "The bank account is closed"


class AccountMirrored(Conflict):
    """The account of the chart mirrors another bank account already."""

    title = "The account has a bank account"
    constraint = "uq_bank_accounts_organization_id_account_id"


class NumberTaken(Conflict):
    """There is a bank account of this number and currency already."""

    title = "The number is taken"
    constraint = "uq_bank_accounts_organization_id_number_currency"


class AccountUnfit(Invalid):
    """An account of the chart cannot mirror this bank account."""

    title = "The account does not fit"


class MappingUnfit(Invalid):
    """What was given as a mapping of columns is none."""

    title = "The mapping does not fit"


class OtherBankAccount(Invalid):
    """The file speaks of another account or currency than the one that it was given to."""

    title = "The file is of another account"


class BankAccountMissing(Invalid):
    """The file speaks of accounts for which there is no bank account yet."""

    title = "No bank account for it"


class ImportNotFound(NotFound):
    """No such import in this organization."""

    title = "No such import"


class ImportUndone(Conflict):
    """The import was undone before."""

    title = "The import is undone already"


class LinesSettled(Conflict):
    """Lines of the import are settled, and no other import has them."""

    title = "Some lines are settled"


class StatementNotFound(NotFound):
    """No such statement in this organization."""

    title = "No such statement"


class StatementLineNotFound(NotFound):
    """No such statement line in this organization."""

    title = "No such statement line"


class LineImported(Conflict):
    """Another import brought the same line in at the same time."""

    title = "The line is here already"
    constraint = "uq_statement_lines_fingerprint"


class LineSettled(Conflict):
    """Somebody decided on the statement line before."""

    title = "The line is settled already"
    constraint = "uq_reconciled_statement_lines_organization_id_statement_line_id"


class LineReconciled(Conflict):
    """A line of the books is reconciled already, or is none of this bank account."""

    title = "The line of the books is not free"
    constraint = "uq_reconciled_lines_organization_id_line_id"


class SidesDiffer(Invalid):
    """Statement lines and lines of the books differ, and nobody said where the difference goes."""

    title = "The two sides differ"


class NothingToReconcile(Invalid):
    """What was named is not enough to be the same money."""

    title = "Nothing to reconcile"


class SharesUnfit(Invalid):
    """The parts of a split do not make up the amount of the line."""

    title = "The parts do not make the whole"


class NothingSuggested(Invalid):
    """We have no suggestion for the line, so there is nothing to accept."""

    title = "Nothing is suggested"


class ReconciliationNotFound(NotFound):
    """No such reconciliation in this organization."""

    title = "No such reconciliation"


class ReconciliationUndone(Conflict):
    """The reconciliation was undone before."""

    title = "The reconciliation is undone already"


class NothingToUndo(Conflict):
    """Nothing was decided on the line."""

    title = "Nothing to undo"


class RuleNotFound(NotFound):
    """No such rule in this organization."""

    title = "No such rule"


class RuleUnfit(Invalid):
    """A rule cannot be understood, or names what is not there."""

    title = "The rule does not fit"
