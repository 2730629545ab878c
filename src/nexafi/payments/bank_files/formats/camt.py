"""camt.053 and camt.054: what the bank booked, as far as it speaks of payments of ours.

All that a statement says of itself is taken again: its number of entries and their sum, the sum of
the payments in an entry, and that the opening balance with all entries gives the closing one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from nexafi.payments.bank_files.formats import tree
from nexafi.payments.bank_files.formats.orders import Report, Scope, Word
from nexafi.payments.bank_files.rules import Fact
from nexafi.payments.errors import AnswerUnreadable

PLACES: Final = ("BkToCstmrStmt/Stmt", "BkToCstmrDbtCdtNtfctn/Ntfctn")
NONE: Final = {"", "NOTPROVIDED"}
"""What stands where nobody gave an end-to-end id."""


def report(raw: bytes) -> Report:
    """Return what a camt file says of payments; raise AnswerUnreadable unless all sums agree."""
    root = tree.root(raw)
    statements = [each for path in PLACES for each in tree.every(root, path)]
    if not statements:
        raise AnswerUnreadable("This is no camt.053 or camt.054: it has no statement.")
    words: list[Word] = []
    ibans = set()
    for statement in statements:
        iban = tree.told(statement, "Acct/Id/IBAN").replace(" ", "").upper()
        if not iban:
            raise AnswerUnreadable("A statement does not say by IBAN whose it is.")
        ibans.add(iban)
        entries = tree.every(statement, "Ntry")
        _check(statement, entries)
        for entry in entries:
            words.extend(_words(entry))
    return Report("camt", words, ibans=frozenset(ibans))


def _check(statement: tree.Element, entries: list[tree.Element]) -> None:
    """Raise unless the figures of a statement are those of its entries."""
    counted = tree.told(statement, "TxsSummry/TtlNtries/NbOfNtries")
    if counted and tree.count(counted) != len(entries):
        raise AnswerUnreadable(f"A statement says {counted} entries and has {len(entries)}.")
    total = tree.told(statement, "TxsSummry/TtlNtries/Sum")
    if total and tree.minor(total, _currency(statement)) != sum(_amount(each) for each in entries):
        raise AnswerUnreadable(f"The entries of a statement do not sum to {total}.")
    balances = {
        tree.told(each, "Tp/CdOrPrtry/Cd"): _signed(each) for each in tree.every(statement, "Bal")
    }
    opening, closing = balances.get("OPBD", balances.get("PRCD")), balances.get("CLBD")
    if opening is None or closing is None:
        return
    moved = sum(_signed(each) for each in entries if _is_booked(each))
    if opening + moved != closing:
        raise AnswerUnreadable("The opening balance and the entries do not give the closing one.")


def _words(entry: tree.Element) -> Iterator[Word]:
    if not _is_booked(entry):
        return
    on = _day(entry)
    details = tree.every(entry, "NtryDtls/TxDtls")
    _check_details(entry, details)
    if not any(_key(each) for each in details):
        batch = tree.told(entry, "NtryDtls/Btch/PmtInfId", "NtryDtls/TxDtls/Refs/PmtInfId")
        if batch:
            yield _word(Scope.BATCH, batch, entry, entry, on)
        return
    for detail in details:
        if key := _key(detail):
            yield _word(Scope.ORDER, key, detail, entry, on)


def _check_details(entry: tree.Element, details: list[tree.Element]) -> None:
    counted = tree.told(entry, "NtryDtls/Btch/NbOfTxs")
    if counted and len(details) > 1 and tree.count(counted) != len(details):
        raise AnswerUnreadable(f"An entry says {counted} payments and has {len(details)}.")
    amounts = [_own(each, entry) for each in details]
    if len(amounts) > 1 and None not in amounts:
        total = sum(each for each in amounts if each is not None)
        if total != _signed(entry):
            raise AnswerUnreadable("The payments of an entry do not sum to its amount.")


def _own(detail: tree.Element, entry: tree.Element) -> int | None:
    """Return what a payment moved, below zero if it went out; None if it does not say."""
    for path in ("Amt", "AmtDtls/TxAmt/Amt"):
        for found in tree.every(detail, path):
            minor = tree.minor(found.text or "", found.get("Ccy") or "")
            return minor if _is_incoming(detail, entry) else -minor
    return None


def _word(scope: Scope, key: str, place: tree.Element, entry: tree.Element, on: date) -> Word:
    has_come_back = bool(tree.every(place, "RtrInf")) or tree.told(entry, "RvslInd") == "true"
    code = tree.told(place, "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry")[:16]
    return Word(
        scope,
        key,
        Fact.RETURNED if has_come_back else Fact.PAID,
        code,
        _amounts(place) or (_amount(entry),),
        _is_incoming(place, entry),
        on,
    )


def _amounts(place: tree.Element) -> tuple[int, ...]:
    """Return all that an amount may be: with a fee for its return, and without."""
    paths = ("AmtDtls/InstdAmt/Amt", "AmtDtls/TxAmt/Amt", "Amt")
    found = [each for path in paths for each in tree.every(place, path)]
    return tuple(tree.minor(each.text or "", each.get("Ccy") or "") for each in found)


def _key(detail: tree.Element) -> str:
    key = tree.told(detail, "Refs/EndToEndId")
    return "" if key in NONE else key


def _is_booked(entry: tree.Element) -> bool:
    return tree.told(entry, "Sts", "Sts/Cd") == "BOOK"


def _is_incoming(place: tree.Element, entry: tree.Element) -> bool:
    said = tree.told(place, "CdtDbtInd") or tree.told(entry, "CdtDbtInd")
    if said not in {"CRDT", "DBIT"}:
        raise AnswerUnreadable("An entry does not say whether the money came in.")
    return said == "CRDT"


def _amount(entry: tree.Element) -> int:
    found = tree.every(entry, "Amt")
    if len(found) != 1:
        raise AnswerUnreadable("An entry has no amount.")
    return tree.minor(found[0].text or "", found[0].get("Ccy") or "")


def _signed(place: tree.Element) -> int:
    return _amount(place) if _is_incoming(place, place) else -_amount(place)


def _currency(statement: tree.Element) -> str:
    entry = tree.every(statement, "Ntry/Amt")
    return (entry[0].get("Ccy") if entry else "") or tree.told(statement, "Acct/Ccy") or "EUR"


def _day(entry: tree.Element) -> date:
    text = tree.told(entry, "BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm")
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise AnswerUnreadable(f"An entry was booked on {text[:30]!r}, which is no day.") from None
