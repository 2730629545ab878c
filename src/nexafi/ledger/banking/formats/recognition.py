"""Which format a file is in, by what is in it; and of a file that is no statement, what it is."""

from __future__ import annotations

import re

from nexafi.ledger.banking.formats.figures import refuse
from nexafi.ledger.banking.formats.letters import BOMS
from nexafi.ledger.errors import StatementUnreadable

HEAD = 4_096
BINARIES: tuple[tuple[bytes, str], ...] = (
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"%PDF", "a PDF document; ask the bank for the statement as CAMT, MT940, OFX or CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document; save it as CSV"),
    (b"\x1f\x8b", "compressed with gzip; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"BZh", "compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ", "compressed with xz; unpack it first"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"SQLite format 3", "a database (SQLite)"),
)
SWIFT_START = re.compile(rb"(?m)^[\x01\x02 ]?(?:\{[0-9]:|:20:|:940:|:25:)")
SWIFT_FIELD = re.compile(rb"(?m)^:(?:25P?|28C?|60[FM]|61):")
PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
OFX = re.compile(rb"OFXHEADER|<OFX[\s>]", re.IGNORECASE)
BAI = re.compile(rb"\A01,[^\n]{0,200}")
QIF = re.compile(rb"(?mi)^!(?:type|account|option|clear)\b")
JSON = re.compile(rb"[{\[]\s*[\"{\[]")
CAMT = re.compile(rb"camt\.05[234]|<(?:\w{1,20}:)?BkToCstmr(?:AcctRpt|Stmt|DbtCdtNtfctn)\b")
OTHER_XML = (
    (b"pain.00", "a payment order (pain), not a statement"),
    (b"pain.002", "a status report of payments (pain.002), not a statement"),
    (b"camt.0", "a message of the camt family, but none of 052, 053 and 054"),
    (b"urn:oasis:names:specification:ubl", "an invoice (UBL), not a statement"),
    (b"CrossIndustryInvoice", "an invoice (CII), not a statement"),
    (b"spreadsheetml", "an Excel sheet as XML; save it as CSV"),
    (b"<svg", "a picture (SVG)"),
)


def recognise(raw: bytes) -> str:
    """Return ``ofx``, ``camt``, ``mt940``, ``bai2``, ``qif`` or ``csv``; refuse what is none.

    Only the beginning is looked at, so the answer is quick for a file of any size.
    """
    head = _head(raw)
    _refuse_binaries(head, raw)
    if OFX.search(head):
        return "ofx"
    if head.startswith(b"<"):
        return _markup(head)
    if PAGE.search(head[:1_000]):
        raise refuse(PAGE_SAVED)
    if QIF.match(head):
        return "qif"
    if SWIFT_START.search(head) and (SWIFT_FIELD.search(head) or head.startswith(b"{1:F")):
        return "mt940"
    if BAI.match(head):
        return "bai2"
    if JSON.match(head):
        raise refuse("The file is JSON, which no bank format here is.")
    return "csv"


def _refuse_binaries(head: bytes, raw: bytes) -> None:
    """Refuse what is empty, packed, a document or otherwise no text."""
    if not head:
        raise refuse("The file is empty.")
    for start, what in BINARIES:
        if head.startswith(start):
            raise refuse(f"The file is {what}.")
    if head.startswith(b"PK\x03\x04"):
        raise _archive(raw)
    if b"\0" in head or _is_noise(head):
        raise refuse("The file is binary data, not a bank statement.")


PAGE_SAVED = (
    "The file is a web page, not a statement: perhaps the bank's page was saved, or the session had"
    " ended when it was downloaded."
)


def _head(raw: bytes) -> bytes:
    """Return the beginning without a byte order mark and blanks, as bytes of one each."""
    marked = raw[:4]
    mark, encoding = next(
        ((mark, name) for mark, name in BOMS if marked.startswith(mark)), (b"", "utf-8")
    )
    head = raw[len(mark) : len(mark) + HEAD]
    if not head.strip():
        head = raw[len(mark) :].lstrip()[:HEAD]
    if encoding != "utf-8":
        head = head.decode(encoding, errors="ignore").encode("utf-8", errors="replace")
    return head.lstrip(b" \t\r\n\x0b\x0c")


def _is_noise(head: bytes) -> bool:
    """Return whether too many bytes are such as no text has."""
    strange = sum(byte < 32 and byte not in b"\t\r\n\x0b\x0c\x01\x02\x03\x1a\x1b" for byte in head)
    return strange * 50 > len(head)


def _markup(head: bytes) -> str:
    """Return the format of a file that begins with a tag, or refuse what it is instead."""
    if CAMT.search(head):
        return "camt"
    if PAGE.search(head):
        raise refuse(PAGE_SAVED)
    for sign, what in OTHER_XML:
        if sign in head:
            raise refuse(f"The file is {what}.")
    if re.search(rb"<!\s*(?:DOCTYPE|ENTITY)", head, re.IGNORECASE):
        return "camt"  # its reader says why such a declaration is refused
    raise refuse("The file is XML, but neither OFX nor CAMT.052, .053 or .054.")


def _archive(raw: bytes) -> StatementUnreadable:
    """Return the refusal of a ZIP, which may be a document of Excel."""
    if b"xl/" in raw[:20_000] or b"[Content_Types].xml" in raw[:2_000]:
        return refuse("The file is an Excel or Word document; save the sheet as CSV.")
    return refuse("The file is a ZIP archive, whatever its name says; unpack it first.")
