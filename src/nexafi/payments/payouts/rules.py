"""Which payouts can be, and when a bank can execute them. Pure."""

from __future__ import annotations

import re
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from nexafi.kernel.values.money import Money
from nexafi.payments import accounts
from nexafi.payments.accounts import CALENDARS, BankAccount
from nexafi.payments.errors import PayoutUnderWay, PayoutUnfit

MOST: Final = {"EUR": 99_999_999_999, "USD": 9_999_999_999}
"""What a file has room for, in minor units."""
AHEAD: Final = timedelta(days=365)


class PayoutState(StrEnum):
    """Where a payout stands."""

    CREATED = "created"
    CANCELLED = "cancelled"
    IN_FILE = "in_file"
    SENT = "sent"
    ACCEPTED = "accepted"
    """The bank has checked it and will execute it."""
    SETTLED = "settled"
    """The bank executed it: the money is gone."""
    REJECTED = "rejected"
    RETURNED = "returned"
    """It was executed and came back."""


def check(amount: Money, account: BankAccount, reference: str | None, remittance: str) -> None:
    """Raise unless this amount can be sent to this account with these words."""
    if amount.currency != account.currency:
        way = "SEPA" if account.iban else "ACH"
        raise PayoutUnfit(
            f"{way} carries {account.currency}, and this is {amount.currency}.", pointer="#/amount"
        )
    if amount.minor > MOST[amount.currency]:
        most = Money(MOST[amount.currency], amount.currency)
        raise PayoutUnfit(
            f"A file has room for {most.text} {most.currency} at most.", pointer="#/amount"
        )
    if reference is None:
        return
    if not account.iban or remittance:
        raise PayoutUnfit(
            "A reference goes with SEPA only, and in the place of the remittance.",
            pointer="#/reference",
        )
    if not accounts.is_creditor_reference(reference):
        raise PayoutUnfit(
            "This is no creditor reference after ISO 11649: its check digits do not hold.",
            pointer="#/reference",
        )


def day(asked: date | None, today: date, currency: str) -> tuple[date, str]:
    """Return from which day a payout may be executed, and a word if that is not what was asked."""
    wanted = asked or today
    if not today <= wanted <= today + AHEAD:
        raise PayoutUnfit(
            f"A payout is executed from today, {today}, to a year ahead.", pointer="#/execution_on"
        )
    calendar = CALENDARS[currency]
    found = calendar.on_or_after(wanted)
    if found == wanted:
        return found, ""
    return found, f"{calendar.name} is closed on {wanted}; it can be executed from {found} on."


def check_cancelled(state: PayoutState) -> None:
    """Raise unless a payout in this state can be cancelled."""
    if state is not PayoutState.CREATED:
        raise PayoutUnderWay(
            f"The payout is {state}; only one that is in no file is cancelled.", state=state
        )


def plain_reference(text: str) -> str:
    """Return a creditor reference without blanks, in capitals."""
    return re.sub(r"\s", "", text).upper()
