"""Which mandates hold. Pure.

SEPA mandates lapse 36 months after they were last used (EPC rulebooks); an authorization for ACH
lasts until it is revoked, and is held to the same so that none lies about for ever.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Final

from nexafi.payments.errors import MandateUnfit

YEARS: Final = 3
_REFERENCE = re.compile(r"[A-Za-z0-9+?/:().,'-]{1,35}")


class Scheme(StrEnum):
    """By whose rules an account is debited."""

    SEPA_CORE = "sepa_core"
    SEPA_B2B = "sepa_b2b"
    ACH = "ach"


class MandateState(StrEnum):
    """Where a mandate stands."""

    ACTIVE = "active"
    REVOKED = "revoked"
    EXPIRED = "expired"
    USED = "used"
    """It was for once."""


class EntryClass(StrEnum):
    """Of ACH: how the payer agreed, which the bank wants to know."""

    PPD = "PPD"
    """A person, in writing."""
    CCD = "CCD"
    """A company."""
    WEB = "WEB"
    """A person, over the internet."""


KINDS: Final = {
    Scheme.SEPA_CORE: "sepa_debit",
    Scheme.SEPA_B2B: "sepa_debit",
    Scheme.ACH: "ach_debit",
}
"""Which payment method a mandate makes."""


def check(reference: str, signed_on: date, today: date) -> None:
    """Raise unless a mandate can have this reference and this day."""
    if not _REFERENCE.fullmatch(reference) or reference[0] == "/" or "//" in reference:
        raise MandateUnfit(
            "A reference has 1 to 35 letters, digits and any of + ? / - : ( ) . , '"
            " and neither begins with / nor has two of them together.",
            pointer="#/reference",
        )
    if signed_on > today:
        raise MandateUnfit("A mandate is signed today or before.", pointer="#/signed_on")
    if expires_on(signed_on) <= today:
        raise MandateUnfit(
            "A mandate that was signed 36 months ago has lapsed.", pointer="#/signed_on"
        )


def expires_on(fresh_on: date) -> date:
    """Return the day from which a mandate that was last fresh on a day holds no more."""
    return _moved(fresh_on, YEARS)


def stale_before(today: date) -> date:
    """Return the day on or before which those that have expired by today were last fresh."""
    return _moved(today, -YEARS)


def _moved(day: date, years: int) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + years, day=28 if is_leap_day else day.day)
