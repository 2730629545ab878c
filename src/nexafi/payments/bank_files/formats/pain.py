"""SEPA files for the bank: pain.001 (we send) and pain.008 (we collect), by ISO 20022.

The same orders, id and moment always give the same bytes. What is written is read back and its
counts and sums taken again before anybody gets it: the schema does not look at them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from lxml import etree

from nexafi.kernel.values.money import Money
from nexafi.payments.accounts import BankAccount
from nexafi.payments.bank_files.formats import letters, tree
from nexafi.payments.bank_files.formats.orders import Batch, Order
from nexafi.payments.bank_files.rules import Own
from nexafi.payments.errors import AnswerUnreadable

MODERN = frozenset({"pain.001.001.09", "pain.008.001.08"})
"""Those that call a BIC a BICFI, and in which a day may also be a moment."""
ROOTS = {"pain.001": "CstmrCdtTrfInitn", "pain.008": "CstmrDrctDbtInitn"}


class _Writer:
    """Puts elements under one another."""

    def __init__(self, space: str) -> None:
        self.space = space

    def put(self, parent: etree._Element, path: str, text: str = "") -> etree._Element:
        """Put new elements at *path* under *parent*; return the last, with its text."""
        for step in path.split("/"):
            parent = etree.SubElement(parent, f"{{{self.space}}}{step}")
        if text:
            parent.text = text
        return parent


def write(
    version: str, message_id: str, made_at: datetime, own: Own, batches: Sequence[Batch]
) -> bytes:
    """Return the file of these batches."""
    space = f"urn:iso:std:iso:20022:tech:xsd:{version}"
    writer = _Writer(space)
    document = etree.Element(f"{{{space}}}Document", nsmap=_plain(space))
    body = writer.put(document, ROOTS[version[:8]])
    head = writer.put(body, "GrpHdr")
    writer.put(head, "MsgId", message_id)
    writer.put(head, "CreDtTm", made_at.strftime("%Y-%m-%dT%H:%M:%S"))
    writer.put(head, "NbOfTxs", str(sum(len(each.orders) for each in batches)))
    writer.put(head, "CtrlSum", _text(sum(each.minor for each in batches)))
    writer.put(head, "InitgPty/Nm", letters.sepa(own.name, 70))
    for batch in batches:
        info = writer.put(body, "PmtInf")
        if version.startswith("pain.001"):
            _credits(writer, info, version, own, batch)
        else:
            _debits(writer, info, version, own, batch)
    raw: bytes = etree.tostring(document, xml_declaration=True, encoding="UTF-8")
    check(raw)
    return raw


def _plain(space: str) -> Any:  # noqa: ANN401 - the stubs forget that a prefix may be None
    return {None: space}


def check(raw: bytes) -> tuple[int, int]:
    """Return how many payments a file holds and their sum; raise unless its own figures agree."""
    body = tree.root(raw)[0]
    head = tree.every(body, "GrpHdr")[0]
    total = _agreed(head, tree.every(body, "PmtInf"))
    ids = [tree.told(each, "PmtId/EndToEndId") for each in _payments(body)]
    if len(set(ids)) != len(ids):
        raise AnswerUnreadable("An end-to-end id stands twice in the file.")
    return total


def _agreed(head: tree.Element, batches: Sequence[tree.Element]) -> tuple[int, int]:
    count = total = 0
    for batch in batches:
        found = [
            tree.minor(tree.told(each, "Amt/InstdAmt", "InstdAmt"), "EUR")
            for each in _payments_of(batch)
        ]
        _compare(batch, len(found), sum(found))
        count, total = count + len(found), total + sum(found)
    _compare(head, count, total)
    return count, total


def _compare(place: tree.Element, count: int, total: int) -> None:
    said = tree.count(tree.told(place, "NbOfTxs")), tree.minor(tree.told(place, "CtrlSum"), "EUR")
    if said != (count, total):
        raise AnswerUnreadable(f"The file holds {count} payments of {total}, and says {said}.")


def _payments(body: tree.Element) -> list[tree.Element]:
    return [each for batch in tree.every(body, "PmtInf") for each in _payments_of(batch)]


def _payments_of(batch: tree.Element) -> list[tree.Element]:
    return [*tree.every(batch, "CdtTrfTxInf"), *tree.every(batch, "DrctDbtTxInf")]


# -- what is written ----------------------------------------------------------------------------


def _begin(
    writer: _Writer, info: etree._Element, batch: Batch, method: str
) -> tuple[etree._Element, Order]:
    writer.put(info, "PmtInfId", batch.id)
    writer.put(info, "PmtMtd", method)
    writer.put(info, "BtchBookg", "true")
    writer.put(info, "NbOfTxs", str(len(batch.orders)))
    writer.put(info, "CtrlSum", _text(batch.minor))
    kind = writer.put(info, "PmtTpInf")
    writer.put(kind, "SvcLvl/Cd", "SEPA")
    return kind, batch.orders[0]


def _credits(writer: _Writer, info: etree._Element, version: str, own: Own, batch: Batch) -> None:
    _, first = _begin(writer, info, batch, "TRF")
    day = "ReqdExctnDt/Dt" if version in MODERN else "ReqdExctnDt"
    writer.put(info, day, first.execute_on.isoformat())
    writer.put(info, "Dbtr/Nm", letters.sepa(own.name, 70))
    writer.put(info, "DbtrAcct/Id/IBAN", own.account.iban)
    _bank(writer, writer.put(info, "DbtrAgt"), version, own.account)
    writer.put(info, "ChrgBr", "SLEV")
    for order in batch.orders:
        payment = writer.put(info, "CdtTrfTxInf")
        writer.put(payment, "PmtId/EndToEndId", order.end_to_end_id)
        _amount(writer, writer.put(payment, "Amt"), order)
        if order.account.bic:
            _bank(writer, writer.put(payment, "CdtrAgt"), version, order.account)
        writer.put(payment, "Cdtr/Nm", letters.sepa(order.name, 70))
        writer.put(payment, "CdtrAcct/Id/IBAN", order.account.iban)
        _words(writer, payment, order)


def _debits(writer: _Writer, info: etree._Element, version: str, own: Own, batch: Batch) -> None:
    kind, first = _begin(writer, info, batch, "DD")
    assert first.mandate is not None, "a debit has a mandate"
    writer.put(kind, "LclInstrm/Cd", "B2B" if first.mandate.is_b2b else "CORE")
    writer.put(kind, "SeqTp", first.mandate.sequence)
    writer.put(info, "ReqdColltnDt", first.execute_on.isoformat())
    writer.put(info, "Cdtr/Nm", letters.sepa(own.name, 70))
    writer.put(info, "CdtrAcct/Id/IBAN", own.account.iban)
    _bank(writer, writer.put(info, "CdtrAgt"), version, own.account)
    writer.put(info, "ChrgBr", "SLEV")
    creditor = writer.put(info, "CdtrSchmeId/Id/PrvtId/Othr")
    writer.put(creditor, "Id", own.creditor_id)
    writer.put(creditor, "SchmeNm/Prtry", "SEPA")
    for order in batch.orders:
        assert order.mandate is not None, "a debit has a mandate"
        payment = writer.put(info, "DrctDbtTxInf")
        writer.put(payment, "PmtId/EndToEndId", order.end_to_end_id)
        _amount(writer, payment, order)
        mandate = writer.put(payment, "DrctDbtTx/MndtRltdInf")
        writer.put(mandate, "MndtId", order.mandate.reference)
        writer.put(mandate, "DtOfSgntr", order.mandate.signed_on.isoformat())
        _bank(writer, writer.put(payment, "DbtrAgt"), version, order.account)
        writer.put(payment, "Dbtr/Nm", letters.sepa(order.name, 70))
        writer.put(payment, "DbtrAcct/Id/IBAN", order.account.iban)
        _words(writer, payment, order)


def _amount(writer: _Writer, place: etree._Element, order: Order) -> None:
    amount = writer.put(place, "InstdAmt", _text(order.amount.minor))
    amount.set("Ccy", order.amount.currency)


def _bank(writer: _Writer, place: etree._Element, version: str, account: BankAccount) -> None:
    if account.bic:
        name = "BICFI" if version in MODERN else "BIC"
        writer.put(place, f"FinInstnId/{name}", account.bic)
    else:
        writer.put(place, "FinInstnId/Othr/Id", "NOTPROVIDED")


def _words(writer: _Writer, payment: etree._Element, order: Order) -> None:
    if order.purpose:
        writer.put(payment, "Purp/Cd", order.purpose)
    if order.reference:
        reference = writer.put(payment, "RmtInf/Strd/CdtrRefInf")
        kind = writer.put(reference, "Tp")
        writer.put(kind, "CdOrPrtry/Cd", "SCOR")
        writer.put(kind, "Issr", "ISO")
        writer.put(reference, "Ref", order.reference)
    elif order.remittance:
        writer.put(payment, "RmtInf/Ustrd", letters.sepa(order.remittance, 140))


def _text(minor: int) -> str:
    return Money(minor, "EUR").text
