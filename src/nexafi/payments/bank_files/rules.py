"""What a file needs, when it can be executed, and what follows from what a bank said. Pure.

What a bank says of a payment are facts, and facts only become more: it was accepted, it was paid,
it was refused, it came back. What is done about them follows from all of them together, so it is
the same whatever order they come in and however often.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final

from nexafi.kernel.values.calendar import FEDERAL_RESERVE, TARGET, Calendar
from nexafi.payments import accounts
from nexafi.payments.accounts import BankAccount
from nexafi.payments.errors import AccountUnfit, BankUnfit, DayUnfit

ORDERS_MAX: Final = 5_000
"""So many orders at most go into one file; the rest waits for the next."""
MOST: Final = {"EUR": 99_999_999_999, "USD": 999_999_999_999}
"""What the sums of a file have room for, in minor units."""


class FileKind(StrEnum):
    """What a file is."""

    CREDIT = "pain.001"
    """SEPA credit transfers: payouts, and refunds of debits."""
    DEBIT = "pain.008"
    """SEPA direct debits."""
    NACHA = "nacha"
    """US ACH, both ways."""

    @property
    def currency(self) -> str:
        """Return the currency that it carries."""
        return "USD" if self is FileKind.NACHA else "EUR"

    @property
    def calendar(self) -> Calendar:
        """Return on which days it is executed."""
        return FEDERAL_RESERVE if self is FileKind.NACHA else TARGET


class OrderState(StrEnum):
    """Where an order stands."""

    IN_FILE = "in_file"
    SENT = "sent"
    ACCEPTED = "accepted"
    SETTLED = "settled"
    REJECTED = "rejected"
    RETURNED = "returned"


class Fact(StrEnum):
    """What a bank, or a person, or the time that passed says of an order."""

    ACCEPTED = "accepted"
    PAID = "paid"
    """It is booked."""
    REFUSED = "refused"
    """It will not happen, or it went back; that both are booked is not said."""
    RETURNED = "returned"
    """That it came back is booked, so it was booked before."""


class Deed(StrEnum):
    """What is done about what became known."""

    PAY = "pay"
    FAIL = "fail"
    GIVE_BACK = "give_back"


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of an order."""

    is_accepted: bool = False
    is_paid: bool = False
    is_refused: bool = False
    is_returned: bool = False

    @property
    def has_moved(self) -> bool:
        """Return whether the money moved, whatever came of it later."""
        return self.is_paid or self.is_returned

    @property
    def is_back(self) -> bool:
        """Return whether the money moved back."""
        return self.is_returned or (self.is_paid and self.is_refused)

    @property
    def has_failed(self) -> bool:
        """Return whether it will not move."""
        return self.is_refused and not self.has_moved

    def state(self, *, is_sent: bool) -> OrderState:
        """Return where an order stands of which this is known."""
        if self.is_back:
            return OrderState.RETURNED
        if self.has_moved:
            return OrderState.SETTLED
        if self.has_failed:
            return OrderState.REJECTED
        if self.is_accepted:
            return OrderState.ACCEPTED
        return OrderState.SENT if is_sent else OrderState.IN_FILE


def deeds(before: Facts, after: Facts) -> list[Deed]:
    """Return what is to be done now that more is known; each deed comes once in a life."""
    found = []
    if after.has_moved and not before.has_moved:
        found.append(Deed.PAY)
    if after.has_failed and not before.has_failed:
        found.append(Deed.FAIL)
    if after.is_back and not before.is_back:
        found.append(Deed.GIVE_BACK)
    return found


# -- our own account ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Own:
    """How the organization stands with its bank; from the settings of the connection `bank`."""

    name: str
    account: BankAccount = field(default_factory=BankAccount)
    creditor_id: str = ""
    company_name: str = ""
    company_id: str = ""
    immediate_origin: str = ""
    immediate_destination: str = ""
    destination_name: str = ""
    routing: str = ""
    """Of the bank that takes the file in; its first eight digits begin each trace number."""
    version: str = ""
    lead_first: int = 2
    lead_days: int = 1
    presumed_days: int = 5

    @property
    def odfi(self) -> str:
        """Return the bank that takes the file in, as NACHA writes it."""
        return self.routing[:8]


VERSIONS: Final = {
    FileKind.CREDIT: ("pain.001.001.09", "pain.001.001.03"),
    FileKind.DEBIT: ("pain.008.001.08", "pain.008.001.02"),
    FileKind.NACHA: ("nacha",),
}
"""Of each kind, the one first that is written if none is asked for."""
SETTINGS: Final = {
    FileKind.CREDIT: ("name", "iban"),
    FileKind.DEBIT: ("name", "iban", "creditor_id"),
    FileKind.NACHA: ("name", "company_id", "immediate_origin", "immediate_destination"),
}
"""What each kind needs."""
_ORIGIN = re.compile(r"[A-Z0-9 ]{9,10}")
_COMPANY = re.compile(r"[A-Z0-9]{1,10}")


def own(settings: Mapping[str, Any], kind: FileKind) -> Own:
    """Return how the organization stands with its bank; raise BankUnfit unless all holds."""

    def said(name: str, default: str = "") -> str:
        return str(settings.get(name, default)).strip()

    if missing := [name for name in SETTINGS[kind] if not said(name)]:
        raise BankUnfit(
            f"For {kind} the settings of the bank also need: {', '.join(missing)}.",
            missing=missing,
        )
    version = said("version_of_" + kind.replace(".", "_"), VERSIONS[kind][0])
    if version not in VERSIONS[kind]:
        raise BankUnfit(f"{kind} is written as {' or '.join(VERSIONS[kind])}.")
    base = Own(
        said("name"),
        version=version,
        lead_first=_days(settings, "lead_first", 2),
        lead_days=_days(settings, "lead_days", 1),
        presumed_days=_days(settings, "presumed_days", 5),
    )
    return _us(base, said) if kind is FileKind.NACHA else _sepa(base, said, kind)


def _sepa(base: Own, said: Any, kind: FileKind) -> Own:  # noqa: ANN401
    try:
        account = accounts.sepa(said("iban"), said("bic") or None)
    except AccountUnfit as problem:
        raise BankUnfit(f"In the settings of the bank: {problem.detail}") from None
    creditor_id = said("creditor_id").replace(" ", "").upper()
    if kind is FileKind.DEBIT and not accounts.is_creditor_identifier(creditor_id):
        raise BankUnfit("The creditor_id of the bank's settings does not hold: its check digits.")
    return Own(
        base.name,
        account,
        creditor_id,
        version=base.version,
        lead_first=base.lead_first,
        lead_days=base.lead_days,
        presumed_days=base.presumed_days,
    )


def _us(base: Own, said: Any) -> Own:  # noqa: ANN401
    destination = said("immediate_destination")
    routing = said("routing_number", destination)
    if not accounts.is_routing(destination) or not accounts.is_routing(routing):
        raise BankUnfit("The immediate_destination or routing_number is no routing number.")
    origin, company = said("immediate_origin").upper(), said("company_id").upper()
    if not _ORIGIN.fullmatch(origin) or not _COMPANY.fullmatch(company):
        raise BankUnfit(
            "immediate_origin has 9 or 10 characters and company_id at most 10, as your bank gave"
            " them: digits and capital letters."
        )
    return Own(
        base.name,
        company_name=said("company_name", base.name),
        company_id=company,
        immediate_origin=origin,
        immediate_destination=destination,
        destination_name=said("destination_name"),
        routing=routing,
        version=base.version,
        lead_first=base.lead_days,
        lead_days=base.lead_days,
        presumed_days=base.presumed_days,
    )


def _days(settings: Mapping[str, Any], name: str, default: int) -> int:
    text = str(settings.get(name, default))
    if not re.fullmatch(r"[0-9]{1,2}", text, re.ASCII):
        raise BankUnfit(f"{name} of the bank's settings is a number of business days, 0 to 99.")
    return int(text)


# -- days ---------------------------------------------------------------------------------------


def earliest(kind: FileKind, own_: Own, today: date, *, is_debit: bool, is_first: bool) -> date:
    """Return the first day on which an order of a file that is made today can be executed.

    A debit is presented some business days before; a credit goes out the day on which it comes in.
    """
    lead = own_.lead_first if is_first else own_.lead_days
    days = lead if is_debit or kind is FileKind.NACHA else 0
    return kind.calendar.after(today, days)


def execution(kind: FileKind, asked: date | None, first: date, wanted: date) -> date:
    """Return when an order is executed: no sooner than the file can be and the order wants."""
    if asked is not None and asked < first:
        raise DayUnfit(
            f"The bank needs it earlier: {first} is the first day on which all of it can be"
            " executed.",
            pointer="#/execution_on",
            earliest=first.isoformat(),
        )
    return kind.calendar.on_or_after(max(asked or first, first, wanted))
