"""CAMT.052, .053 and .054 of ISO 20022 (account report, statement, notification), all versions.

The elements that a statement needs have the same names from 001.01 to 001.13; where they moved
(`Sts/Cd`, `Dbtr/Pty/Nm`, `BICFI`) both places are read. The file is read entry by entry.
Document types, entities and the network are switched off; a file that declares any is refused.

One entry (Ntry) is one line: it is what the bank booked. The payments of a batch (TxDtls) are its
parts. The sign is that of CdtDbtInd; RvslInd says that it takes something back and does not turn
it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from lxml import etree

from nexafi.kernel.values.money import Money
from nexafi.ledger.banking.formats.figures import (
    RAW_MAX,
    account_number,
    day,
    decimals,
    known_currency,
    money,
    one_line,
    refuse,
    shown,
)
from nexafi.ledger.banking.formats.statement import (
    Caution,
    LinePart,
    Reading,
    Remark,
    Statement,
    StatementLine,
)
from nexafi.ledger.banking.formats.tree import Node, elements, name_of, node_of, utf8

MESSAGES = {
    "BkToCstmrAcctRpt": ("camt.052", "Rpt"),
    "BkToCstmrStmt": ("camt.053", "Stmt"),
    "BkToCstmrDbtCdtNtfctn": ("camt.054", "Ntfctn"),
}
DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[TZ+-].{0,40})?")
AMOUNT = re.compile(r"\+?(\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})")
PARTS_MAX = 10_000
Told = tuple[Money, date | None]
"""A balance and its day."""
EMPTY = {"", "NOTPROVIDED", "NONREF"}


@dataclass(slots=True)
class Report:
    """A Stmt, Rpt or Ntfctn while its entries come in."""

    currency: str = ""
    lines: list[StatementLine] = field(default_factory=list)
    pending: int = 0
    informative: int = 0


def read(raw: bytes) -> Reading:
    """Return the statements in a CAMT file."""
    source, remarks = utf8(raw)
    statements: list[Statement] = []
    form, pending, state = "", 0, Report()
    for element in elements(source, ("Ntry", *(name for _, name in MESSAGES.values()))):
        report = element.getparent() if name_of(element) == "Ntry" else element
        message = None if report is None else report.getparent()
        found = MESSAGES.get("" if message is None else name_of(message))
        if found is None or report is None or found[1] != name_of(report):
            continue
        form = found[0]
        if element is report:
            node = node_of(report, without="Ntry")
            statements.append(_statement(node, state, len(statements), remarks))
            pending, state = pending + state.pending, Report()
        else:
            _entry(element, report, state)
        element.clear()
    if not statements:
        raise refuse(
            "The XML holds no account report, statement or notification (CAMT.052/053/054)."
        )
    if pending and not any(statement.lines for statement in statements):
        raise refuse(
            f"Nothing in this report is booked yet, its entries are pending ({pending}). Import it"
            " again when the bank has booked them."
        )
    return Reading(form, tuple(statements), tuple(remarks))


def _money(node: Node | None) -> Money | None:
    """Return the amount of an element, without a sign."""
    if node is None:
        return None
    text = node.text.strip()
    if AMOUNT.fullmatch(text) is None:
        raise refuse(f"{shown(text)!r} is no amount.", node.at)
    code = known_currency(node.currency, node.at)
    return money("0" + text if text.startswith(".") else text.lstrip("+"), code, node.at)


def _signed(element: Node, amount: Money) -> Money:
    """Return *amount* with the sign of the element's CdtDbtInd."""
    match element.told("CdtDbtInd"):
        case "CRDT":
            return amount
        case "DBIT":
            return -amount
    raise refuse("An amount is neither credit nor debit (CdtDbtInd).", element.at)


def _date(element: Node | None) -> date | None:
    """Return the day of a date choice (Dt or DtTm), as the bank wrote it in its own zone."""
    text = element.told("Dt", "DtTm") if element is not None else ""
    if element is None or not text:
        return None
    if (match := DATE.fullmatch(text)) is None:
        raise refuse(f"{shown(text)!r} is no date.", element.at)
    return day(int(match[1]), int(match[2]), int(match[3]), element.at)


def _entry(element: etree._Element, report: etree._Element, state: Report) -> None:
    """Add the line of an entry to its report, or count it if it is not booked."""
    entry = node_of(element)
    status = entry.told("Sts/Cd", "Sts/Prtry", "Sts").upper()
    if status in {"PDNG", "FUTR"}:
        state.pending += 1
        return
    if status == "INFO":
        state.informative += 1
        return
    amount = _money(entry.find("Amt"))
    if amount is None:
        raise refuse("An entry has no amount.", entry.at)
    if not state.currency:
        state.currency = _own_currency(node_of(report, without="Ntry")) or amount.currency
    if amount.currency != state.currency:
        raise refuse(
            f"An entry is in {amount.currency}, but the account is in {state.currency}.", entry.at
        )
    raw = etree.tostring(element, encoding="unicode", with_tail=False)
    state.lines.append(_line(entry, _signed(entry, amount), raw[:RAW_MAX]))


def _own_currency(report: Node) -> str:
    """Return the currency that the account is said to be in, if it is said."""
    code = report.told("Acct/Ccy")
    return known_currency(code, report.at) if code else ""


def _currency(report: Node) -> str:
    """Return the currency of an account without entries: its own, or that of a booked balance."""
    if code := _own_currency(report):
        return code
    balances = _balances(report)
    for kind in ("OPBD", "PRCD", "CLBD", "ITBD"):
        if kind in balances:
            return balances[kind][0][0].currency
    return ""


def _line(entry: Node, amount: Money, raw: str) -> StatementLine:
    """Return the line of a booked entry."""
    booked_on = _date(entry.find("BookgDt")) or _date(entry.find("ValDt"))
    if booked_on is None:
        raise refuse("An entry has no date of booking and no value date.", entry.at)
    details = entry.all("NtryDtls/TxDtls")
    parts = [_part(each, amount) for each in details[:PARTS_MAX]]
    only = parts[0] if len(parts) == 1 else None
    about = entry.told("AddtlNtryInf")
    if only:
        said = only.description or about
    else:
        said = about or one_line(" ".join(part.description for part in parts[:5]))
    count = entry.told("NtryDtls/Btch/NbOfTxs")
    batch = f"Batch of {count or len(parts)} payments" if count or len(parts) > 1 else ""
    kind = _kind(entry)
    return StatementLine(
        booked_on=booked_on,
        valued_on=_date(entry.find("ValDt")),
        amount=amount,
        description=said or batch or (only.counterparty if only else "") or kind,
        counterparty=only.counterparty if only else "",
        counterparty_account=only.counterparty_account if only else "",
        reference=only.reference if only else _reference(entry),
        bank_id=_bank_id(entry, details),
        kind=kind,
        original=_original(entry, details, amount),
        is_reversal=entry.told("RvslInd").lower() in {"true", "1"},
        parts=tuple(parts) if len(parts) > 1 else (),
        charges=_charges(entry, details, amount),
        raw=raw,
    )


def _reference(entry: Node) -> str:
    """Return the reference of an entry whose payments are not told one by one."""
    text = entry.told("NtryRef", "NtryDtls/Btch/PmtInfId", "NtryDtls/Btch/MsgId")
    return "" if text in EMPTY else text


def _bank_id(entry: Node, details: list[Node]) -> str:
    """Return the bank's own reference of the entry, or of its only payment."""
    text = entry.told("AcctSvcrRef")
    if not text and len(details) == 1:
        text = details[0].told("Refs/AcctSvcrRef")
    return "" if text in EMPTY else text


def _kind(entry: Node) -> str:
    """Return the code of the kind of movement: domain/family/subfamily, or the bank's own."""
    domain = entry.told("BkTxCd/Domn/Cd")
    if not domain:
        return entry.told("BkTxCd/Prtry/Cd")
    family = entry.told("BkTxCd/Domn/Fmly/Cd")
    return "/".join([domain, family, entry.told("BkTxCd/Domn/Fmly/SubFmlyCd")]).strip("/")


def _part(details: Node, whole: Money) -> LinePart:
    """Return one payment; its other side is the debtor of a credit and the creditor of a debit."""
    amount = (
        _money(details.find("Amt")) or _money(details.find("AmtDtls/TxAmt/Amt")) or abs_of(whole)
    )
    sign = details.told("CdtDbtInd") or ("DBIT" if whole.minor < 0 else "CRDT")
    side, other = ("Cdtr", "Dbtr") if whole.minor < 0 else ("Dbtr", "Cdtr")
    if details.told("RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry") and not _party(details, side):
        side = other
    remittance = details.all("RmtInf/Ustrd")
    structured = [
        each.told("CdtrRefInf/Ref", "CdtrRefInf/CdtrRef") or each.told("AddtlRmtInf")
        for each in details.all("RmtInf/Strd")
    ]
    said = one_line(" ".join([each.text for each in remittance]))
    said = said or one_line(" ".join(structured)) or details.told("AddtlTxInf", "Purp/Prtry")
    reference = details.told("Refs/EndToEndId")
    if reference in EMPTY:
        reference = next((each for each in structured if each), "")
    return LinePart(
        amount=-amount if sign == "DBIT" else amount,
        description=said,
        counterparty=_party(details, side),
        counterparty_account=account_number(
            details.told(
                f"RltdPties/{side}Acct/Id/IBAN",
                f"RltdPties/{side}Acct/Id/Othr/Id",
                f"RltdPties/{side}Acct/Id/BBAN",
            )
        ),
        reference=reference or details.told("Refs/InstrId", "Refs/ChqNb", "Refs/TxId"),
    )


def abs_of(amount: Money) -> Money:
    """Return *amount* without its sign."""
    return amount if amount.minor >= 0 else -amount


def _party(details: Node, side: str) -> str:
    """Return the name of one side; from version 8 on it stands one level deeper."""
    return details.told(
        f"RltdPties/{side}/Nm", f"RltdPties/{side}/Pty/Nm", f"RltdPties/Ultmt{side}/Nm"
    )


def _original(entry: Node, details: list[Node], amount: Money) -> Money | None:
    """Return what was instructed in another currency, of an entry with one payment."""
    for element in [*details[:1], entry] if len(details) < 2 else [entry]:
        for path in ("AmtDtls/InstdAmt/Amt", "AmtDtls/TxAmt/Amt"):
            found = element.find(path)
            if found is None or found.currency in {"", amount.currency}:
                continue
            if decimals(found.currency) is None or not AMOUNT.fullmatch(found.text.strip()):
                continue
            told = _money(found)
            if told is not None:
                return -told if amount.minor < 0 else told
    return None


def _charges(entry: Node, details: list[Node], amount: Money) -> Money | None:
    """Return the charges that the bank tells of an entry, in the currency of the account."""
    totals = []
    for element in [entry, *details]:
        for path in ("Chrgs/TtlChrgsAndTaxAmt", "Chrgs/Amt", "Chrgs/Rcrd/Amt"):
            own = [each for each in element.all(path) if each.currency == amount.currency]
            totals += [_of(each, amount).minor for each in own]
            if own:
                break
    return Money(sum(totals), amount.currency) if totals else None


def _of(element: Node, amount: Money) -> Money:
    return money(element.text.strip() or "0", amount.currency, element.at)


def _balances(report: Node) -> dict[str, list[Told]]:
    """Return the balances by their code, each with its day, in the order of the file."""
    found: dict[str, list[Told]] = {}
    for balance in report.all("Bal"):
        code = balance.told("Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry", "Tp/Cd")
        amount = _money(balance.find("Amt"))
        if amount is not None:
            told = (_signed(balance, amount), _date(balance.find("Dt")))
            found.setdefault(code, []).append(told)
    return found


def _statement(report: Node, state: Report, index: int, remarks: list[Remark]) -> Statement:
    """Return the statement of a report whose entries have been read."""
    currency = state.currency or _currency(report)
    if not currency:
        raise refuse("The statement names no currency.", report.at)
    balances = _balances(report)
    interim = balances.get("ITBD", [])
    first = (
        balances.get("OPBD") or balances.get("PRCD") or (interim[:1] if len(interim) > 1 else [])
    )
    if not first and "CLBD" in balances:
        first = interim[:1]
    opening = first[0] if first else None
    last = balances.get("CLBD") or interim[-1:]
    closing = last[-1] if last else None
    for name, told in (("opening", opening), ("closing", closing)):
        if told is not None and told[0].currency != currency:
            text = f"The {name} balance is in {told[0].currency}, the account in {currency}."
            remarks.append(Remark(Caution.NOT_COMPARABLE, text, index))
    _remark(report, state, index, remarks)
    period = report.find("FrToDt")
    return Statement(
        account=account_number(report.told("Acct/Id/IBAN", "Acct/Id/Othr/Id", "Acct/Id/BBAN")),
        currency=currency,
        lines=tuple(state.lines),
        bank=report.told(
            "Acct/Svcr/FinInstnId/BICFI",
            "Acct/Svcr/FinInstnId/BIC",
            "Acct/Svcr/FinInstnId/Nm",
            "Acct/Svcr/FinInstnId/ClrSysMmbId/MmbId",
        ),
        number=report.told("LglSeqNb", "ElctrncSeqNb", "Id"),
        opening=_comparable(opening, currency),
        closing=_comparable(closing, currency),
        opened_on=_bound(period, "FrDtTm", "FrDt") if opening is None else opening[1],
        closed_on=_bound(period, "ToDtTm", "ToDt") if closing is None else closing[1],
    )


def _comparable(told: Told | None, currency: str) -> Money | None:
    return told[0] if told is not None and told[0].currency == currency else None


def _bound(period: Node | None, *paths: str) -> date | None:
    match = DATE.fullmatch(period.told(*paths) if period is not None else "")
    return day(int(match[1]), int(match[2]), int(match[3])) if match else None


def _remark(report: Node, state: Report, index: int, remarks: list[Remark]) -> None:
    """Add what one should know of a report: what is not booked, and what its summary says."""
    for count, why in ((state.pending, "pending"), (state.informative, "for information only")):
        if count:
            text = f"{count} entries are {why} and were left out."
            remarks.append(Remark(Caution.NOT_BOOKED, text, index))
    if report.told("StmtPgntn/LastPgInd", "RptPgntn/LastPgInd", "NtfctnPgntn/LastPgInd") == "false":
        remarks.append(Remark(Caution.MORE_PAGES, "The statement goes on in another file.", index))
    told = report.told("TxsSummry/TtlNtries/NbOfNtries")
    here = len(state.lines) + state.pending + state.informative
    if told.isdecimal() and len(told) < 12 and int(told) != here:
        text = f"The summary says {int(told)} entries; there are {here}."
        remarks.append(Remark(Caution.UNPROVEN, text, index))
