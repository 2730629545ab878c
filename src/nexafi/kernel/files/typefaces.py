"""The typefaces of our documents: what sets each letter, and what nothing can set.

Noto Sans sets Latin, Greek and Cyrillic, Droid Sans Fallback Chinese, Japanese
and Korean. Scripts that must be shaped or run from right to left (Arabic,
Hebrew, Thai, the scripts of India) and signs that neither face has are written
in Latin letters, and the document says so: an empty box is never printed.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from pathlib import Path

from anyascii import anyascii
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

FOLDER = Path(__file__).parent / "fonts"
REGULAR, BOLD, FALLBACK = "NotoSans-Regular", "NotoSans-Bold", "DroidSansFallback"
SHAPED = ((0x0590, 0x1100), (0x1780, 0x1800), (0xA8E0, 0xA900), (0xFB1D, 0xFE00), (0xFE70, 0xFF00))
"""Where letters join, stack or run leftwards: [first, last) of the code points."""
UNKNOWN = "?"
"""What stands for a sign that has no Latin letters either, such as one of private use."""

Run = tuple[str, str]
"""A typeface, and the text that it sets."""


def runs(text: str, *, bold: bool = False) -> list[Run]:
    """Return *text* in pieces, each with the face that has all its letters."""
    return list(_runs(text, bold=bold))


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Return how wide *text* is, in points."""
    return size * _unit_width(text, bold=bold)


def is_rewritten(text: str) -> bool:
    """Say whether some of *text* had to be written in other letters than its own."""
    return any(_face(letter, bold=False) is None for letter in _clean(text))


@lru_cache(maxsize=65_536)
def _unit_width(text: str, *, bold: bool) -> float:
    parts = _runs(text, bold=bold)
    return float(sum(pdfmetrics.stringWidth(part, face, 1) for face, part in parts))


@lru_cache(maxsize=65_536)
def _runs(text: str, *, bold: bool) -> tuple[Run, ...]:
    found: list[Run] = []
    for letter in _settable(_clean(text)):
        face = _face(letter, bold=bold) or (BOLD if bold else REGULAR)
        if found and found[-1][0] == face:
            found[-1] = (face, found[-1][1] + letter)
        else:
            found.append((face, letter))
    return tuple(found)


def _clean(text: str) -> str:
    """Return *text* composed, in one line, without what controls a terminal or a direction."""
    composed = unicodedata.normalize("NFC", text)
    spaced = (" " if letter.isspace() else letter for letter in composed)
    return "".join(letter for letter in spaced if unicodedata.category(letter) not in {"Cc", "Cf"})


def _settable(text: str) -> str:
    """Return *text* with what no face can set written in Latin letters."""
    return "".join(letter if _face(letter, bold=False) else _latin(letter) for letter in text)


def _latin(letter: str) -> str:
    """Return *letter* in Latin letters; a mark that stands on no letter of its own falls away."""
    mark = unicodedata.category(letter).startswith("M")
    return anyascii(letter) or ("" if mark else UNKNOWN)


def _face(letter: str, *, bold: bool) -> str | None:
    """Return the face that sets *letter*, or None."""
    code = ord(letter)
    if any(first <= code < last for first, last in SHAPED):
        return None
    first = BOLD if bold else REGULAR
    return next((face for face in (first, FALLBACK) if code in _glyphs(face)), None)


@cache
def _glyphs(face: str) -> dict[int, int]:
    """Return the glyphs of a face by code point, and make it known to reportlab."""
    font = TTFont(face, FOLDER / f"{face}.ttf")
    pdfmetrics.registerFont(font)
    glyphs: dict[int, int] = font.face.charToGlyph
    return glyphs
