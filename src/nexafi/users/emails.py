"""E-mail addresses: which we take, and when two are the same. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

LENGTH_MAX = 254
"""RFC 5321, 4.5.3.1.3, as erratum 1690 has it."""

SHAPE = re.compile(
    r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W_](?:[\w-]{0,61}[^\W_])?"
)
"""What the HTML standard calls a valid e-mail address, with a dot in the domain and with the
letters of all scripts (RFC 6531)."""


def check(text: str) -> str:
    """Return *text* in its one normal form; ValueError if it is no e-mail address."""
    email = unicodedata.normalize("NFC", text.strip())
    if len(email) > LENGTH_MAX or not SHAPE.fullmatch(email):
        raise ValueError("not an e-mail address")
    return email


def key(text: str) -> str:
    """Return that by which two addresses are compared; never fails, whatever was typed.

    RFC 5321 lets the part before the @ differ by case alone. No provider that
    people use does, and two accounts that one can confuse are a trap.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text.strip()).casefold())


Email = Annotated[str, Field(max_length=320, examples=["ada@example.com"]), AfterValidator(check)]
