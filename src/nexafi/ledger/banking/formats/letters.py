"""From bytes to text: what the file declares, what it is, or the best guess, and then said so."""

from __future__ import annotations

import codecs
import re

from nexafi.ledger.banking.formats.figures import refuse
from nexafi.ledger.banking.formats.statement import Caution, Remark

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
GUESSES = ("cp1252", "cp1250", "cp850", "cp852", "latin-1")
"""In this order: the encodings of Western and Central European Windows, then of their older DOS."""

ALLOWED = re.compile(
    r"utf-?(8|16|16-?[lb]e)|(us-?)?ascii|usascii|(iso-?)?8859-\d{1,2}|latin-?1"
    r"|(windows|cp)-?(125\d|850|852|437)|125\d|shift_?jis|cp932|gb(k|2312|18030)|big5|euc-(jp|kr)"
)
SAMPLE = 200_000
LINES_MAX = 1_000_000


def known(encoding: str) -> str | None:
    """Return Python's name of a declared encoding, or None if it is none that a bank uses."""
    clean = encoding.strip().lower().replace("_", "-")
    if not ALLOWED.fullmatch(clean) and not ALLOWED.fullmatch(clean.replace("-", "_")):
        return None
    if re.fullmatch(r"125\d", clean):
        clean = "cp" + clean
    elif clean.startswith("8859"):
        clean = "iso-" + clean
    elif clean == "usascii":
        clean = "ascii"
    try:
        return codecs.lookup(clean).name
    except LookupError:
        return None


def decode(raw: bytes, declared: str = "") -> tuple[str, str, list[Remark]]:
    """Return the text of *raw*, the encoding it was read in, and a warning if that is a guess.

    A byte order mark decides, then UTF-8 if all bytes are that, then what is *declared*. Bytes that
    are neither are tried in the encodings of older systems: the one that makes most letters wins.
    """
    for mark, encoding in BOMS:
        if raw.startswith(mark):
            text = _strictly(raw[len(mark) :], encoding)
            return _clean(text), encoding, []
    try:
        return _clean(raw.decode("utf-8")), "utf-8", []
    except UnicodeDecodeError:
        pass
    name = known(declared) if declared else None
    if name not in {None, "utf-8", "ascii"}:
        assert name is not None
        try:
            return _clean(raw.decode(name)), name, []
        except UnicodeDecodeError:
            pass
    name = _guess(raw)
    said = f", though it says {declared[:40]!r}" if declared else ""
    remark = Remark(
        Caution.GUESSED_ENCODING,
        f"The letters are not UTF-8{said}; they were read as {name}. Check names with accents.",
    )
    return _clean(raw.decode(name)), name, [remark]


def _guess(raw: bytes) -> str:
    """Return the older encoding in which most of the bytes beyond ASCII are letters."""
    strange = bytes(byte for byte in raw if byte > 0x7F)[:SAMPLE]
    best, most = "latin-1", -1
    for encoding in GUESSES:
        try:
            raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        letters = sum(letter.isalpha() for letter in strange.decode(encoding))
        if letters > most:
            best, most = encoding, letters
    return best


def _strictly(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise refuse(
            f"The file begins as {encoding}, but byte {error.start} is none: it is cut off or"
            " damaged."
        ) from None


def _clean(text: str) -> str:
    """Return *text* with line ends of one kind, or refuse what only a binary file has."""
    text = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    if (at := text.find("\0")) >= 0:
        line = text.count("\n", 0, at) + 1
        raise refuse("There is a zero byte, which no text has: the file is damaged.", line)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.count("\n") > LINES_MAX:
        raise refuse(f"There are more than {LINES_MAX} lines; split the file by time.")
    return text
