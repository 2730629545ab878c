"""A row that tests of the kernel write, because they must write something."""

from __future__ import annotations

from nexafi.ledger.tables import Account


def row(code: str, name: str = "x") -> Account:
    """Return a row of the ledger's that is complete."""
    return Account(code=code, name=name, type="asset", normal_side="debit")
