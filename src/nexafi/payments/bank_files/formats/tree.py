"""XML that comes from outside, read with everything switched off that reaches further out.

No document type, no entity beyond the five of XML, no network, no depth beyond that of the parser
(256): a file that declares a type or an entity is refused before it is parsed at all.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from lxml import etree

from nexafi.kernel.values.money import Money
from nexafi.payments.errors import AnswerUnreadable

BYTES_MAX: Final = 50 * 1024 * 1024
_DECLARES = re.compile(r"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_ENCODING = re.compile(r"^\s*<\?xml[^>]{0,300}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,30})[\"']")
_TAKEN = {"utf-8", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "windows-1252"}
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,300}\?>")

Element = etree._Element  # noqa: SLF001 - its only name


def root(raw: bytes) -> Element:
    """Return the root of an XML file; raise AnswerUnreadable unless it is whole and harmless."""
    text = _text(raw)
    if _DECLARES.search(text):
        raise AnswerUnreadable(
            "The file declares a document type or entities. No bank does that, and it is the way"
            " to make a reader fetch other files or fill the memory."
        )
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        found = etree.fromstring(_DECLARATION.sub("", text, count=1).encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise AnswerUnreadable(f"The XML is damaged or cut off: {str(error)[:200]}.") from None
    return found


def _text(raw: bytes) -> str:
    head = raw[:400].removeprefix(codecs.BOM_UTF8).decode("latin-1")
    declared = _ENCODING.match(head)
    encoding = declared[1].lower() if declared else "utf-8"
    if encoding not in _TAKEN:
        raise AnswerUnreadable(f"The file is written as {encoding}; give it as UTF-8.")
    try:
        return raw.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError:
        raise AnswerUnreadable(f"The file says it is {encoding}, and is not.") from None


def name(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return etree.QName(element).localname


def every(element: Element, path: str) -> list[Element]:
    """Return the elements at *path*, such as ``NtryDtls/TxDtls``, in whatever namespace."""
    found = [element]
    for step in path.split("/"):
        found = [child for each in found for child in each if name(child) == step]
    return found


def told(element: Element, *paths: str) -> str:
    """Return the first text at one of *paths*; nothing if there is none."""
    for path in paths:
        for each in every(element, path):
            if each.text and (text := each.text.strip()):
                return text
    return ""


def minor(text: str, currency: str) -> int:
    """Return an amount in minor units; raise AnswerUnreadable unless it is one."""
    whole, _, part = text.partition(".")
    places = Money(0, currency).text.partition(".")[2]
    part = part[: len(places)] + part[len(places) :].rstrip("0")
    try:
        return Money.of(f"{whole}.{part}" if part else whole, currency).minor
    except ValueError as error:
        raise AnswerUnreadable(f"{error}.") from None


def count(text: str) -> int:
    """Return a number of things; raise AnswerUnreadable unless it is one."""
    if not re.fullmatch(r"[0-9]{1,15}", text, re.ASCII):
        raise AnswerUnreadable(f"{text[:40]!r} is no number.")
    return int(text)
