"""MT940 (customer statement) and MT942 (interim report) of SWIFT, as banks hand them out.

Read are the fields :20: :25: :28C: :60F/M: :61: :86: :62F/M: (and :34F: :90C/D: of MT942), inside a
SWIFT envelope ({1:...}{4: ... -}), inside a bank's own header, or bare. Pages of one statement that
follow each other become one. Source: SWIFT Standards, Category 9; the :86: subfields of the German
banks (DK/ZKA), of the Dutch (/EREF/) and of the Polish (~20, <20).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date

from nexafi.kernel.values.money import Money
from nexafi.ledger.banking.formats import narrative
from nexafi.ledger.banking.formats.figures import (
    RAW_MAX,
    account_number,
    century,
    day,
    decimals,
    is_iban,
    known_currency,
    last_of_month,
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

TAG = re.compile(r":(\d\d[A-Z]?|NS):")
END = re.compile(r"-(?:\}.{0,500}|XXX|\x03)?\s*")
BALANCE = re.compile(r"([CD])(\d\d)(\d\d)(\d\d)\s?([A-Z]{3})\s?([\d., ]{1,40})")
MOVEMENT = re.compile(
    r"(\d\d)(\d\d)(\d\d) ?(\d{4})?\s{0,4}(R[CD]|E[CD]|[CD])\s?([A-Z])?\s?"
    r"(\d[\d.]{0,30}(?:,\d{0,20})?)\s?([A-Z][A-Z0-9]{3})?(.*)"
)
FLOOR = re.compile(r"([A-Z]{3})([CD])?[\d.,]{1,40}")
TOTAL = re.compile(r"(\d{1,5})([A-Z]{3})([\d.,]{1,40})")
IDENTIFIER = re.compile(r"\{[12]:[^}]{0,200}?([A-Z]{6}[A-Z0-9]{2})")
UNENDED = "\x1a"
"""Marks a last line that no line end follows."""


@dataclass(slots=True)
class Field:
    """One field: its tag, its lines of text, and the line of the file where it begins."""

    tag: str
    texts: list[str]
    at: int

    @property
    def text(self) -> str:
        """Return the first line."""
        return self.texts[0].strip()


@dataclass(slots=True)
class Page:
    """One message: what stands between :20: and the closing balance."""

    at: int
    bank: str = ""
    account: str = ""
    number: str = ""
    currency: str = ""
    opening: Money | None = None
    opened_on: date | None = None
    is_first: bool = True
    closing: Money | None = None
    closed_on: date | None = None
    is_last: bool = True
    is_interim: bool = False
    totals: dict[str, tuple[int, Money]] = field(default_factory=dict)
    movements: list[tuple[Field, list[str]]] = field(default_factory=list)
    lines: list[StatementLine] = field(default_factory=list)
    expected: int = 0


def read(raw: bytes) -> Reading:
    """Return the statements in an MT940 or MT942 file."""
    text, _, remarks = decode(raw)
    pages = [_page(fields, bank, remarks) for fields, bank in _messages(text)]
    if not pages:
        raise refuse("The file looks like MT940 but has no field :20: with which a message begins.")
    statements: list[Statement] = []
    open_end = False
    for page in pages:
        statement = _statement(page)
        before = statements[-1] if statements else None
        if before and open_end and _goes_on(before, statement, page):
            lines = before.lines + statement.lines
            statement = replace(
                statement, opening=before.opening, opened_on=before.opened_on, lines=lines
            )
            statements.pop()
        _remark(page, len(statements), remarks)
        statements.append(statement)
        open_end = not page.is_last
    if open_end:
        remarks.append(
            Remark(
                Caution.MORE_PAGES,
                "The file ends with an interim balance (62M): the statement goes on elsewhere.",
                len(statements) - 1,
            )
        )
    interim = all(page.is_interim for page in pages)
    return Reading("mt942" if interim else "mt940", tuple(statements), tuple(remarks))


@dataclass(slots=True)
class Envelope:
    """The messages while the lines of the file come in, and the one that is open."""

    messages: list[tuple[list[Field], str]] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)
    bank: str = ""
    is_enveloped: bool = False
    is_complete: bool = False
    """Whether the open message has come to its closing balance or its totals."""

    def close(self) -> None:
        """Keep the open message, if there is one, and be ready for the next."""
        if self.fields:
            self.messages.append((self.fields, self.bank))
        self.fields, self.is_complete = [], False

    def opens(self, line: str) -> str:
        """Take the blocks of an envelope from a line, and return what is left of it."""
        if self.fields and (self.is_complete or line.startswith("{1:")):
            self.close()
        if self.fields:
            return line
        if found := IDENTIFIER.search(line):
            self.bank = found[1]
        _, block, rest = line.partition("{4:")
        self.is_enveloped = self.is_enveloped or bool(block)
        return rest

    def takes(self, tag: re.Match[str], line: str, at: int) -> None:
        """Begin a field, and with :20: a message."""
        if tag[1] == "20":
            self.close()
        self.fields.append(Field(tag[1], [line[tag.end() :]], at))
        self.is_complete = self.is_complete or tag[1][:2] in {"62", "90"}

    def ends(self, line: str) -> bool:
        """Return whether the line ends the message; within a text a dash is a dash."""
        if not line.startswith("-") or END.fullmatch(line) is None:
            return False
        return self.is_complete or line.startswith("-}")


def _messages(text: str) -> list[tuple[list[Field], str]]:
    """Return the fields of each message, and the bank that its envelope names."""
    state = Envelope()
    for at, line in enumerate(text.split("\n"), 1):
        content = line.lstrip("\x01\x02")
        if content.startswith("{") or (not state.fields and "{4:" in content):
            content = state.opens(content)
        if content[:1] in {" ", "\t"} and TAG.match(content.lstrip()):
            content = content.lstrip()
        if tag := TAG.match(content):
            state.takes(tag, content, at)
        elif state.ends(content):
            state.close()
            state.is_enveloped = False
        elif state.fields:
            state.fields[-1].texts.append(content)
    if state.fields and state.is_enveloped:
        raise refuse("The file is cut off: its last message is not closed by '-}'.")
    if state.fields and state.fields[-1].tag[:2] == "62" and not text.endswith("\n"):
        state.fields[-1].texts.append(UNENDED)
    state.close()
    return state.messages


def _page(fields: list[Field], bank: str, remarks: list[Remark]) -> Page:
    """Return what one message says."""
    page = Page(fields[0].at, bank)
    for each in fields:
        _take(page, each)
    if page.closing is None and not page.is_interim:
        raise refuse(
            "The message that begins here has no closing balance (:62F:): the file is cut off"
            " or incomplete.",
            page.at,
        )
    if page.opening is None and not page.is_interim:
        raise refuse("The message that begins here has no opening balance (:60F:).", page.at)
    if not page.currency:
        raise refuse("The message that begins here names no currency.", page.at)
    for movement, about in page.movements:
        if (line := _line(movement, about, page, remarks)) is not None:
            page.lines.append(line)
    _refuse_half_a_balance(page, fields[-1])
    return page


def _take(page: Page, each: Field) -> None:
    """Take from a field what the page needs of it."""
    match each.tag:
        case "25" | "25P":
            page.account = _account(each.text)
        case "28C" | "28":
            page.number = one_line(each.text)
        case "60F" | "60M" if page.opening is None:
            page.opening, page.opened_on = _balance(each)
            page.is_first = each.tag == "60F"
            page.currency = page.opening.currency
        case "62F" | "62M":
            page.closing, page.closed_on = _balance(each)
            page.is_last = each.tag == "62F"
        case "61":
            page.movements.append((each, []))
        case "86" if page.movements and page.closing is None and not page.totals:
            page.movements[-1][1].extend(each.texts)
        case "34F" | "90D" | "90C":
            _take_interim(page, each)


def _account(text: str) -> str:
    """Return the account; some banks write its currency right behind the IBAN."""
    account = account_number(text)
    if decimals(account[-3:]) is not None and is_iban(account[:-3]):
        return account[:-3]
    return account


def _take_interim(page: Page, each: Field) -> None:
    """Take what only MT942 has: the currency of its floor limit, and its totals."""
    if each.tag == "34F" and (floor := FLOOR.match(each.text)):
        page.is_interim = True
        page.currency = page.currency or known_currency(floor[1], each.at)
    elif total := TOTAL.fullmatch(each.text):
        code = known_currency(total[2], each.at)
        page.is_interim = page.is_interim or page.opening is None
        page.currency = page.currency or code
        page.totals[each.tag[2]] = (int(total[1]), money(_amount(total[3]), code, each.at))


def _refuse_half_a_balance(page: Page, last: Field) -> None:
    """Refuse a file that ends within its closing balance, which then is another figure."""
    if last.texts[-1] != UNENDED or page.opening is None or page.closing is None:
        return
    total = page.opening.minor + sum(line.amount.minor for line in page.lines)
    if page.closing.currency == page.opening.currency and total != page.closing.minor:
        raise refuse("The file ends within its closing balance: it is cut off.", last.at)


def _balance(each: Field) -> tuple[Money, date]:
    """Return the amount and the day of a balance field."""
    match = BALANCE.fullmatch(each.text)
    if match is None:
        raise refuse(f"The balance {shown(each.text)!r} cannot be read.", each.at)
    mark, year, month, of_month, code, text = match.groups()
    amount = money(_amount(text), known_currency(code, each.at), each.at)
    on = _day(int(year), int(month), int(of_month), each.at)[0]
    return (amount if mark == "C" else -amount), on


def _amount(text: str) -> str:
    """Return a SWIFT amount, whose comma is decimal, with a point."""
    clean = "".join(text.split())
    return with_point(clean) if "." in clean else clean.replace(",", ".", 1)


def _day(year: int, month: int, of_month: int, at: int) -> tuple[date, bool]:
    """Return the date, and whether it had to be moved from one that no calendar has.

    Banks that count 30 days in each month write 30 February; no other date is repaired.
    """
    if month == 2 and of_month in {29, 30}:
        last = last_of_month(century(year), 2)
        return last, last.day != of_month
    return day(century(year), month, of_month, at), False


def _line(
    movement: Field, about: list[str], page: Page, remarks: list[Remark]
) -> StatementLine | None:
    """Return the movement of a field :61: and its :86:, or None if it is only expected."""
    match = MOVEMENT.fullmatch(movement.text)
    if match is None:
        raise refuse(f"The movement {shown(movement.text)!r} cannot be read.", movement.at)
    year, month, of_month, entered, mark, _, text, kind, rest = match.groups()
    if mark[0] == "E":
        page.expected += 1
        return None
    valued_on, moved = _day(int(year), int(month), int(of_month), movement.at)
    if moved:
        said = f"20{year}-{month}-{of_month}"
        remarks.append(
            Remark(
                Caution.IMPOSSIBLE_DATE,
                f"Line {movement.at} is valued {said}, a day that no calendar has;"
                f" {valued_on} was taken.",
            )
        )
    amount = money(_amount(text), page.currency, movement.at)
    customer, _, bank_id = rest.partition("//")
    told = narrative.read(about)
    extra = one_line(" ".join(movement.texts[1:]))
    reference = one_line(customer)
    return StatementLine(
        booked_on=_booked(valued_on, entered, movement.at),
        valued_on=valued_on,
        amount=-amount if mark in {"D", "RC"} else amount,
        description=told.description or extra or reference,
        counterparty=told.counterparty,
        counterparty_account=told.counterparty_account,
        reference=told.reference or ("" if reference.rstrip("+") in narrative.EMPTY else reference),
        bank_id="" if one_line(bank_id) in narrative.EMPTY else one_line(bank_id),
        kind=kind or "",
        is_reversal=mark[0] == "R",
        raw="\n".join([":61:" + movement.texts[0], *movement.texts[1:], *_marked(about)])[:RAW_MAX],
    )


def _marked(about: list[str]) -> list[str]:
    return [":86:" + about[0], *about[1:]] if about else []


def _booked(valued_on: date, entered: str | None, at: int) -> date:
    """Return the day of booking, whose year is the one that lies nearest to the value date."""
    if entered is None or entered == "0000":
        return valued_on
    month, of_month = int(entered[:2]), int(entered[2:])
    near = []
    for year in (valued_on.year, valued_on.year - 1, valued_on.year + 1):
        if month == 2 and of_month in {29, 30}:
            near.append(last_of_month(year, 2))
        else:
            near.append(day(year, month, of_month, at))
    return min(near, key=lambda each: abs((each - valued_on).days))


def _statement(page: Page) -> Statement:
    """Return the statement of one page."""
    return Statement(
        account=page.account,
        currency=page.currency,
        lines=tuple(page.lines),
        bank=page.bank,
        number=page.number,
        opening=page.opening,
        closing=page.closing if _alike(page) else None,
        opened_on=page.opened_on,
        closed_on=page.closed_on,
    )


def _alike(page: Page) -> bool:
    return page.closing is None or page.closing.currency == page.currency


def _goes_on(before: Statement, after: Statement, page: Page) -> bool:
    """Return whether *after* is the next page of *before*."""
    return (
        not page.is_first
        and before.account == after.account
        and before.closing is not None
        and before.closing == after.opening
    )


def _remark(page: Page, index: int, remarks: list[Remark]) -> None:
    """Add what one should know of a page."""
    if not _alike(page):
        remarks.append(
            Remark(
                Caution.NOT_COMPARABLE,
                f"The closing balance at line {page.at} and following is in another currency than"
                f" the opening balance ({page.currency}).",
                index,
            )
        )
    if page.expected:
        remarks.append(
            Remark(
                Caution.NOT_BOOKED,
                f"{page.expected} movements are only expected (EC, ED) and were left out.",
                index,
            )
        )
    for mark, (count, total) in page.totals.items():
        sums = [
            line.amount.minor for line in page.lines if (line.amount.minor < 0) == (mark == "D")
        ]
        if (len(sums), abs(sum(sums))) != (count, total.minor):
            remarks.append(
                Remark(
                    Caution.UNPROVEN,
                    f"Field 90{mark} says {count} movements of {total.text} {total.currency}; there"
                    f" are {len(sums)} of {Money(abs(sum(sums)), total.currency).text}.",
                    index,
                )
            )
