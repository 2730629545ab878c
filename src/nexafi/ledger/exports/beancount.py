"""The book as a beancount ledger (the syntax of beancount 3).

Account names are the code and the name in the letters that beancount allows.
An amount in a foreign currency stands with its worth as its total price
(`@@`). Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from nexafi.ledger.exports.book import ROOTS, Book, BookEntry, distinct, one_line
from nexafi.ledger.exports.hledger import amount

EPOCH = "1900-01-01"
TOLERANCE = "0.000001"
"""Far less than any minor unit, and more than nothing: beancount keeps a total price as that of
one unit, to 28 digits, and of 154.52 finds 154.5199999999999999999999999 again."""


def write(book: Book) -> Iterator[str]:
    """Yield the lines of the ledger, each with its end."""
    names = names_of(book)
    yield f'option "title" "{_text(book.title)}"\n'
    yield f'option "operating_currency" "{book.base_currency}"\n'
    yield f'option "inferred_tolerance_default" "*:{TOLERANCE}"\n\n'
    for account in book.accounts:
        yield f"{EPOCH} open {names[account.code]}\n"
        yield f'  name: "{_text(account.name)}"\n'
    for entry in book.entries:
        yield "\n"
        yield from _entry(entry, names)


def names_of(book: Book) -> dict[str, str]:
    """Return the name of each account in the ledger, by code."""
    return distinct(
        {each.code: f"{ROOTS[each.type]}:{_plain(each.code, each.name)}" for each in book.accounts}
    )


def _plain(code: str, name: str) -> str:
    """Return code and name as one component: letters, digits and dashes, a capital first."""
    plain = unicodedata.normalize("NFKD", f"{code}-{name}").encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-") or "X"
    return plain[0].upper() + plain[1:]


def _entry(entry: BookEntry, names: dict[str, str]) -> Iterator[str]:
    yield f'{entry.date.isoformat()} * "{_text(entry.description)}"\n'
    yield f'  id: "{entry.id}"\n'
    if entry.number:
        yield f"  number: {entry.number}\n"
    for name, value in (("reference", entry.reference), ("source", entry.source)):
        if value:
            yield f'  {name}: "{_text(value)}"\n'
    for name, value in entry.tags.items():
        yield f'  {_key(name)}: "{_text(value)}"\n'
    for line in entry.lines:
        yield f"  {names[line.code]}  {amount(line)}\n"
        if line.description:
            yield f'    note: "{_text(line.description)}"\n'


def _key(name: str) -> str:
    """Return *name* as the key of metadata: it begins with a small letter."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "-", name)
    return f"tag-{plain}" if not plain[:1].islower() or len(plain) < 2 else plain


def _text(text: str) -> str:
    return one_line(text).replace("\\", "\\\\").replace('"', '\\"')
