"""The letters that a bank's file may hold."""

from __future__ import annotations

import re

from anyascii import anyascii

_SEPA = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
_NACHA = re.compile(r"[^A-Za-z0-9 .,/&'()\-#@*+]")
_UMLAUTS = str.maketrans({each: anyascii(each) + "e" for each in "äöüÄÖÜ"})


def sepa(text: str, most: int) -> str:
    """Return *text* in the letters that every bank in SEPA takes, cut to its length."""
    return _plain(_SEPA, text)[:most].strip() or "-"


def nacha(text: str, width: int) -> str:
    """Return *text* in the letters of NACHA, cut or filled to its width."""
    return _plain(_NACHA, text)[:width].ljust(width)


def _plain(other: re.Pattern[str], text: str) -> str:
    # Two slashes or one at an end would be read as the mark of a part (EPC guidance on characters).
    plain = other.sub(" ", anyascii(text.translate(_UMLAUTS)))
    return re.sub(r"\s+", " ", re.sub(r"//+", "/", plain)).strip(" /")
