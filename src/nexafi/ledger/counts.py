"""What is counted of the ledger's business, for those who run it."""

from __future__ import annotations

from typing import Final

from nexafi.kernel.watch.counts import Count

ENTRIES_POSTED: Final = Count("entries_posted", "Entries posted to the journal.")
STATEMENTS_IMPORTED: Final = Count("statements_imported", "Statements that imports brought.")
LINES_IMPORTED: Final = Count("statement_lines_imported", "Statement lines that imports added.")

ALL: Final = (ENTRIES_POSTED, STATEMENTS_IMPORTED, LINES_IMPORTED)
