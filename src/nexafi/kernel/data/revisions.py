"""Revisions: whether a database is as this code expects it.

Asked at every start and by every look at readiness, so it reads the migrations
as text: to load what runs them takes longer than all else at the start.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import String, column, inspect, select, table

from nexafi.kernel.data.database import Database

BRANCHES = ("nexafi.kernel.data.migrations", "nexafi.{service}.migrations")
VERSIONS = table("alembic_version", column("version_num", String))
_NAMES = re.compile(r"^(revision|down_revision)\b[^=]*=\s*(.+?)\s*(?:#.*)?$", re.MULTILINE)
_QUOTED = re.compile(r"[\"']([^\"']+)[\"']")


def behind(database: Database) -> str | None:
    """Return what is missing until *database* is as the code expects it, or None."""
    wanted = heads(database.service)
    with database.survey() as survey:  # as one who reads: a check must not wait for writers
        connection = survey.session.connection()
        is_there = inspect(connection).has_table(VERSIONS.name)
        found = set(connection.scalars(select(VERSIONS))) if is_there else set()
    if found == wanted:
        return None
    if not found:
        return "the database is empty: run `nexafi migrate`"
    missing = ", ".join(sorted(wanted - found)) or "none, it is newer than this code"
    return f"migrations are missing ({missing}): run `nexafi migrate`"


def bystander(database: Database) -> tuple[float, bool]:
    """Return what an operator should know of a PostgreSQL server.

    How many seconds its clock is ahead of ours, and whether those who make
    requests come as a role that row-level security does not bind.
    """
    with database.engine.connect() as connection:
        rights = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
        is_above = bool(connection.exec_driver_sql(rights).scalar_one())
        now = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        return (now - database.clock()).total_seconds(), is_above


@cache
def heads(service: str) -> frozenset[str]:
    """Return the newest revisions that this code has for *service*, one for each branch."""
    made: set[str] = set()
    followed: set[str] = set()
    for branch in BRANCHES:
        for text in _versions(branch.format(service=service)):
            for name, value in _NAMES.findall(text):
                (made if name == "revision" else followed).update(_QUOTED.findall(value))
    return frozenset(made - followed)


@cache
def known(service: str) -> frozenset[str]:
    """Return every revision that this code has for *service*."""
    return frozenset(
        revision
        for branch in BRANCHES
        for text in _versions(branch.format(service=service))
        for name, value in _NAMES.findall(text)
        if name == "revision"
        for revision in _QUOTED.findall(value)
    )


def _versions(package: str) -> list[str]:
    """Return the text of each migration of *package*, which is not imported."""
    parent, _, name = package.rpartition(".")
    spec = find_spec(parent)
    folders = spec.submodule_search_locations if spec else None
    assert folders, f"there is no {parent}"
    files = [p for f in folders for p in (Path(f) / name / "versions").glob("*.py")]
    return [file.read_text(encoding="utf-8") for file in files if file.name != "__init__.py"]
