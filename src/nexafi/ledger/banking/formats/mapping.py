"""How the columns of a CSV are to be read: found by the reader, confirmed or corrected by a person.

A bank's CSV has no standard, so the reader says in a `CsvMapping` what it took for what and how it
decided. The same value can be saved and given to `read` with the next file of that bank.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

DateOrder = Literal["YMD", "DMY", "MDY"]
DATE_ORDERS = ("YMD", "DMY", "MDY")
COLUMNS = (
    "date",
    "valued",
    "amount",
    "debit",
    "credit",
    "sign",
    "currency",
    "balance",
    "fee",
    "counterparty",
    "counterparty_account",
    "account",
    "reference",
    "bank_id",
    "kind",
    "status",
)
FITTING: dict[str, tuple[str | bool, ...]] = {
    "is_negated": (True, False),
    "date_order": DATE_ORDERS,
    "decimal": (".", ","),
    "delimiter": (",", ";", "\t", "|"),
}
"""What those fields can be that have few values."""
IN_CAPITALS = {"sign_debit", "status_unbooked"}
COLUMNS_MAX = 200
TEXT_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvMapping:
    """Which column is what, counted from 0; a column of None is not there.

    Either ``amount`` is given (its sign is its own, or stands in ``sign``), or ``debit`` and
    ``credit`` are, or both: then ``amount`` stands for the column that has the money.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    header: tuple[str, ...] = ()
    """The names of the columns as the file writes them; empty if it has none."""
    first_row: int = 0
    """The row, counted from 0 without empty ones, from which data stand if there is no header."""
    date_order: DateOrder = "YMD"
    decimal: str = "."
    """What divides decimals: a point or a comma. The other one divides thousands."""
    date: int = 0
    valued: int | None = None
    amount: int | None = None
    debit: int | None = None
    """Money that went out, written without a sign or with a minus."""
    credit: int | None = None
    sign: int | None = None
    """A column that says for each amount whether it went out."""
    sign_debit: tuple[str, ...] = ()
    """What stands in ``sign`` when money went out, in capitals."""
    is_negated: bool = False
    """Whether a positive amount is money that went out, as some card issuers write it."""
    currency: int | None = None
    default_currency: str = ""
    """ISO 4217, where no column says it."""
    balance: int | None = None
    """The balance after the line, by which the amounts are proven."""
    fee: int | None = None
    """What was taken beyond the amount; it lessens it, whatever its own sign."""
    description: tuple[int, ...] = ()
    """The columns whose texts make the description, in order."""
    counterparty: int | None = None
    counterparty_account: int | None = None
    account: int | None = None
    """The account that the line belongs to; a file may have several."""
    reference: int | None = None
    bank_id: int | None = None
    kind: int | None = None
    status: int | None = None
    status_unbooked: tuple[str, ...] = ()
    """What stands in ``status`` when no money has moved, in capitals: such rows are left out."""
    decisions: tuple[str, ...] = ()
    """How the reader found what it found, for people to read."""
    doubts: tuple[str, ...] = ()
    """What the reader could not know and had to choose; a person should confirm these."""

    def to_json(self) -> str:
        """Return the mapping as a JSON object, to be kept and read by `from_json`."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> CsvMapping:
        """Return the mapping that *text* holds; ValueError says what is wrong with it."""
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"This is no mapping: {error}") from None
        if not isinstance(found, dict):
            raise ValueError("A mapping is a JSON object.")  # noqa: TRY004
        known = {field.name: field for field in fields(cls)}
        if unknown := sorted(set(found) - set(known)):
            raise ValueError(f"A mapping has no {', '.join(unknown)[:TEXT_MAX]}.")
        return cls(**{name: _checked(name, value) for name, value in found.items()})

    def columns(self) -> dict[str, int]:
        """Return each single column that is there, by its meaning."""
        return {name: at for name in COLUMNS if (at := getattr(self, name)) is not None}


def _checked(name: str, value: Any) -> Any:  # noqa: ANN401
    """Return *value* as the field *name* holds it, or raise ValueError."""
    if name in COLUMNS:
        return None if value is None and name != "date" else _column(name, value)
    if name == "first_row":
        return _whole(name, value, 1_000)
    if name in FITTING:
        if not isinstance(value, str | bool) or value not in FITTING[name]:
            raise ValueError(f"{name} of a mapping cannot be {str(value)[:TEXT_MAX]!r}.")
        return value
    if name in {"default_currency", "encoding"}:
        return _text(name, value)
    if not isinstance(value, list) or len(value) > COLUMNS_MAX:
        raise ValueError(f"{name} of a mapping is a list.")
    if name == "description":
        return tuple(_column(name, each) for each in value)
    texts = tuple(_text(name, each) for each in value)
    return tuple(map(str.upper, texts)) if name in IN_CAPITALS else texts


def _column(name: str, value: object) -> int:
    return _whole(name, value, COLUMNS_MAX - 1)


def _whole(name: str, value: object, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError(f"{name} of a mapping is a whole number from 0 to {most}.")
    return value


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > 1_000:
        raise ValueError(f"{name} of a mapping is text of at most 1000 characters.")
    return value
