"""Breaches: what it means to a caller that the database refused something."""

from __future__ import annotations

import json
import re
from typing import Any

from sqlalchemy.exc import IntegrityError

from nexafi.kernel.errors import Problem


def meaning(error: IntegrityError, service: str) -> Problem | None:
    """Return the problem of *service* that guards what was breached, or None: a defect."""
    constraint, detail, facts = _what(error)
    kind = Problem.guarded_by(constraint, service)
    return None if kind is None else kind(detail or f"{kind.title}.", **facts)


def _what(error: IntegrityError) -> tuple[str, str, dict[str, Any]]:
    """Return the name of the constraint, and what our own guard says and knows of it.

    PostgreSQL names each constraint. SQLite names a check and what a trigger of
    ours refuses, but of a unique constraint the columns only, from which the
    naming convention gives the same name.
    """
    if diagnosis := getattr(error.orig, "diag", None):
        facts = diagnosis.message_detail or ""
        ours = facts.startswith("{")  # a guard of ours; see the function `breach`
        name = str(diagnosis.constraint_name)
        return name, (diagnosis.message_primary if ours else ""), json.loads(facts) if ours else {}
    kind, failed, what = str(error.orig).partition(" constraint failed: ")
    if not failed:
        return kind, "", {}  # a guard of ours names itself
    if kind != "UNIQUE":
        return (what if kind == "CHECK" else ""), "", {}
    columns = re.findall(r"(\w+)\.(\w+)", what)
    name = "_".join(["uq", columns[0][0], *(column for _, column in columns)]) if columns else ""
    return name, "", {}
