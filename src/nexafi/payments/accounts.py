"""Bank accounts of others: checked where they come in, sealed where they lie, shown by four digits.

An IBAN is checked by its own digits, its country's form and whether SEPA reaches it; a US routing
number by the weights of the American Bankers Association. Pure.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Final

from nexafi.kernel.values.calendar import FEDERAL_RESERVE, TARGET, Calendar
from nexafi.payments.errors import AccountUnfit

WEIGHTS: Final = (3, 7, 1, 3, 7, 1, 3, 7, 1)
CALENDARS: Final[dict[str, Calendar]] = {"EUR": TARGET, "USD": FEDERAL_RESERVE}
"""By currency: in which one may be paid by a file."""
_ACCOUNT = re.compile(r"[A-Z0-9-]{1,17}")
_IDENTIFIER = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{3}[A-Z0-9]{1,28}")
_REFERENCE = re.compile(r"RF[0-9]{2}[A-Z0-9]{1,21}")


@dataclass(frozen=True, slots=True)
class BankAccount:
    """An account: by IBAN and BIC, or by routing and account number."""

    iban: str = ""
    bic: str = ""
    """Empty where the IBAN alone has to do."""
    routing: str = ""
    number: str = ""
    is_savings: bool = False

    @property
    def currency(self) -> str:
        """Return the currency in which a file can reach it."""
        return "EUR" if self.iban else "USD"

    @property
    def country(self) -> str:
        """Return where it is kept; ISO 3166-1."""
        return self.iban[:2] or "US"

    @property
    def last4(self) -> str:
        """Return what may be shown of it."""
        return (self.iban or self.number)[-4:]

    def plain(self) -> bytes:
        """Return it as it is sealed."""
        return json.dumps(asdict(self), sort_keys=True).encode()

    @classmethod
    def of(cls, plain: bytes) -> BankAccount:
        """Return what was sealed."""
        return cls(**json.loads(plain))


def sepa(iban: str, bic: str | None = None) -> BankAccount:
    """Return an account that SEPA reaches; raise AccountUnfit unless its numbers hold."""
    from schwifty import BIC, IBAN  # noqa: PLC0415 - it reads all banks of the world: 0.7 s

    try:
        known = IBAN(iban)
    except ValueError as error:
        raise AccountUnfit(f"This is no IBAN: {error}.", pointer="#/iban") from None
    if not known.in_sepa_zone:
        raise AccountUnfit(f"SEPA does not reach {known.country_code}.", pointer="#/iban")
    if bic is None:
        return BankAccount(str(known.compact))
    try:
        bank = BIC(bic)
    except ValueError as error:
        raise AccountUnfit(f"This is no BIC: {error}.", pointer="#/bic") from None
    return BankAccount(str(known.compact), str(bank.compact))


def us(routing: str, number: str, *, is_savings: bool = False) -> BankAccount:
    """Return an account in the United States; raise AccountUnfit unless its numbers hold."""
    if not is_routing(routing):
        raise AccountUnfit(
            "This is no routing number: nine digits whose weights sum to a multiple of ten.",
            pointer="#/routing_number",
        )
    if not _ACCOUNT.fullmatch(number):
        raise AccountUnfit(
            "An account number has 1 to 17 letters, digits and dashes.", pointer="#/account_number"
        )
    return BankAccount(routing=routing, number=number, is_savings=is_savings)


def is_routing(text: str) -> bool:
    """Return whether *text* is a routing number, by the check of the ABA."""
    if not re.fullmatch(r"[0-9]{9}", text) or text == "000000000":
        return False
    return sum(int(d) * w for d, w in zip(text, WEIGHTS, strict=True)) % 10 == 0


def is_creditor_identifier(text: str) -> bool:
    """Return whether *text* is a SEPA creditor identifier; its business code does not count."""
    return bool(_IDENTIFIER.fullmatch(text)) and _mod97(text[7:] + text[:4]) == 1


def is_creditor_reference(text: str) -> bool:
    """Return whether *text* is a creditor reference after ISO 11649 (RF)."""
    return bool(_REFERENCE.fullmatch(text)) and _mod97(text[4:] + text[:4]) == 1


def _mod97(text: str) -> int:
    return int("".join(str(int(each, 36)) for each in text)) % 97
