"""OFX 1 (SGML), OFX 2 (XML) and QFX: bank, credit card and investment accounts.

The file is read as a stream of tags: of the hundreds of elements of OFX a statement needs some
thirty, and what banks write between them (unclosed tags, values that nest, elements of their own)
is no obstacle. There are no entities but those of letters, no document types, and nothing is ever
fetched. Source: OFX 2.3, chapters 3, 11 and 13. Amounts have a point or a comma before their
decimals and no thousands (3.2.9.2).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

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
    with_point,
)
from nexafi.ledger.banking.formats.letters import decode
from nexafi.ledger.banking.formats.statement import (
    Caution,
    Reading,
    Remark,
    Statement,
    StatementLine,
)

HEADER = re.compile(r"(CHARSET|ENCODING)\s*[:=]\s*\"?([A-Za-z0-9_-]{1,20})", re.IGNORECASE)
XML_ENCODING = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,30})[\"']")
TOKEN = re.compile(r"<!\[CDATA\[|<!--|<[!?]|</?[A-Za-z][A-Za-z0-9._:-]{0,63}(?:\s[^<>]{0,300})?/?>")
ROOT = re.compile(r"<OFX[\s>]", re.IGNORECASE)
DATE = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ]?[\d:]{2,8})?(?:[.,]\d{0,9})?\s?(?:\[.{0,30}\]?|Z)?"
)
RATE = re.compile(r"(\d{1,12})(?:[.,](\d{0,12}))?")

STATEMENTS = {"STMTRS", "CCSTMTRS", "INVSTMTRS"}
ALONE = STATEMENTS | {"STMTTRN"}
"""What never stands within another of its kind, and must be closed."""
INVESTMENTS = {
    "BUYDEBT",
    "BUYMF",
    "BUYOPT",
    "BUYOTHER",
    "BUYSTOCK",
    "SELLDEBT",
    "SELLMF",
    "SELLOPT",
    "SELLOTHER",
    "SELLSTOCK",
    "INCOME",
    "INVEXPENSE",
    "MARGININTEREST",
    "RETOFCAP",
}
"""What moves money in an investment account. REINVEST, TRANSFER, SPLIT and JRNLSEC move none."""
GROUPS = (
    ALONE
    | INVESTMENTS
    | {
        "OFX",
        "BANKTRANLIST",
        "INVTRANLIST",
        "BANKACCTFROM",
        "CCACCTFROM",
        "INVACCTFROM",
        "BANKACCTTO",
        "CCACCTTO",
        "LEDGERBAL",
        "AVAILBAL",
        "PAYEE",
        "CURRENCY",
        "ORIGCURRENCY",
        "BALLIST",
        "INVPOSLIST",
        "SECID",
        "STMTTRNRS",
        "CCSTMTTRNRS",
        "INVSTMTTRNRS",
        "STMTTRNP",
    }
)
LINES = INVESTMENTS | {"STMTTRN"}
DEPTH_MAX = 64
VALUE_MAX = 4_000
TAGS_MAX = 3_000_000


@dataclass(slots=True)
class Group:
    """An aggregate while it is open: its values and what was read of the groups within."""

    tag: str
    at: int
    values: dict[str, str] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    lines: list[Group] = field(default_factory=list)
    raw: str = ""


def read(raw: bytes, currency: str = "") -> Reading:
    """Return the statements in an OFX or QFX file; *currency* is for one that names none."""
    text, _, remarks = decode(raw, _declared(raw[:2_000]))
    if re.search(r"<!(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise refuse("The file declares a document type or entities, which no OFX file does.")
    if text.count("<") > TAGS_MAX:
        raise refuse(f"There are more than {TAGS_MAX} tags; split the file by time.")
    root = ROOT.search(text)
    if root is None:
        raise refuse("There is a header of OFX but no <OFX> after it: the file is cut off.")
    statements: list[Statement] = []
    for group in _groups(text, root.start()):
        statements.append(_statement(group, currency, len(statements), remarks))
    if not statements:
        raise refuse(_why_empty(text))
    return Reading("ofx", tuple(statements), tuple(remarks))


def _declared(head: bytes) -> str:
    """Return the encoding that the header names, or nothing."""
    if match := XML_ENCODING.search(head):
        return str(match[1], "ascii")
    said: dict[str, str] = {
        key.upper(): value for key, value in HEADER.findall(head.decode("latin-1"))
    }
    charset = said.get("CHARSET", "")
    if charset.upper() not in {"", "NONE", "0"}:
        return charset
    encoding = said.get("ENCODING", "")
    return "utf-8" if encoding.upper() in {"UNICODE", "UTF-8"} else encoding


def _groups(text: str, start: int) -> Iterator[Group]:
    """Yield each statement, closed; refuse a file that ends before what it began."""
    open_: list[Group] = []
    lines = _LineNumbers(text)
    for tag, closes, value, begin, end in _tokens(text, start, lines):
        if tag not in GROUPS:
            if not closes and open_ and value:
                open_[-1].values.setdefault(tag, value)
        elif not closes:
            _begin(Group(tag, begin), open_, lines)
        elif any(each.tag == tag for each in open_):
            group = _end(tag, open_, lines)
            group.raw = text[group.at : min(end, group.at + RAW_MAX)]
            group.at = lines.of(group.at)
            if tag == "OFX":
                return
            if tag in STATEMENTS:
                yield group
            else:
                _keep(group, open_)
    raise refuse("The file is cut off: it ends without </OFX>.", lines.of(len(text)))


def _begin(group: Group, open_: list[Group], lines: _LineNumbers) -> None:
    """Open a group within those that are open."""
    if len(open_) >= DEPTH_MAX:
        raise refuse("The elements are nested deeper than in any statement.", lines.of(group.at))
    if group.tag in ALONE and any(each.tag == group.tag for each in open_):
        raise refuse(
            f"A <{group.tag}> begins before the one before it has ended.", lines.of(group.at)
        )
    open_.append(group)


def _end(tag: str, open_: list[Group], lines: _LineNumbers) -> Group:
    """Close the innermost group of *tag*, and what was left open within it."""
    while (group := open_.pop()).tag != tag:
        if group.tag in ALONE:
            raise refuse(f"A <{group.tag}> is not closed.", lines.of(group.at))
        _keep(group, open_)
    return group


def _keep(group: Group, open_: list[Group]) -> None:
    """Give a closed group to the one around it."""
    if not open_:
        return
    around = open_[-1]
    if group.tag in LINES:
        around.lines.append(group)
    elif group.tag in {"BANKTRANLIST", "INVTRANLIST"}:
        around.lines.extend(group.lines)
        for key, value in group.values.items():
            around.values.setdefault(f"{group.tag}.{key}", value)
    else:
        around.groups.setdefault(group.tag, group)


class _LineNumbers:
    """Tells the line of a place, for places that are asked for in order or rarely."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.line = text, 0, 1

    def of(self, at: int) -> int:
        """Return the line, counted from 1, of the character *at*."""
        if at < self.at:
            return self.text.count("\n", 0, at) + 1
        self.line += self.text.count("\n", self.at, at)
        self.at = at
        return self.line


def _tokens(
    text: str, start: int, lines: _LineNumbers
) -> Iterator[tuple[str, bool, str, int, int]]:
    """Yield each tag: its name, whether it closes, the value after it, where it begins and ends."""
    at = start
    while match := TOKEN.search(text, at):
        mark = match[0]
        if mark in {"<!--", "<!", "<?", "<![CDATA["}:
            ends = {"<!--": "-->", "<![CDATA[": "]]>"}.get(mark, ">")
            close = text.find(ends, match.end())
            if close < 0:
                raise refuse(f"What begins with {mark} does not end.", lines.of(match.start()))
            at = close + len(ends)
            continue
        name = mark.strip("</> \t\n").split()[0].upper()
        closes = mark.startswith("</")
        value, at = ("", match.end())
        if not closes and not mark.endswith("/>"):
            value, at = _value(text, match.end(), lines)
        yield name, closes, value, match.start(), match.end()


def _value(text: str, begin: int, lines: _LineNumbers) -> tuple[str, int]:
    """Return the value that begins at *begin*, up to the next tag, and where that tag is."""
    cdata = text.find("<![CDATA[", begin, begin + 40)
    if cdata >= 0 and not text[begin:cdata].strip():
        end = text.find("]]>", cdata)
        if end < 0:
            raise refuse("A CDATA section does not end.", lines.of(cdata))
        return text[cdata + 9 : min(end, cdata + 9 + VALUE_MAX)].strip(), end + 3
    match = TOKEN.search(text, begin)
    end = match.start() if match else len(text)
    value = text[begin : min(end, begin + VALUE_MAX)].strip()
    return (html.unescape(value) if "&" in value else value), end


def _statement(group: Group, given: str, index: int, remarks: list[Remark]) -> Statement:
    """Return what a closed STMTRS, CCSTMTRS or INVSTMTRS says."""
    account = next(
        (
            group.groups[tag]
            for tag in ("BANKACCTFROM", "CCACCTFROM", "INVACCTFROM")
            if tag in group.groups
        ),
        Group("", group.at),
    )
    code = group.values.get("CURDEF") or account.values.get("CURDEF") or given
    if not code:
        raise refuse("The statement that begins here names no currency (CURDEF).", group.at)
    currency = known_currency(code, group.at)
    lines = tuple(_line(each, currency) for each in group.lines)
    closing, closed_on = _balance(group, currency)
    if group.tag == "INVSTMTRS":
        remarks.append(
            Remark(
                Caution.LEFT_OUT,
                "Of the investment account the movements of money were read; securities held and"
                " moved were not.",
                index,
            )
        )
    dates = group.values
    return Statement(
        account=account_number(account.values.get("ACCTID", "")),
        currency=currency,
        lines=lines,
        bank=one_line(account.values.get("BANKID") or account.values.get("BROKERID") or ""),
        closing=closing,
        opened_on=_some_date(dates.get("BANKTRANLIST.DTSTART") or dates.get("INVTRANLIST.DTSTART")),
        closed_on=closed_on
        or _some_date(dates.get("BANKTRANLIST.DTEND") or dates.get("INVTRANLIST.DTEND")),
    )


def _balance(group: Group, currency: str) -> tuple[Money | None, date | None]:
    """Return the ledger balance and its day; a bank may leave it empty."""
    balance = group.groups.get("LEDGERBAL")
    text = balance.values.get("BALAMT", "") if balance else ""
    if not balance or not text:
        return None, None
    return _money(text, currency, balance.at), _some_date(balance.values.get("DTASOF"))


def _line(group: Group, currency: str) -> StatementLine:
    """Return the movement of a STMTTRN or of an investment transaction."""
    values = group.values
    told = values.get("TRNAMT") or values.get("TOTAL") or ""
    on = next(
        (values[tag] for tag in ("DTPOSTED", "DTTRADE", "DTUSER", "DTSETTLE") if values.get(tag)),
        "",
    )
    if not told:
        raise refuse(f"A <{group.tag}> has no amount.", group.at)
    if not on:
        raise refuse(f"A <{group.tag}> has no date.", group.at)
    payee = group.groups.get("PAYEE", Group("", 0)).values
    to = (group.groups.get("BANKACCTTO") or group.groups.get("CCACCTTO") or Group("", 0)).values
    name = one_line(values.get("NAME") or payee.get("NAME") or "")
    memo = one_line(values.get("MEMO") or "")
    amount = _money(told, currency, group.at)
    original = _original(group, amount)
    if foreign := _foreign(group, currency):
        original, amount = (
            _money(told, foreign[0], group.at),
            _converted(told, foreign, currency, group),
        )
    valued = values.get("DTAVAIL") or values.get("DTSETTLE") or ""
    return StatementLine(
        booked_on=_date(on, group.at),
        valued_on=_some_date(valued),
        amount=amount,
        description=_described(name, memo) or one_line(values.get("TRNTYPE") or group.tag),
        counterparty=name,
        counterparty_account=account_number(to.get("ACCTID", "")),
        reference=one_line(_reference(values)),
        bank_id=one_line(values.get("FITID") or ""),
        kind=one_line(values.get("TRNTYPE") or group.tag),
        original=original,
        is_reversal="CORRECTFITID" in values and values.get("CORRECTACTION") == "DELETE",
        raw=group.raw,
    )


def _reference(values: dict[str, str]) -> str:
    """Return the check number or else the reference; banks write 0 where there is none."""
    check = values.get("CHECKNUM", "")
    return check if check.strip("0 ") else values.get("REFNUM", "")


def _described(name: str, memo: str) -> str:
    """Return name and memo, without saying twice what one of them repeats."""
    if not memo or memo in name:
        return name
    return memo if not name or memo.startswith(name) else f"{name} {memo}"


def _original(group: Group, amount: Money) -> Money | None:
    """Return the amount in the currency it was made in, which OFX tells by a rate only."""
    foreign = group.groups.get("ORIGCURRENCY")
    code, rate = _rate(foreign)
    if not code or not rate or code == amount.currency:
        return None
    return _times(amount, 1 / rate, code)


def _foreign(group: Group, currency: str) -> tuple[str, Fraction] | None:
    """Return currency and rate of a movement that is written in another one than the account's."""
    code, rate = _rate(group.groups.get("CURRENCY"))
    if not code or code == currency:
        return None
    if not rate:
        raise refuse(f"A movement is in {code}, and its rate to {currency} is missing.", group.at)
    return code, rate


def _converted(told: str, foreign: tuple[str, Fraction], currency: str, group: Group) -> Money:
    return _times(_money(told, foreign[0], group.at), foreign[1], currency)


def _rate(group: Group | None) -> tuple[str, Fraction]:
    """Return the currency that is told, and how much of the account's money one of it is."""
    code = group.values.get("CURSYM", "").strip().upper() if group else ""
    match = RATE.fullmatch(group.values.get("CURRATE", "").strip()) if group else None
    if match is None or decimals(code) is None:
        return "", Fraction(0)
    fraction = match[2] or ""
    return code, Fraction(int(match[1] + fraction), 10 ** len(fraction))


def _times(amount: Money, rate: Fraction, currency: str) -> Money:
    """Return *amount* in *currency*, rounded to its minor unit, half away from zero."""
    places, own = decimals(currency) or 0, decimals(amount.currency) or 0
    exact = abs(amount.minor) * rate * Fraction(10) ** (places - own)
    minor = int(exact + Fraction(1, 2))
    return Money(-minor if amount.minor < 0 else minor, currency)


def _money(text: str, currency: str, at: int) -> Money:
    return money(with_point(text, at), currency, at)


def _date(text: str, at: int) -> date:
    """Return the day as the bank wrote it, in the bank's own zone."""
    match = DATE.match(text.strip())
    if match is None:
        raise refuse(f"{shown(text)!r} is no date of OFX.", at)
    return day(int(match[1]), int(match[2]), int(match[3]), at)


def _some_date(text: str | None) -> date | None:
    """Return a date that is not needed, or None where it is missing or odd (00000000)."""
    match = DATE.match((text or "").strip())
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


def _why_empty(text: str) -> str:
    """Return why there is no statement: what the bank answered instead, if it did."""
    severity = re.search(r"<SEVERITY>\s{0,9}ERROR", text[:100_000], re.IGNORECASE)
    message = re.search(r"<MESSAGE>([^<]{1,200})", text[:100_000], re.IGNORECASE)
    if severity:
        said = f": {shown(message[1])}" if message else ""
        return f"The bank answered with an error instead of a statement{said}."
    return "The file is OFX, but there is no statement of an account in it."
