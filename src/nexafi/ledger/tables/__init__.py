"""All that the ledger remembers.

`Owned` brings the key (organization_id, id); what `refers_to` another row can
only refer to one of the same organization. The books stand in `books.py`,
what banks say and what was made of it in `banking.py`.
"""

from nexafi.ledger.tables.banking import (
    BankAccount,
    Import,
    ReconciledLine,
    ReconciledStatementLine,
    Reconciliation,
    Rule,
    Sighting,
    Statement,
    StatementLine,
)
from nexafi.ledger.tables.base import FOLD_MAX, MINOR_MAX, Base
from nexafi.ledger.tables.books import (
    NAMES_A_THING,
    Account,
    Balance,
    Draft,
    DraftPolicy,
    Entry,
    Fresh,
    Line,
    Lock,
    Period,
    PeriodChange,
    Posting,
    PostingAccount,
    Rate,
    Seal,
    Taken,
)

__all__ = [
    "FOLD_MAX",
    "MINOR_MAX",
    "NAMES_A_THING",
    "Account",
    "Balance",
    "BankAccount",
    "Base",
    "Draft",
    "DraftPolicy",
    "Entry",
    "Fresh",
    "Import",
    "Line",
    "Lock",
    "Period",
    "PeriodChange",
    "Posting",
    "PostingAccount",
    "Rate",
    "ReconciledLine",
    "ReconciledStatementLine",
    "Reconciliation",
    "Rule",
    "Seal",
    "Sighting",
    "Statement",
    "StatementLine",
    "Taken",
]
