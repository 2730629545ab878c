"""The book as an hledger journal (the format of hledger 1.x: hledger.org/hledger.html#journal).

An amount in a foreign currency stands with its worth in the base currency as
its total cost (`@@`). What only the base currency knows of (a revaluation)
stands as an amount in the base currency. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nexafi.kernel.values.currencies import decimals
from nexafi.kernel.values.money import Money
from nexafi.ledger.exports.book import ROOTS, Book, BookEntry, BookLine, distinct, one_line

TYPES = {"asset": "A", "liability": "L", "equity": "E", "income": "R", "expense": "X"}


def write(book: Book) -> Iterator[str]:
    """Yield the lines of the journal, each with its end."""
    names = names_of(book)
    yield f"; {one_line(book.title)}\n; Base currency: {book.base_currency}\n\n"
    yield "decimal-mark .\n"
    for currency in sorted({book.base_currency}):
        yield f"commodity {_example(currency)}\n"
    yield "\n"
    for account in book.accounts:
        yield f"account {names[account.code]}  ; type: {TYPES[account.type]}\n"
    for entry in book.entries:
        yield "\n"
        yield from _entry(entry, names)


def names_of(book: Book) -> dict[str, str]:
    """Return the name of each account in the journal, by code."""
    return distinct(
        {
            each.code: f"{ROOTS[each.type].lower()}:{_plain(f'{each.code} {each.name}')}"
            for each in book.accounts
        }
    )


def _plain(name: str) -> str:
    """Return *name* without what ends an account name: colons, comments, two spaces."""
    return re.sub(r"[:;|()\[\]{}\"*!=@]", "-", one_line(name))


def _example(currency: str) -> str:
    places = decimals(currency)
    return f"1000.{'0' * places} {currency}" if places else f"1000. {currency}"


def _entry(entry: BookEntry, names: dict[str, str]) -> Iterator[str]:
    code = f" ({entry.number})" if entry.number else ""
    words = one_line(entry.description).replace(";", ",").replace("|", "-") or "-"
    words = f"- {words}" if words[0] in "(*!=" else words
    yield f"{entry.date.isoformat()} *{code} {words}\n"
    for name, value in _tags(entry):
        yield f"    ; {name}:{value}\n"
    for line in entry.lines:
        note = f"  ; {_comment(line.description)}" if line.description else ""
        yield f"    {names[line.code]}  {amount(line)}{note}\n"


def _tags(entry: BookEntry) -> Iterator[tuple[str, str]]:
    yield "id", entry.id
    for name, value in (("reference", entry.reference), ("source", entry.source)):
        if value:
            yield name, _comment(value)
    for name, value in entry.tags.items():
        plain = re.sub(r"[^\w-]", "-", name)
        yield plain, _comment(value)


def _comment(text: str) -> str:
    """Return *text* for a comment, in which commas end the value of a tag."""
    return one_line(text).replace(",", " ")


def amount(line: BookLine) -> str:
    """Return the amount of a line, with its worth where that is in another currency."""
    if line.amount.currency == line.base.currency:
        return f"{line.amount.text} {line.amount.currency}"
    if line.amount.minor == 0:
        return f"{line.base.text} {line.base.currency}"
    worth = Money(abs(line.base.minor), line.base.currency)
    return f"{line.amount.text} {line.amount.currency} @@ {worth.text} {worth.currency}"
