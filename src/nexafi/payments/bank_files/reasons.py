"""Why banks refuse, in our words. Pure.

ISO 20022 ExternalStatusReason1Code and ExternalReturnReason1Code, and the return codes of NACHA.
"""

from __future__ import annotations

from typing import Final

from nexafi.payments.providers.port import Reason

_R = Reason
REASONS: Final = {
    "AC01": _R.METHOD_INVALID, "AC02": _R.METHOD_INVALID, "AC03": _R.METHOD_INVALID,
    "AC04": _R.ACCOUNT_CLOSED, "AC06": _R.METHOD_INVALID, "AC13": _R.METHOD_INVALID,
    "AG01": _R.METHOD_INVALID, "AG02": _R.METHOD_INVALID, "AM01": _R.AMOUNT_UNFIT,
    "AM02": _R.AMOUNT_UNFIT, "AM03": _R.CURRENCY_UNFIT, "AM04": _R.INSUFFICIENT_FUNDS,
    "AM05": _R.ALREADY_DONE, "BE04": _R.METHOD_INVALID, "BE05": _R.MANDATE_INVALID,
    "CNOR": _R.METHOD_INVALID, "DNOR": _R.METHOD_INVALID, "FRAD": _R.FRAUD_SUSPECTED,
    "FF01": _R.OTHER, "MD01": _R.MANDATE_INVALID, "MD02": _R.MANDATE_INVALID,
    "MD06": _R.CANCELED, "MD07": _R.ACCOUNT_CLOSED, "MS02": _R.CANCELED, "MS03": _R.OTHER,
    "RC01": _R.METHOD_INVALID, "SL01": _R.CANCELED, "CUST": _R.CANCELED, "DUPL": _R.ALREADY_DONE,
    "R01": _R.INSUFFICIENT_FUNDS, "R02": _R.ACCOUNT_CLOSED, "R03": _R.METHOD_INVALID,
    "R04": _R.METHOD_INVALID, "R05": _R.MANDATE_INVALID, "R07": _R.MANDATE_INVALID,
    "R08": _R.CANCELED, "R09": _R.INSUFFICIENT_FUNDS, "R10": _R.MANDATE_INVALID,
    "R11": _R.MANDATE_INVALID, "R12": _R.METHOD_INVALID, "R13": _R.METHOD_INVALID,
    "R14": _R.ACCOUNT_CLOSED, "R15": _R.ACCOUNT_CLOSED, "R16": _R.METHOD_INVALID,
    "R17": _R.METHOD_INVALID, "R19": _R.AMOUNT_UNFIT, "R20": _R.METHOD_INVALID,
    "R23": _R.CANCELED, "R24": _R.ALREADY_DONE, "R28": _R.METHOD_INVALID,
    "R29": _R.MANDATE_INVALID, "R51": _R.MANDATE_INVALID,
}  # fmt: skip


def reason(code: str) -> Reason:
    """Return why, in our words, a bank refused or sent back something."""
    return REASONS.get(code, Reason.OTHER)
