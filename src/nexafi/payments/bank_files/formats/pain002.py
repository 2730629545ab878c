"""pain.002: what the bank says of a file that it was given, whole, by batch, or by payment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from nexafi.payments.bank_files.formats import tree
from nexafi.payments.bank_files.formats.orders import Report, Scope, Word
from nexafi.payments.bank_files.rules import Fact
from nexafi.payments.errors import AnswerUnreadable

FACTS: Final = {
    "ACTC": Fact.ACCEPTED, "ACCP": Fact.ACCEPTED, "ACSP": Fact.ACCEPTED, "ACWC": Fact.ACCEPTED,
    "ACFC": Fact.ACCEPTED, "ACSC": Fact.PAID, "ACCC": Fact.PAID, "RJCT": Fact.REFUSED,
    "CANC": Fact.REFUSED, "PDNG": None, "RCVD": None, "PART": None, "PATC": None,
}  # fmt: skip
"""ExternalPaymentGroupStatus1Code and its like: what follows from each."""
CODE_MAX: Final = 16


def report(raw: bytes) -> Report:
    """Return what a pain.002 says; raise AnswerUnreadable unless it is one, and whole."""
    body = tree.every(tree.root(raw), "CstmrPmtStsRpt")
    groups = tree.every(body[0], "OrgnlGrpInfAndSts") if body else []
    if len(groups) != 1:
        raise AnswerUnreadable("This is no pain.002: it does not say which file it answers.")
    group, on = groups[0], _day(tree.told(body[0], "GrpHdr/CreDtTm"))
    words = [_word(Scope.FILE, "", group, "GrpSts", on)] if tree.told(group, "GrpSts") else []
    for batch in tree.every(body[0], "OrgnlPmtInfAndSts"):
        words.extend(_batch(batch, on))
    counted, total = tree.told(group, "OrgnlNbOfTxs"), tree.told(group, "OrgnlCtrlSum")
    return Report(
        "pain.002",
        words,
        message_id=tree.told(group, "OrgnlMsgId"),
        message_kind=tree.told(group, "OrgnlMsgNmId")[:8],
        count=tree.count(counted) if counted else None,
        minor=tree.minor(total, "EUR") if total else None,
    )


def _batch(batch: tree.Element, on: date) -> Iterator[Word]:
    if tree.told(batch, "PmtInfSts"):
        yield _word(Scope.BATCH, tree.told(batch, "OrgnlPmtInfId"), batch, "PmtInfSts", on)
    for payment in tree.every(batch, "TxInfAndSts"):
        key = tree.told(payment, "OrgnlEndToEndId")
        if not key:
            raise AnswerUnreadable("A payment has no end-to-end id.")
        yield _word(Scope.ORDER, key, payment, "TxSts", on)


def _word(scope: Scope, key: str, place: tree.Element, status: str, on: date) -> Word:
    said = tree.told(place, status)
    if said not in FACTS:
        raise AnswerUnreadable(f"{said[:20]!r} is no status of a payment.")
    code = tree.told(place, "StsRsnInf/Rsn/Cd", "StsRsnInf/Rsn/Prtry")[:CODE_MAX]
    amounts = [
        tree.minor(each.text or "", each.get("Ccy") or "EUR")
        for each in tree.every(place, "OrgnlTxRef/Amt/InstdAmt")
    ]
    return Word(scope, key, FACTS[said], code, tuple(amounts), on=on)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise AnswerUnreadable(f"{text[:30]!r} is no moment.") from None
