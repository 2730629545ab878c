"""How a CSV is to be read, found by looking at it: delimiter, header, order of dates, columns.

Names of columns propose, contents decide: a column is a date, an amount or a currency only if what
stands in it is. Where a balance stands beside the amounts, those amounts are taken that prove it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import Any

from nexafi.ledger.banking.formats import words
from nexafi.ledger.banking.formats.csv_amounts import amounts, fits
from nexafi.ledger.banking.formats.figures import decimals, refuse, shown
from nexafi.ledger.banking.formats.mapping import COLUMNS_MAX, CsvMapping
from nexafi.ledger.banking.formats.orders import canonical, choose_decimal, choose_order, parts_of
from nexafi.ledger.banking.formats.statement import Caution, Remark
from nexafi.ledger.banking.formats.table import Row, delimiters, rows_of
from nexafi.ledger.errors import StatementUnreadable

HEADER_WITHIN = 40
ACCOUNTS_MAX = 50
LINE_MAX = 500_000
SYMBOLS = {"€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY", "₹": "INR", "zł": "PLN"}
UNSURE_SYMBOLS = {"$", "¥"}


@dataclass(slots=True)
class Found:
    """What was found in a CSV: its mapping, its rows, the first with data, and the doubts."""

    mapping: CsvMapping
    rows: list[Row]
    start: int
    remarks: list[Remark] = field(default_factory=list)


@dataclass(slots=True)
class Table:
    """The rows while one looks for their meaning."""

    header: list[str]
    body: list[Row]
    width: int
    currency: str = ""
    """That of the account, where the caller knows it."""
    data: list[Row] = field(default_factory=list)
    taken: set[int] = field(default_factory=set)
    decisions: list[str] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def named(self, role: str) -> list[int]:
        """Return the free columns whose name can mean *role*, the surest first."""
        found = []
        for column, name in enumerate(self.header):
            rank = words.roles(name).get(role)
            if rank is not None and column not in self.taken:
                found.append((rank, column))
        return [column for _, column in sorted(found)]

    def texts(self, column: int) -> list[str]:
        """Return what stands in a column of the data, without what is empty."""
        return [text for row in self.data if (text := row.cell(column))]

    def called(self, column: int) -> str:
        """Return the name of a column for people."""
        name = self.header[column].strip() if column < len(self.header) else ""
        return f"{shown(name)!r}" if name else f"column {column + 1}"

    def doubt(self, caution: Caution, text: str) -> None:
        """Note what could not be known."""
        self.remarks.append(Remark(caution, text))


def find(text: str, encoding: str, currency: str) -> Found:
    """Return how *text* is to be read, or refuse it with what is missing."""
    if max(map(len, text.split("\n"))) > LINE_MAX:
        raise refuse("A line is longer than any of a statement.")
    reasons: list[StatementUnreadable] = []
    for delimiter in delimiters(text):
        try:
            rows = rows_of(text, delimiter)
            at, header = _header(rows)
            found = _mapping(rows, at, header, currency)
        except StatementUnreadable as reason:
            reasons.append(reason)
            continue
        mapping, table = found
        mapping["delimiter"], mapping["encoding"] = delimiter, encoding
        table.decisions.insert(0, f"Columns are divided by {_spoken(delimiter)}.")
        whole = CsvMapping(
            **mapping,
            decisions=tuple(table.decisions),
            doubts=tuple(remark.text for remark in table.remarks),
        )
        return Found(whole, rows, at + 1 if header else at, table.remarks)
    if reasons:
        raise reasons[0]
    raise refuse(
        "The file is text, but no bank format that is known here, and no table either: its lines"
        " have no columns divided by comma, semicolon, tab or bar."
    )


def _spoken(delimiter: str) -> str:
    return {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}.get(delimiter, delimiter)


def _header(rows: list[Row]) -> tuple[int, list[str]]:
    """Return the index of the header and its names, or of the first data row and no names."""
    best, at = 0, -1
    for index, row in enumerate(rows[:HEADER_WITHIN]):
        if len(row.cells) < 2 or any(parts_of(cell) for cell in row.cells if cell.strip()):
            continue
        known = {role for cell in row.cells for role, rank in words.roles(cell).items() if rank < 5}
        hits = sum(any(rank < 5 for rank in words.roles(cell).values()) for cell in row.cells)
        if hits > best and {"date", "valued"} & known and {"amount", "debit", "credit"} & known:
            best, at = hits, index
    if at >= 0:
        return at, [cell.strip() for cell in rows[at].cells]
    for index, row in enumerate(rows[:HEADER_WITHIN]):
        if any(parts_of(cell) for cell in row.cells) and any(map(_numeric, row.cells)):
            return _unknown_header(rows, index)
    raise refuse(
        "No row of the table has a date and an amount, and none names its columns: this is no"
        " statement of an account."
    )


def _unknown_header(rows: list[Row], first: int) -> tuple[int, list[str]]:
    """Return the row before the first data row if it looks like names that are not known here."""
    if first and len(rows[first - 1].cells) == len(rows[first].cells):
        names = [cell.strip() for cell in rows[first - 1].cells]
        if sum(bool(name) for name in names) > len(names) // 2 and not any(map(_numeric, names)):
            return first - 1, names
    return first, []


def _numeric(text: str) -> bool:
    return bool(text.strip()) and (
        canonical(text.strip(), ".") is not None or canonical(text.strip(), ",") is not None
    )


def _mapping(
    rows: list[Row], at: int, header: list[str], currency: str
) -> tuple[dict[str, Any], Table]:
    """Return the fields of the mapping, and the table with the decisions and doubts."""
    body = rows[at + 1 :] if header else rows[at:]
    if not body:
        raise refuse("The table has a header but no rows: there is nothing in it to read.")
    width = min(COLUMNS_MAX, max(len(header), *(len(row.cells) for row in body[:1000])))
    table = Table(header, body, width, currency)
    found: dict[str, Any] = {"header": tuple(header), "first_row": min(at, 1000)}
    _find_dates(table, found)
    if not _find_amounts(table, found):
        _find_unbooked(table, found)
    _find_currency(table, found, currency)
    _find_the_rest(table, found)
    return found, table


def _find_dates(table: Table, found: dict[str, Any]) -> None:
    """Find the column of dates and the order of their numbers."""
    columns = table.named("date") + table.named("valued")
    columns += [column for column in range(table.width) if column not in columns]
    best = _column_of_dates(table, columns)
    table.data = [row for row in table.body if parts_of(row.cell(best)) is not None]
    table.taken.add(best)
    orders, how = choose_order([row.cell(best) for row in table.data])
    if not orders:
        raise refuse(how)
    order = orders[0]
    if len(orders) > 1:
        others = [row.cell(column) for column in table.named("valued") for row in table.data]
        other, why = (
            choose_order([text for text in others if parts_of(text)]) if others else ([], "")
        )
        if len(other) == 1 and other[0] in orders:
            order, how = other[0], f"The value dates show the order: {why}"
        else:
            order = "MDY" if _is_american(table) else "DMY"
            how = f"{how} They were read as {order}."
            table.doubt(Caution.AMBIGUOUS_DATES, how)
    found["date"], found["date_order"] = best, order
    table.decisions.append(f"Dates are in {table.called(best)}, as {order}. {how}")


def _column_of_dates(table: Table, columns: list[int]) -> int:
    """Return the first column that has dates in half of its rows, or else that with most."""
    counts = {}
    body = [row for row in table.body if sum(map(bool, row.cells)) > 1]
    for column in columns:
        dates = sum(parts_of(row.cell(column)) is not None for row in body)
        filled = sum(bool(row.cell(column)) for row in body)
        if dates and dates * 2 >= filled:
            counts[column] = dates
    most = max(counts.values(), default=0)
    for column, dates in counts.items():
        if dates * 2 >= most:
            return column
    raise refuse("No column of the table has dates.")


def _is_american(table: Table) -> bool:
    """Return whether the file shows a dollar sign or the month-first country's words."""
    text = " ".join(table.header).lower()
    dollars = any("$" in cell for row in table.data[:50] for cell in row.cells)
    return (
        dollars
        or table.currency == "USD"
        or any(word in text for word in ("check", "memo", "payee", "withdrawal", "usd"))
    )


def _find_unbooked(table: Table, found: dict[str, Any]) -> None:
    """Find a column that says of some rows that their money has not moved."""
    for column in table.named("status"):
        told = {text.upper() for text in table.texts(column)}
        if told & words.UNBOOKED_WORDS and told - words.UNBOOKED_WORDS:
            found["status"], unbooked = column, sorted(told & words.UNBOOKED_WORDS)
            found["status_unbooked"] = tuple(sorted(words.UNBOOKED_WORDS))
            table.taken.add(column)
            called = table.called(column)
            table.decisions.append(f"Rows whose {called} is {', '.join(unbooked)} are left out.")
            return


def _find_amounts(table: Table, found: dict[str, Any]) -> bool:
    """Find where the amounts are; return whether a balance proves them in every row."""
    numeric = [
        column
        for column in range(table.width)
        if column not in table.taken and _is_numeric(table, column)
    ]
    balances = [column for column in table.named("balance") if column in numeric]
    choices = _choices(table, numeric, balances)
    if not choices:
        raise _without_amounts(table)
    concerned = {column for choice in choices for column in _money_columns(choice)} | set(
        balances[:1]
    )
    decimal = _decimal(table, concerned)
    best, share = choices[0], -1.0
    is_named = bool(table.named("amount") or table.named("debit"))
    unnamed = [] if is_named else numeric
    told_by: list[int | None] = [*balances] if balances else [None, *unnamed]
    for choice, balance in product(choices, told_by):
        if balance in _money_columns(choice):
            continue
        told = fits(table.data, CsvMapping(**choice, balance=balance, decimal=decimal))
        if told > share and (balance in balances or balance is None or told == 1.0):
            best, share = {**choice, "balance": balance}, told
    found |= best | {"decimal": decimal}
    beside = {best[role] for role in ("balance", "sign", "fee") if best.get(role) is not None}
    table.taken |= _money_columns(best) | beside
    names = ", ".join(table.called(column) for column in sorted(_money_columns(best)))
    why = (
        f"it proves {round(share * 100)} % of the balances"
        if share > 0
        else "by its name or content"
    )
    table.decisions.append(f"Amounts are in {names}: {why}.")
    _doubt_amounts(table, choices, best, decimal, proven=share == 1.0)
    return share == 1.0


def _without_amounts(table: Table) -> StatementUnreadable:
    """Return the refusal of a table without amounts, or with one that is none."""
    for column in [*table.named("amount"), *table.named("debit"), *table.named("credit")]:
        for row in table.data:
            if (text := row.cell(column)) and not _numeric(text):
                return refuse(f"{shown(text)!r} in {table.called(column)} is no amount.", row.at)
    return refuse("No column of the table has amounts.")


def _doubt_amounts(
    table: Table, choices: list[dict[str, Any]], best: dict[str, Any], decimal: str, *, proven: bool
) -> None:
    """Note if another column could have been meant and would have made other amounts."""
    if proven:
        return
    chosen = amounts(table.data, CsvMapping(**best, decimal=decimal))
    for choice in choices:
        if _money_columns(choice) == _money_columns(best):
            continue
        if amounts(table.data, CsvMapping(**choice, decimal=decimal)) != chosen:
            names = " and ".join(table.called(column) for column in sorted(_money_columns(choice)))
            table.doubt(Caution.AMBIGUOUS_COLUMNS, f"The amounts could be in {names} instead.")
            return


def _money_columns(choice: dict[str, Any]) -> set[int]:
    return {choice[role] for role in ("amount", "debit", "credit") if choice.get(role) is not None}


def _is_numeric(table: Table, column: int) -> bool:
    texts = table.texts(column)
    return bool(texts) and sum(map(_numeric, texts)) == len(texts)


def _choices(table: Table, numeric: list[int], balances: list[int]) -> list[dict[str, Any]]:
    """Return where the amounts may be, the likeliest first."""
    choices: list[dict[str, Any]] = []
    usable = {*numeric, *(column for column in range(table.width) if not table.texts(column))}
    debits = [column for column in table.named("debit") if column in usable][:2]
    credits_ = [column for column in table.named("credit") if column in usable][:2]
    choices += [
        {"debit": debit, "credit": credit}
        for debit, credit in product(debits, credits_)
        if debit != credit and {debit, credit} & set(numeric)
    ]
    sign, outward = _sign(table)
    for column in (column for column in table.named("amount") if column in numeric):
        if sign is not None:
            choices.append({"amount": column, "sign": sign, "sign_debit": outward})
        choices.append({"amount": column})
        if balances:
            choices.append({"amount": column, "is_negated": True})
            fees = [each for each in table.named("fee") if each in numeric]
            choices += [{"amount": column, "fee": fee} for fee in fees[:1]]
    return choices or _unnamed_choices(table, [each for each in numeric if each not in balances])


def _unnamed_choices(table: Table, numeric: list[int]) -> list[dict[str, Any]]:
    """Return where the amounts may be by what stands in the columns alone."""
    choices: list[dict[str, Any]] = []
    for one, other in combinations(numeric, 2):
        sides = {(bool(row.cell(one)), bool(row.cell(other))) for row in table.data}
        if sides == {(True, False), (False, True)}:
            choices.append({"debit": one, "credit": other})
    by_signs = sorted(numeric, key=lambda column: _strangeness(table, column))
    return choices + [{"amount": column} for column in by_signs]


def _strangeness(table: Table, column: int) -> int:
    """Return how unlike amounts a column looks: least if it has signs, less if it has decimals."""
    texts = table.texts(column)
    if any("-" in text or "(" in text for text in texts):
        return 0
    return 1 if any(re.search(r"[.,]\d\d$", text) for text in texts) else 2


def _sign(table: Table) -> tuple[int | None, tuple[str, ...]]:
    """Return the column that says of each amount whether it went out, and the words for that."""
    for column in table.named("sign"):
        told = {row.cell(column).upper() for row in table.data}
        if told and told <= words.DEBIT_WORDS | words.CREDIT_WORDS:
            return column, tuple(sorted(words.DEBIT_WORDS))
    return None, ()


def _decimal(table: Table, columns: set[int]) -> str:
    """Return what divides decimals in all of *columns*."""
    texts = [text for column in sorted(columns) for text in table.texts(column)]
    marks, how = choose_decimal(texts, decimals(table.currency) if table.currency else None)
    if not marks:
        raise refuse(how)
    if len(marks) > 1:
        table.doubt(Caution.AMBIGUOUS_AMOUNTS, how)
    table.decisions.append(how)
    return marks[0]


def _find_currency(table: Table, found: dict[str, Any], currency: str) -> None:
    """Find the currency: in a column, the header, beside the amounts, or from the caller."""
    columns = table.named("currency") if table.header else range(table.width)
    for column in columns:
        texts = table.texts(column)
        is_whole = len(texts) == len(table.data)
        if is_whole and all(decimals(text.upper()) is not None for text in texts):
            found["currency"] = column
            table.taken.add(column)
            table.decisions.append(f"Currencies are in {table.called(column)}.")
            break
    said = currency
    beside = sorted(_money_columns(found) | ({found["balance"]} if found.get("balance") else set()))
    if not said:
        said = _currency_of_names(table, beside) or _currency_of_signs(table, beside)
    found["default_currency"] = said
    if not said and "currency" not in found:
        text = "The table does not say its currency; that of the account is to be given."
        table.doubt(Caution.UNKNOWN_CURRENCY, text)


def _currency_of_names(table: Table, columns: list[int]) -> str:
    for column in columns:
        name = table.header[column] if column < len(table.header) else ""
        for code in re.findall(r"\b[A-Z]{3}\b", name):
            if decimals(code) is not None:
                table.decisions.append(f"The currency {code} stands in the name {shown(name)!r}.")
                return str(code)
    return ""


def _currency_of_signs(table: Table, columns: list[int]) -> str:
    for column in columns:
        for text in table.texts(column)[:50]:
            for sign, code in SYMBOLS.items():
                if sign in text:
                    how = f"The sign {sign} beside the amounts was read as {code}."
                    table.decisions.append(how)
                    if sign in UNSURE_SYMBOLS:
                        table.doubt(Caution.UNKNOWN_CURRENCY, how)
                    return code
            if (match := re.search(r"\b[A-Z]{3}\b", text)) and decimals(match[0]) is not None:
                return match[0]
    return ""


def _find_the_rest(table: Table, found: dict[str, Any]) -> None:
    """Find what is good to know: texts, the other side, references."""
    for column in table.named("valued"):
        texts = table.texts(column)
        if texts and all(parts_of(text) is not None for text in texts):
            _take(table, found, "valued", column)
            break
    for column in table.named("account"):
        if _is_own(table, column):
            _take(table, found, "account", column)
            break
    for role in ("counterparty_account", "counterparty", "bank_id", "reference"):
        for column in table.named(role):
            texts = table.texts(column)
            if not texts or (role == "bank_id" and len(set(texts)) < len(table.data)):
                continue
            _take(table, found, role, column)
            break
    told = [column for column in table.named("description") if table.texts(column)]
    if not told and found.get("counterparty") is None:
        told = [
            column
            for column in range(table.width)
            if column not in table.taken
            and any(any(map(str.isalpha, text)) for text in table.texts(column))
        ][:3]
    table.taken |= set(told)
    found["description"] = tuple(sorted(told))
    for column in table.named("kind"):
        _take(table, found, "kind", column)
        break


def _is_own(table: Table, column: int) -> bool:
    """Return whether a column names the account that the lines belong to, not the other side's.

    It stands in every row. A name that could also be the other side's must not change.
    """
    texts = table.texts(column)
    different = len(set(texts))
    if len(texts) < len(table.data) or different > ACCOUNTS_MAX:
        return False
    if "counterparty_account" in words.roles(table.header[column]):
        return different == 1 and len(texts) > 1
    return different == 1 or different * 2 <= len(texts)


def _take(table: Table, found: dict[str, Any], role: str, column: int) -> None:
    found[role] = column
    table.taken.add(column)
