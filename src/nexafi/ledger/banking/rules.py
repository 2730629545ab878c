"""How accounts at banks are told apart. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection

SHORTEST_PART = 6
"""So many last characters of a number must agree where a bank writes only a part of it."""
FIRST_CODE, LAST_CODE = 1010, 1099
"""Where accounts that mirror banks are opened in a chart that has nothing to say about it."""


def plain_number(number: str) -> str:
    """Return an account number as it is kept: letters and digits only, in capitals."""
    return re.sub(r"[\W_]", "", number).upper()


def is_same_number(one: str, other: str) -> bool:
    """Return whether two numbers name one account, be one an IBAN and the other its end."""
    shorter, longer = sorted((plain_number(one), plain_number(other)), key=len)
    if shorter == longer:
        return True
    return len(shorter) >= SHORTEST_PART and longer.endswith(shorter)


def free_code(taken: Collection[str]) -> str:
    """Return a code for an account that is to mirror a bank account."""
    for code in range(FIRST_CODE, LAST_CODE + 1):
        if str(code) not in taken:
            return str(code)
    end = 1
    while f"{LAST_CODE}-{end}" in taken:
        end += 1
    return f"{LAST_CODE}-{end}"
