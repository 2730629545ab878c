"""What a migration may not do to a table that others are using, found in its source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

MARK = re.compile(r"#\s*unsafe:\s*\S.{9,}")
"""``# unsafe: the table is empty until the next release`` on the line, or on the one above."""

TABLE_FIRST = {"drop_column", "drop_table", "rename_table", "add_column", "alter_column"}
"""Operations whose first argument is the table; of the others it is the second."""

WHOLE_TABLE = {
    "create_index": "writers wait for it: build_index()",
    "drop_column": "code that still runs names it: remove it one release later",
    "drop_table": "code that still runs names it: remove it one release later",
    "rename_table": "code that still runs calls it by its old name",
    "create_unique_constraint": "it reads the whole table under a lock: build_index(unique=True)",
    "create_check_constraint": "it reads the whole table under a lock: NOT VALID, then VALIDATE",
    "create_foreign_key": "it reads the whole table under a lock: NOT VALID, then VALIDATE",
    "create_primary_key": "it reads the whole table under a lock",
    "create_exclude_constraint": "it reads the whole table under a lock",
}
IN_TEXT = {
    r"\bCREATE\s+(UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY)": "writers wait for it: build_index()",
    r"\bALTER\s+TABLE\b[^;]*\bTYPE\b": "the table is written anew under a lock",
    r"\bALTER\s+TABLE\b[^;]*\bRENAME\b": "code that still runs calls it by its old name",
    r"\bALTER\s+TABLE\b[^;]*\bDROP\s+COLUMN\b": "code that still runs names it",
    r"\bDROP\s+TABLE\b": "code that still runs names it",
    r"\bALTER\s+TABLE\b[^;]*\bSET\s+NOT\s+NULL\b": "it reads the whole table: require()",
    r"\bALTER\s+TABLE\b[^;]*\bADD\s+(CONSTRAINT\s+\w+\s+)?(CHECK|FOREIGN|UNIQUE)\b"
    r"(?![^;]*NOT\s+VALID)": "it reads the whole table under a lock: NOT VALID, then VALIDATE",
    r"^\s*(UPDATE|DELETE\s+FROM)\s+\w+": "all rows in one transaction: fill()",
    r"\bLOCK\s+TABLE\b": "everybody waits",
}


def unsafe(source: str) -> Iterator[tuple[int, str]]:
    """Yield each line of a migration that is unsafe without saying why it may be, and why it is.

    A table that the migration itself makes is nobody's yet. The first migration
    of a branch makes all of them.
    """
    tree = ast.parse(source)
    if _is_first(tree):
        return
    lines = source.splitlines()
    own = {_text(call, 0, "table_name") for call in _calls(tree) if _name(call) == "create_table"}
    for call in _calls(tree):
        if (why := _why(call, own)) is not None and not _is_excused(call, lines):
            yield call.lineno, why


def _why(call: ast.Call, own: set[str | None]) -> str | None:
    name = _name(call)
    if _text(call, 0 if name in TABLE_FIRST else 1, "table_name") in own:
        return None
    ways = {"add_column": _why_not_added, "alter_column": _why_not_altered}
    ways |= dict.fromkeys(("execute", "exec_driver_sql", "text"), _why_not_run)
    return ways[name](call) if name in ways else WHOLE_TABLE.get(name)


def _why_not_altered(call: ast.Call) -> str | None:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if "type_" in given:
        return "the table is written anew under a lock: add a column, fill() it, then use it"
    if "new_column_name" in given:
        return "code that still runs calls it by its old name"
    if "nullable" in given and _is(given["nullable"], value=False):
        return "it reads the whole table under a lock: require()"
    return None


def _why_not_run(call: ast.Call) -> str | None:
    said = _text(call, 0, "sqltext") or ""
    how = re.IGNORECASE | re.MULTILINE
    return next((why for shape, why in IN_TEXT.items() if re.search(shape, said, how)), None)


def _why_not_added(call: ast.Call) -> str | None:
    for column in (each for each in call.args if isinstance(each, ast.Call)):
        given = {keyword.arg: keyword.value for keyword in column.keywords}
        is_needed = "nullable" in given and _is(given["nullable"], value=False)
        if is_needed and "server_default" not in given:
            return "rows that are there have no value: server_default, or fill() and require()"
    return None


def _is_first(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == "down_revision" for t in node.targets)
        and _is(node.value, value=None)
        for node in tree.body
    )


def _is_excused(call: ast.Call, lines: list[str]) -> bool:
    last = call.end_lineno or call.lineno
    around = lines[max(call.lineno - 2, 0) : last]
    return any(MARK.search(line) for line in around)


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _text(call: ast.Call, place: int, keyword: str) -> str | None:
    found = [k.value for k in call.keywords if k.arg == keyword]
    node = found[0] if found else (call.args[place] if len(call.args) > place else None)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(p.value) for p in node.values if isinstance(p, ast.Constant))
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is(node: ast.AST, *, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value
