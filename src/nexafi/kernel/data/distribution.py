"""Distribution: what Citus is told, so that the rows of an organization stay together on one node.

Whatever has an organization at the begin of its key is spread by it, all tables
of a service in one group, so that every join, constraint, trigger and function
finds what it needs where it runs. What the service knows of organizations is on
every node. What belongs to nobody (news on its way, leases) stays where the
relay is: on the coordinator.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import psycopg
from sqlalchemy import MetaData, Table

from nexafi.kernel.data.database import Database
from nexafi.kernel.data.tables import Organization

KEY: Final = "organization_id"
ARGUMENTS: Final = frozenset({"organization", KEY})
"""How a function of ours calls the organization that it works for."""

FUNCTIONS: Final = """
SELECT p.proname, pg_get_function_identity_arguments(p.oid) AS declared,
       COALESCE(p.proargnames, '{}') AS names
  FROM pg_proc AS p
 WHERE p.pronamespace = current_schema()::regnamespace AND p.prokind = 'f'
 ORDER BY p.proname
"""

_SHAPE: Final = re.compile(
    r"\(\s*(?:\w+ (?:uuid|text|date|jsonb|bigint|integer|timestamptz|boolean)\s*,?\s*)+\)"
)
"""What a set that a function returns looks like: columns with types, and no tables."""


_TEXT: Final = re.compile(r"--[^\n]*|\bE'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'")
"""A remark, or what is written out as a value: the words in it are no names of tables."""


class Spread(StrEnum):
    """Where the rows of a table are."""

    BY_ORGANIZATION = "distributed"
    EVERYWHERE = "reference"
    COORDINATOR = "local"


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the database."""

    name: str
    declared: str
    """Its arguments, as PostgreSQL tells functions apart."""
    names: Sequence[str]

    @property
    def types(self) -> str:
        """Return the types of its arguments alone."""
        parts = [part.strip() for part in self.declared.split(",") if part.strip()]
        return ", ".join(part.partition(" ")[2] or part for part in parts)

    @property
    def by(self) -> str | None:
        """Return which argument names the organization, if one does."""
        return next((name for name in self.names if name in ARGUMENTS), None)


def spread(table: Table) -> Spread:
    """Return where the rows of *table* go."""
    if table.name == Organization.__tablename__ and "base_currency" in table.c:
        return Spread.EVERYWHERE
    first = next(iter(table.primary_key.columns), None)
    return Spread.BY_ORGANIZATION if first is not None and first.name == KEY else Spread.COORDINATOR


def tables(database: Database) -> list[Table]:
    """Return all tables of a service and of the kernel, each after those that it refers to."""
    together = MetaData()
    for base in database.bases:
        for table in base.metadata.tables.values():
            table.to_metadata(together)
    return together.sorted_tables


def functions(driver: psycopg.Connection[Any]) -> list[Function]:
    """Return the functions of a service, as its migrations made them."""
    return [Function(*row) for row in driver.execute(FUNCTIONS).fetchall()]


def plan(database: Database, found: Sequence[Function]) -> list[str]:
    """Return the statements, in their order, that spread the tables and functions of a service."""
    ordered = tables(database)
    group = next((t.name for t in ordered if spread(t) is Spread.BY_ORGANIZATION), None)
    return [*_of_tables(ordered, group), *_of_functions(found, group)]


def _of_tables(ordered: Sequence[Table], group: str | None) -> Iterator[str]:
    for kind in (Spread.EVERYWHERE, Spread.BY_ORGANIZATION, Spread.COORDINATOR):
        for table in ordered:
            if spread(table) is not kind:
                continue
            if kind is Spread.EVERYWHERE:
                yield f"SELECT create_reference_table('{table.name}')"
            elif kind is Spread.COORDINATOR:
                yield f"SELECT citus_add_local_table_to_metadata('{table.name}')"
            else:
                near = "none" if table.name == group else group
                yield (
                    f"SELECT create_distributed_table('{table.name}', '{KEY}',"
                    f" colocate_with => '{near}')"
                )


def _of_functions(found: Sequence[Function], group: str | None) -> Iterator[str]:
    for function in found:
        named = f"{function.name}({function.types})"
        if function.by is None or group is None:
            yield f"SELECT create_distributed_function('{named}')"
        else:
            yield (
                f"SELECT create_distributed_function('{named}',"
                f" distribution_arg_name => '{function.by}', colocate_with => '{group}',"
                f" force_delegation => true)"
            )


def ground(name: str) -> list[str]:
    """Return what is run once in database *name*, as its administrator."""
    return [
        "CREATE EXTENSION IF NOT EXISTS citus",
        # for whom a transaction works is said by SET LOCAL, and the wall stands on every node
        f"ALTER DATABASE {name} SET citus.propagate_set_commands = 'local'",
        # our triggers look only at rows of the organization of the row that fired them
        f"ALTER DATABASE {name} SET citus.enable_unsafe_triggers = on",
    ]


def stays_inside(statement: str, spread_tables: Sequence[str]) -> str | None:
    """Return which table *statement* reads or writes without naming the organization, or None.

    Each time that a table is named, the organization of that very table must be
    compared or, where rows are inserted, given.
    """
    plain = " ".join(_TEXT.sub(" '' ", statement).replace('"', "").split())
    plain = _SHAPE.sub(" ", plain)
    names = "|".join(map(re.escape, sorted(spread_tables, key=len, reverse=True)))
    target = re.compile(rf"\b(FROM|JOIN|UPDATE|USING|INTO|,)\s+(?:ONLY\s+)?(?:\w+\.)?({names})\b"
                        r"(?:\s+(?:AS\s+)?(?!SET\b|WHERE\b|ON\b|JOIN\b|LEFT\b|CROSS\b|VALUES\b"
                        r"|SELECT\b|GROUP\b|ORDER\b|LIMIT\b|FOR\b|USING\b|RETURNING\b|INNER\b)"
                        r"(\w+))?(\s*\([^)]*\))?", re.IGNORECASE)  # fmt: skip
    for found in target.finditer(plain):
        word, table, alias, columns = found.groups()
        if word.upper() == "INTO":
            if columns is None or KEY not in columns:
                return table
            continue
        whose = alias or table
        compared = rf"(?:\b{whose}\.{KEY}\s*=|=\s*{whose}\.{KEY}\b)"
        bare = rf"(?<![.\w]){KEY}\s*="
        is_named = re.search(compared, plain, re.IGNORECASE)
        if not is_named and not (alias is None and re.search(bare, plain, re.IGNORECASE)):
            return f"{table} as {whose}"
    return None
