"""What a bank says of an account, whatever format it says it in. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from nexafi.kernel.values.money import Money


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


@dataclass(frozen=True, slots=True)
class Statement:
    """What the bank says of one account over some days."""

    account: str
    """As the bank writes it; an IBAN without spaces. Empty if the file does not say."""
    currency: str
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


@dataclass(frozen=True, slots=True)
class Reading:
    """A file, read: in which format, and the statements in it."""

    format: str
    """Such as ``ofx``, ``qif``, ``camt.053``, ``mt940``, ``bai2``, ``csv``."""
    statements: tuple[Statement, ...]
