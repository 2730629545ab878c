"""Orders as a file is made of them, and words as an answer says them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from nexafi.kernel.values.money import Money
from nexafi.payments.accounts import BankAccount
from nexafi.payments.bank_files.rules import Fact


@dataclass(frozen=True, slots=True)
class Signed:
    """The mandate of a SEPA debit, as the payer's bank wants to see it."""

    reference: str
    signed_on: date
    is_b2b: bool = False
    sequence: str = "RCUR"
    """``FRST``, ``RCUR`` or ``OOFF``."""


@dataclass(frozen=True, slots=True)
class Order:
    """One payment of a file."""

    number: int
    end_to_end_id: str
    amount: Money
    is_debit: bool
    name: str
    account: BankAccount
    execute_on: date
    remittance: str = ""
    reference: str = ""
    """After ISO 11649, in the place of the remittance."""
    purpose: str = ""
    mandate: Signed | None = None
    entry_class: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Orders of one kind and day, which a bank books together."""

    id: str
    orders: Sequence[Order]

    @property
    def minor(self) -> int:
        """Return the sum of it, in minor units."""
        return sum(each.amount.minor for each in self.orders)


class Scope(StrEnum):
    """How much a word is about."""

    FILE = "file"
    BATCH = "batch"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class Word:
    """What an answer says of an order, of a batch or of a whole file."""

    scope: Scope
    key: str
    """The end-to-end id, the id of the batch; empty of a file."""
    fact: Fact | None
    """None if it is on its way and nothing follows from that."""
    code: str = ""
    minor: tuple[int, ...] = ()
    """What it says the amount may be, in minor units: one of these has to be it."""
    is_incoming: bool | None = None
    """Of an entry: whether the money came in."""
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """What the bank says that an account is now (a notification of change)."""

    number: int
    code: str
    routing: str = ""
    account: str = ""
    is_savings: bool | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A bank's answer, checked in itself."""

    kind: str
    words: Sequence[Word]
    message_id: str = ""
    """Of the file that it answers, if it answers one."""
    message_kind: str = ""
    count: int | None = None
    minor: int | None = None
    """What it says that file held."""
    ibans: frozenset[str] = frozenset()
    """Whose accounts it is about."""
    company_ids: frozenset[str] = frozenset()
    corrections: Sequence[Correction] = field(default_factory=tuple)
    by_number: bool = False
    """Whether the keys of its words are numbers of orders, not end-to-end ids."""
