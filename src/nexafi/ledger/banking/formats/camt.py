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
from io import BytesIO
from typing import Any

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
from nexafi.ledger.banking.formats.letters import BOMS, decode
from nexafi.ledger.banking.formats.statement import (
    Caution,
    LinePart,
    Reading,
    Remark,
    Statement,
    StatementLine,
)

MESSAGES = {
    "BkToCstmrAcctRpt": ("camt.052", "Rpt"),
    "BkToCstmrStmt": ("camt.053", "Stmt"),
    "BkToCstmrDbtCdtNtfctn": ("camt.054", "Ntfctn"),
}
DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[TZ+-].{0,40})?")
AMOUNT = re.compile(r"\+?(\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})")
DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,300}\?>")
ENCODING = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,30})[\"']")
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
    source, encoding, remarks = _utf8(raw)
    if re.search(rb"<!\s*(DOCTYPE|ENTITY)", source, re.IGNORECASE):
        raise refuse(
            "The file declares a document type or entities. No bank does that, and it is the way to"
            " make a reader fetch other files or fill the memory: refused."
        )
    statements: list[Statement] = []
    reports: dict[int, Report] = {}
    form, root = "", None
    try:
        for _, element in etree.iterparse(
            BytesIO(source),
            events=("end",),
            tag=("{*}Ntry", "{*}Stmt", "{*}Rpt", "{*}Ntfctn"),
            encoding=encoding,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        ):
            report = element.getparent() if _name(element) == "Ntry" else element
            message = report.getparent() if report is not None else None
            found = MESSAGES.get(_name(message)) if message is not None else None
            if found is None or report is None or found[1] != _name(report):
                continue
            form, state = found[0], reports.setdefault(len(statements), Report())
            if element is report:
                statements.append(_statement(report, state, len(statements), remarks))
            else:
                _entry(element, report, state)
            element.clear(keep_tail=False)
            root = element.getroottree()
    except etree.XMLSyntaxError as error:
        raise _broken(error) from None
    if root is None:
        raise refuse(
            "The XML holds no account report, statement or notification (CAMT.052/053/054)."
        )
    pending = sum(report.pending for report in reports.values())
    if pending and not any(statement.lines for statement in statements):
        raise refuse(
            f"Nothing in this report is booked yet: its {pending} entries are pending. Import it"
            " again when the bank has booked them."
        )
    return Reading(form, tuple(statements), tuple(remarks))


def _utf8(raw: bytes) -> tuple[bytes, str | None, list[Remark]]:
    """Return bytes that the parser may read, and their encoding if it must not be looked for."""
    declared = str(match[1], "ascii") if (match := ENCODING.search(raw[:400])) else ""
    marked = any(raw.startswith(mark) for mark, _ in BOMS)
    if not marked and declared.lower() in {"", "utf-8", "us-ascii", "ascii"}:
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            return raw.lstrip(), "utf-8", []
    text, _, remarks = decode(raw, declared)
    return DECLARATION.sub("", text, count=1).lstrip().encode("utf-8"), "utf-8", remarks


def _broken(error: etree.XMLSyntaxError) -> Exception:
    """Return the refusal of XML that is not well formed."""
    said = str(error.msg or "").partition(", line")[0]
    line = error.lineno or None
    if "Premature end" in said or "EndTag: '</' not found" in said or "no element" in said.lower():
        return refuse("The file is cut off: the XML ends before it is complete.", line)
    if "depth" in said.lower():
        return refuse("The elements are nested deeper than in any statement.", line)
    return refuse(f"The XML is damaged: {shown(said)}.", line)


def _at(element: etree._Element) -> int | None:
    """Return the line of the file where *element* begins."""
    line: Any = element.sourceline
    return line if isinstance(line, int) else None


def _name(element: etree._Element) -> str:
    tag: Any = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _find(element: etree._Element, *paths: str) -> etree._Element | None:
    """Return the first element at one of *paths*, in the namespace of *element*."""
    space = element.tag.rpartition("}")[0]
    prefix = space + "}" if space else ""
    for path in paths:
        found = element.find("/".join(prefix + step for step in path.split("/")))
        if found is not None:
            return found
    return None


def _all(element: etree._Element, path: str) -> list[etree._Element]:
    space = element.tag.rpartition("}")[0]
    prefix = space + "}" if space else ""
    return element.findall("/".join(prefix + step for step in path.split("/")))


def _text(element: etree._Element | None, *paths: str) -> str:
    """Return the first text at one of *paths*, on one line."""
    if element is None:
        return ""
    for path in paths:
        found = _find(element, path)
        if found is not None and found.text and (text := one_line(found.text)):
            return text
    return ""


def _money(element: etree._Element, path: str = "Amt") -> Money | None:
    """Return the amount at *path*, without a sign."""
    found = _find(element, path)
    if found is None:
        return None
    text, line = (found.text or "").strip(), _at(found)
    if AMOUNT.fullmatch(text) is None:
        raise refuse(f"{shown(text)!r} is no amount.", line)
    code = known_currency(found.get("Ccy") or "", line)
    return money("0" + text.lstrip("+") if text.startswith(".") else text, code, line)


def _signed(element: etree._Element, amount: Money) -> Money:
    """Return *amount* with the sign of the element's CdtDbtInd."""
    match _text(element, "CdtDbtInd"):
        case "CRDT":
            return amount
        case "DBIT":
            return -amount
    raise refuse("An amount is neither credit nor debit (CdtDbtInd).", _at(element))


def _date(element: etree._Element | None) -> date | None:
    """Return the day of a date choice (Dt or DtTm), as the bank wrote it in its own zone."""
    text = _text(element, "Dt", "DtTm")
    if not text:
        return None
    line = None if element is None else _at(element)
    if (match := DATE.fullmatch(text)) is None:
        raise refuse(f"{shown(text)!r} is no date.", line)
    return day(int(match[1]), int(match[2]), int(match[3]), line)


def _entry(entry: etree._Element, report: etree._Element, state: Report) -> None:
    """Add the line of an entry to its report, or count it if it is not booked."""
    status = _text(entry, "Sts/Cd", "Sts/Prtry", "Sts").upper()
    if status in {"PDNG", "FUTR"}:
        state.pending += 1
        return
    if status == "INFO":
        state.informative += 1
        return
    amount = _money(entry)
    if amount is None:
        raise refuse("An entry has no amount.", _at(entry))
    if not state.currency:
        state.currency = _currency(report) or amount.currency
    if amount.currency != state.currency:
        raise refuse(
            f"An entry is in {amount.currency}, but the account is in {state.currency}.",
            _at(entry),
        )
    state.lines.append(_line(entry, _signed(entry, amount)))


def _currency(report: etree._Element) -> str:
    """Return the currency of the account: its own, or that of its booked opening balance."""
    if code := _text(report, "Acct/Ccy"):
        return known_currency(code, _at(report))
    balances = _balances(report)
    for kind in ("OPBD", "PRCD", "CLBD", "ITBD"):
        if kind in balances:
            return balances[kind][0][0].currency
    return ""


def _line(entry: etree._Element, amount: Money) -> StatementLine:
    """Return the line of a booked entry."""
    booked_on = _date(_find(entry, "BookgDt")) or _date(_find(entry, "ValDt"))
    if booked_on is None:
        raise refuse("An entry has no date of booking and no value date.", _at(entry))
    details = _all(entry, "NtryDtls/TxDtls")
    parts = [_part(each, amount) for each in details[:PARTS_MAX]]
    only = parts[0] if len(parts) == 1 else None
    about = _text(entry, "AddtlNtryInf")
    if only:
        said = only.description or about
    else:
        said = about or one_line(" ".join(part.description for part in parts[:5]))
    count = _text(entry, "NtryDtls/Btch/NbOfTxs")
    batch = f"Batch of {count or len(parts)} payments" if count or len(parts) > 1 else ""
    kind = _kind(entry)
    return StatementLine(
        booked_on=booked_on,
        valued_on=_date(_find(entry, "ValDt")),
        amount=amount,
        description=said or batch or (only.counterparty if only else "") or kind,
        counterparty=only.counterparty if only else "",
        counterparty_account=only.counterparty_account if only else "",
        reference=only.reference if only else _reference(entry),
        bank_id=_bank_id(entry, details),
        kind=kind,
        original=_original(entry, details, amount),
        is_reversal=_text(entry, "RvslInd").lower() in {"true", "1"},
        parts=tuple(parts) if len(parts) > 1 else (),
        charges=_charges(entry, details, amount),
        raw=etree.tostring(entry, encoding="unicode", with_tail=False)[:RAW_MAX],
    )


def _reference(entry: etree._Element) -> str:
    """Return the reference of an entry whose payments are not told one by one."""
    text = _text(entry, "NtryRef", "NtryDtls/Btch/PmtInfId", "NtryDtls/Btch/MsgId")
    return "" if text in EMPTY else text


def _bank_id(entry: etree._Element, details: list[etree._Element]) -> str:
    """Return the bank's own reference of the entry, or of its only payment."""
    text = _text(entry, "AcctSvcrRef")
    if not text and len(details) == 1:
        text = _text(details[0], "Refs/AcctSvcrRef")
    return "" if text in EMPTY else text


def _kind(entry: etree._Element) -> str:
    """Return the code of the kind of movement: domain/family/subfamily, or the bank's own."""
    domain = _text(entry, "BkTxCd/Domn/Cd")
    if not domain:
        return _text(entry, "BkTxCd/Prtry/Cd")
    family = _text(entry, "BkTxCd/Domn/Fmly/Cd")
    return "/".join([domain, family, _text(entry, "BkTxCd/Domn/Fmly/SubFmlyCd")]).strip("/")


def _part(details: etree._Element, whole: Money) -> LinePart:
    """Return one payment; its other side is the debtor of a credit and the creditor of a debit."""
    amount = _money(details) or _money(details, "AmtDtls/TxAmt/Amt") or abs_of(whole)
    sign = _text(details, "CdtDbtInd") or ("DBIT" if whole.minor < 0 else "CRDT")
    side, other = ("Cdtr", "Dbtr") if whole.minor < 0 else ("Dbtr", "Cdtr")
    if _text(details, "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry") and not _party(details, side):
        side = other
    remittance = _all(details, "RmtInf/Ustrd")
    structured = [
        _text(each, "CdtrRefInf/Ref", "CdtrRefInf/CdtrRef") or _text(each, "AddtlRmtInf")
        for each in _all(details, "RmtInf/Strd")
    ]
    said = one_line(" ".join([each.text or "" for each in remittance]))
    said = said or one_line(" ".join(structured)) or _text(details, "AddtlTxInf", "Purp/Prtry")
    reference = _text(details, "Refs/EndToEndId")
    if reference in EMPTY:
        reference = next((each for each in structured if each), "")
    return LinePart(
        amount=-amount if sign == "DBIT" else amount,
        description=said,
        counterparty=_party(details, side),
        counterparty_account=account_number(
            _text(
                details,
                f"RltdPties/{side}Acct/Id/IBAN",
                f"RltdPties/{side}Acct/Id/Othr/Id",
                f"RltdPties/{side}Acct/Id/BBAN",
            )
        ),
        reference=reference or _text(details, "Refs/InstrId", "Refs/ChqNb", "Refs/TxId"),
    )


def abs_of(amount: Money) -> Money:
    """Return *amount* without its sign."""
    return amount if amount.minor >= 0 else -amount


def _party(details: etree._Element, side: str) -> str:
    """Return the name of one side; from version 8 on it stands one level deeper."""
    return _text(
        details, f"RltdPties/{side}/Nm", f"RltdPties/{side}/Pty/Nm", f"RltdPties/Ultmt{side}/Nm"
    )


def _original(entry: etree._Element, details: list[etree._Element], amount: Money) -> Money | None:
    """Return what was instructed in another currency, of an entry with one payment."""
    for element in [*details[:1], entry] if len(details) < 2 else [entry]:
        for path in ("AmtDtls/InstdAmt/Amt", "AmtDtls/TxAmt/Amt"):
            found = _find(element, path)
            if found is None or found.get("Ccy") in {None, amount.currency}:
                continue
            if decimals(found.get("Ccy") or "") is None or not AMOUNT.fullmatch(
                (found.text or "").strip()
            ):
                continue
            told = _money(element, path)
            if told is not None:
                return -told if amount.minor < 0 else told
    return None


def _charges(entry: etree._Element, details: list[etree._Element], amount: Money) -> Money | None:
    """Return the charges that the bank tells of an entry, in the currency of the account."""
    totals = []
    for element in [entry, *details]:
        for path in ("Chrgs/TtlChrgsAndTaxAmt", "Chrgs/Amt", "Chrgs/Rcrd/Amt"):
            own = [each for each in _all(element, path) if each.get("Ccy") == amount.currency]
            totals += [_of(each, amount).minor for each in own]
            if own:
                break
    return Money(sum(totals), amount.currency) if totals else None


def _of(element: etree._Element, amount: Money) -> Money:
    return money((element.text or "").strip() or "0", amount.currency, _at(element))


def _balances(report: etree._Element) -> dict[str, list[Told]]:
    """Return the balances by their code, each with its day, in the order of the file."""
    found: dict[str, list[Told]] = {}
    for balance in _all(report, "Bal"):
        code = _text(balance, "Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry", "Tp/Cd")
        amount = _money(balance)
        if amount is not None:
            told = (_signed(balance, amount), _date(_find(balance, "Dt")))
            found.setdefault(code, []).append(told)
    return found


def _statement(
    report: etree._Element, state: Report, index: int, remarks: list[Remark]
) -> Statement:
    """Return the statement of a report whose entries have been read."""
    currency = state.currency or _currency(report)
    if not currency:
        raise refuse("The statement names no currency.", _at(report))
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
    period = _find(report, "FrToDt")
    return Statement(
        account=account_number(_text(report, "Acct/Id/IBAN", "Acct/Id/Othr/Id", "Acct/Id/BBAN")),
        currency=currency,
        lines=tuple(state.lines),
        bank=_text(
            report,
            "Acct/Svcr/FinInstnId/BICFI",
            "Acct/Svcr/FinInstnId/BIC",
            "Acct/Svcr/FinInstnId/Nm",
            "Acct/Svcr/FinInstnId/ClrSysMmbId/MmbId",
        ),
        number=_text(report, "LglSeqNb", "ElctrncSeqNb", "Id"),
        opening=_comparable(opening, currency),
        closing=_comparable(closing, currency),
        opened_on=_bound(period, "FrDtTm", "FrDt") if opening is None else opening[1],
        closed_on=_bound(period, "ToDtTm", "ToDt") if closing is None else closing[1],
    )


def _comparable(told: Told | None, currency: str) -> Money | None:
    return told[0] if told is not None and told[0].currency == currency else None


def _bound(period: etree._Element | None, *paths: str) -> date | None:
    match = DATE.fullmatch(_text(period, *paths))
    return day(int(match[1]), int(match[2]), int(match[3])) if match else None


def _remark(report: etree._Element, state: Report, index: int, remarks: list[Remark]) -> None:
    """Add what one should know of a report: what is not booked, and what its summary says."""
    for count, why in ((state.pending, "pending"), (state.informative, "for information only")):
        if count:
            text = f"{count} entries are {why} and were left out."
            remarks.append(Remark(Caution.NOT_BOOKED, text, index))
    if (
        _text(report, "StmtPgntn/LastPgInd", "RptPgntn/LastPgInd", "NtfctnPgntn/LastPgInd")
        == "false"
    ):
        remarks.append(Remark(Caution.MORE_PAGES, "The statement goes on in another file.", index))
    told = _text(report, "TxsSummry/TtlNtries/NbOfNtries")
    here = len(state.lines) + state.pending + state.informative
    if told.isdecimal() and len(told) < 12 and int(told) != here:
        text = f"The summary says {int(told)} entries; there are {here}."
        remarks.append(Remark(Caution.UNPROVEN, text, index))
