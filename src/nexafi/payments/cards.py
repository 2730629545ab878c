"""Card numbers: found wherever they stand, so that none is ever kept.

A payment method is a token that a provider gave. Whoever sends a card number
instead, in whatever field, is refused before anything is written; a text that
came from outside and must be kept has it masked. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final

from nexafi.payments.errors import CardNumberSent

DEPTH_MAX: Final = 50
MASK: Final = "*"

_GAP = r"[\s.\-_/\u00ad\u200b-\u200d\u2010-\u2015\ufeff]{0,2}"
_RUN = re.compile(rf"\d(?:{_GAP}\d){{12,}}")
_LENGTHS = range(13, 20)
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
"""A UUID: one of some hundreds has a run of digits that would pass for a card number."""
_FIRST = re.compile(r"3[04-9]|4|5[0-9]|6|2[2-7]")


def refuse(value: object, *, exempt: frozenset[str] = frozenset()) -> None:
    """Raise CardNumberSent if a card number stands anywhere in what was read from JSON.

    *exempt* names fields that hold other long numbers, such as an IBAN.
    """
    for pointer, text in _texts(value, exempt):
        if not _ID.fullmatch(text) and has_number(text):
            raise CardNumberSent(
                "This looks like a card number. Send the token that your provider gave for it;"
                " card numbers are not kept here.",
                pointer=f"#{pointer}",
            )


def has_number(text: str) -> bool:
    """Return whether a card number stands in *text*: 13 to 19 digits that pass the check of Luhn.

    The form is that of ISO/IEC 7812-1; digits of any script count, and so do
    digits with a blank, a dash or the like between them.
    """
    plain = unicodedata.normalize("NFKC", text)
    return any(_is_number(found[0]) for found in _RUN.finditer(plain))


def masked(text: str) -> str:
    """Return *text* with all digits but the last four of each card number replaced."""
    return _RUN.sub(_mask, text)


def _mask(found: re.Match[str]) -> str:
    if not _is_number(found[0]):
        return found[0]
    left = sum(each.isdigit() for each in found[0]) - 4
    shown = []
    for each in found[0]:
        hidden = each.isdigit() and left > 0
        left -= hidden
        shown.append(MASK if hidden else each)
    return "".join(shown)


def _is_number(run: str) -> bool:
    digits = [unicodedata.digit(each) for each in run if each.isdigit()]
    if len(digits) not in _LENGTHS or not _FIRST.match("".join(map(str, digits[:2]))):
        return False
    doubled = [d if n % 2 else sum(divmod(d * 2, 10)) for n, d in enumerate(reversed(digits), 1)]
    return sum(doubled) % 10 == 0


def _texts(value: object, exempt: frozenset[str], at: str = "") -> Iterator[tuple[str, str]]:
    """Go through all texts and numbers of *value*, names included, each with its place."""
    if at.count("/") > DEPTH_MAX:
        return
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield at, str(name)
            if name not in exempt:
                yield from _texts(each, exempt, f"{at}/{name}")
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _texts(each, exempt, f"{at}/{place}")
    elif isinstance(value, (str, int)) and not isinstance(value, bool):
        yield at, str(value)
