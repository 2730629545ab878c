"""XML read piece by piece into plain values, with everything switched off that reaches outside.

No document type, no entity beyond the five of XML, no network, no depth beyond that of the parser
(256): a file that declares a type or an entity is refused before it is parsed at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any

from lxml import etree

from nexafi.ledger.banking.formats.figures import one_line, refuse, shown
from nexafi.ledger.banking.formats.letters import BOMS, decode
from nexafi.ledger.banking.formats.statement import Remark
from nexafi.ledger.errors import StatementUnreadable

DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,300}\?>")
ENCODING = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,30})[\"']")
DECLARES = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)


@dataclass(slots=True)
class Node:
    """An element: its text, its currency, and what is in it by name without namespace."""

    text: str
    currency: str
    at: int | None
    """The line of the file where it begins."""
    children: dict[str, list[Node]]

    def all(self, path: str) -> list[Node]:
        """Return the elements at *path*, such as ``NtryDtls/TxDtls``."""
        first, *rest = _steps(path)
        found = self.children.get(first)
        if not found:
            return []
        for name in rest:
            found = [child for node in found for child in node.children.get(name, ())]
        return found

    def find(self, path: str) -> Node | None:
        """Return the first element at *path*."""
        found = self.all(path)
        return found[0] if found else None

    def told(self, *paths: str) -> str:
        """Return the first text at one of *paths*, on one line; nothing if there is none."""
        for path in paths:
            for node in self.all(path):
                if node.text and (text := one_line(node.text)):
                    return text
        return ""


@lru_cache(maxsize=512)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("/"))


def node_of(element: etree._Element, without: str = "") -> Node:
    """Return *element* as a value, leaving out children named *without*."""
    children: dict[str, list[Node]] = {}
    for child in element:
        name = name_of(child)
        if name == without:
            continue
        if name in children:
            children[name].append(node_of(child))
        else:
            children[name] = [node_of(child)]
    line: Any = element.sourceline
    return Node(element.text or "", element.get("Ccy") or "", line, children)


def name_of(element: etree._Element) -> str:
    """Return the name of an element without its namespace."""
    return _without_space(element.tag)


@lru_cache(maxsize=4096)
def _without_space(tag: Any) -> str:  # noqa: ANN401
    return tag[tag.find("}") + 1 :] if isinstance(tag, str) else ""


def elements(source: bytes, names: tuple[str, ...]) -> Iterator[etree._Element]:
    """Yield each element of these names when it ends; refuse XML that is not well formed."""
    if DECLARES.search(source):
        raise refuse(
            "The file declares a document type or entities. No bank does that, and it is the way to"
            " make a reader fetch other files or fill the memory: refused."
        )
    try:
        for _, element in etree.iterparse(
            BytesIO(source),
            events=("end",),
            tag=tuple("{*}" + name for name in names),
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        ):
            yield element
    except etree.XMLSyntaxError as error:
        raise _broken(error) from None


def utf8(raw: bytes) -> tuple[bytes, list[Remark]]:
    """Return the file as UTF-8, whatever it is in, with a warning if that was a guess."""
    declared = str(match[1], "ascii") if (match := ENCODING.search(raw[:400])) else ""
    marked = any(raw.startswith(mark) for mark, _ in BOMS)
    if not marked and declared.lower() in {"", "utf-8", "us-ascii", "ascii"}:
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            return raw.lstrip(), []
    text, _, remarks = decode(raw, declared)
    return DECLARATION.sub("", text, count=1).lstrip().encode("utf-8"), remarks


def _broken(error: etree.XMLSyntaxError) -> StatementUnreadable:
    """Return the refusal of XML that is not well formed."""
    said = str(error.msg or "").partition(", line")[0]
    line = error.lineno or None
    if "Premature end" in said or "EndTag: '</' not found" in said or "no element" in said.lower():
        return refuse("The file is cut off: the XML ends before it is complete.", line)
    if "depth" in said.lower():
        return refuse("The elements are nested deeper than in any statement.", line)
    return refuse(f"The XML is damaged: {shown(said)}.", line)
