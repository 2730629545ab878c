"""Which kind of answer a file is, by how it begins."""

from __future__ import annotations

from nexafi.payments.bank_files.formats import camt, nacha_reading, pain002, tree
from nexafi.payments.bank_files.formats.orders import Report
from nexafi.payments.errors import AnswerUnreadable


def read(raw: bytes) -> Report:
    """Return what a bank's answer says; raise AnswerUnreadable unless it is whole and of a kind."""
    if not raw.strip():
        raise AnswerUnreadable("The file is empty.")
    if raw.startswith(b"101"):
        return nacha_reading.report(raw)
    kinds = {tree.name(each) for each in tree.root(raw)}
    if "CstmrPmtStsRpt" in kinds:
        return pain002.report(raw)
    if kinds & {"BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn"}:
        return camt.report(raw)
    raise AnswerUnreadable("This is no pain.002, camt.053, camt.054 or NACHA file.")
