"""What a bank says of an account, whatever format it says it in. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from nexafi.kernel.values.money import Money
from nexafi.ledger.banking.formats.mapping import CsvMapping

UNKNOWN_CURRENCY = "XXX"
"""ISO 4217's code for no currency: the file names none, and the reader was told none."""


class Caution(StrEnum):
    """What one should know before trusting a reading. None of these is a refusal."""

    AMBIGUOUS_DATES = "ambiguous-dates"
    """Every date could be day-month or month-day; the reader had to choose."""
    AMBIGUOUS_AMOUNTS = "ambiguous-amounts"
    """A comma or a point could divide decimals or thousands; the reader had to choose."""
    AMBIGUOUS_COLUMNS = "ambiguous-columns"
    """More than one column could be what was looked for; the reader had to choose."""
    UNKNOWN_CURRENCY = "unknown-currency"
    """The file does not say in which currency it is."""
    GUESSED_ENCODING = "guessed-encoding"
    """The file does not say how its letters are written, or says it wrongly."""
    UNPROVEN = "unproven"
    """Opening and lines do not make the closing, or a total differs; the text says by what."""
    NOT_COMPARABLE = "not-comparable"
    """A balance is in another currency than the account, so nothing can be proven by it."""
    NOT_BOOKED = "not-booked"
    """Entries that the bank only announces were left out."""
    IMPOSSIBLE_DATE = "impossible-date"
    """A date that no calendar has, as 30 February where months have 30 days, was moved."""
    MORE_PAGES = "more-pages"
    """The bank says that the statement goes on in another file."""
    LEFT_OUT = "left-out"
    """A part of the file is no movement of money and was left out."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A caution, and in the words of a user what it is about."""

    caution: Caution
    text: str
    statement: int | None = None
    """The index of the statement that it concerns; None for the whole file."""


@dataclass(frozen=True, slots=True)
class LinePart:
    """One payment of several that the bank booked in one sum."""

    amount: Money
    description: str
    counterparty: str = ""
    counterparty_account: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One movement: money came in when the amount is positive, went out when negative."""

    booked_on: date
    amount: Money
    description: str
    """What the bank wrote about it, in one line of text without repeated spaces."""
    valued_on: date | None = None
    counterparty: str = ""
    counterparty_account: str = ""
    """An IBAN, or whatever the bank calls the other account."""
    reference: str = ""
    """End-to-end id, check number or what else the payer gave."""
    bank_id: str = ""
    """By which the bank itself knows the line (FITID, AcctSvcrRef); empty if it gives none."""
    kind: str = ""
    """The bank's own code for the kind of movement (DEBIT, NTRF, PMNT/RCDT/ESCT, 165)."""
    original: Money | None = None
    """The amount in the currency in which it was made, where the bank tells."""
    is_reversal: bool = False
    """Whether the bank takes back what it booked before; the amount has its sign already."""
    parts: tuple[LinePart, ...] = ()
    """The payments of a batch, where the bank tells; they need not add up to the amount."""
    charges: Money | None = None
    """What the bank says it charged within this movement."""
    raw: str = ""
    """The text of the file that the line was read from, cut at `RAW_MAX` characters."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What the bank says of one account over some days."""

    account: str
    """As the bank writes it; an IBAN without spaces. Empty if the file does not say."""
    currency: str
    """ISO 4217; `UNKNOWN_CURRENCY` where neither the file nor the caller says."""
    lines: tuple[StatementLine, ...]
    bank: str = ""
    """BIC, routing number or name."""
    number: str = ""
    """The bank's own number for the statement."""
    opening: Money | None = None
    closing: Money | None = None
    opened_on: date | None = None
    closed_on: date | None = None

    @property
    def sum(self) -> Money:
        """Return what the lines add up to."""
        return Money(sum(line.amount.minor for line in self.lines), self.currency)

    @property
    def difference(self) -> Money | None:
        """Return closing - (opening + lines), or None where the bank does not tell both."""
        if self.opening is None or self.closing is None:
            return None
        return self.closing - (self.opening + self.sum)

    @property
    def is_proven(self) -> bool | None:
        """Return whether opening + lines = closing; None where the bank does not tell both."""
        difference = self.difference
        return None if difference is None else difference.minor == 0


@dataclass(frozen=True, slots=True)
class Reading:
    """A file, read: in which format, the statements in it, and what one should know of them."""

    format: str
    """Such as ``ofx``, ``qif``, ``camt.053``, ``mt940``, ``bai2``, ``csv``."""
    statements: tuple[Statement, ...]
    warnings: tuple[Remark, ...] = ()
    mapping: CsvMapping | None = None
    """How a CSV was read: shown, corrected and given to `read` again."""
