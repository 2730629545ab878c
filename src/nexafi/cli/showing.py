"""What people see in a terminal: tables, amounts, and how far a long command has come."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.text import Text

NARROW = 100
"""Columns of a table where there is no terminal to ask: a pipe, a file."""


def console() -> Console:
    """Return standard output, as wide as the terminal or as a page that scripts can rely on."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=NARROW)


def beside() -> Console:
    """Return standard error, for what is said beside the answer."""
    return Console(stderr=True, highlight=False)


def amount(money: dict[str, Any] | None, *, with_currency: bool = False) -> Text:
    """Return an amount as people read it: thousands apart, red below zero, nothing if unknown."""
    if money is None:
        return Text("")
    text = grouped(str(money["amount"]))
    if with_currency:
        text += f" {money['currency']}"
    return Text(text, style="red" if text.startswith("-") else "", justify="right")


def grouped(text: str) -> str:
    """Return a decimal number with its thousands apart: ``-1,234.50``."""
    sign = "-" if text.startswith("-") else ""
    whole, point, rest = text.removeprefix("-").partition(".")
    return f"{sign}{int(whole):,}{point}{rest}"


def show_json(document: object) -> None:
    """Print one JSON document, and nothing else."""
    print(json.dumps(document, ensure_ascii=False))


class Bar:
    """How far a command has come; says nothing where nobody looks."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def doing(self, what: str) -> None:
        """Say what is being done now."""
        self._progress.update(self._task, description=what)

    def step(self, steps: int = 1) -> None:
        """Say that some of it is done."""
        self._progress.advance(self._task, steps)


@contextmanager
def bar(total: int, what: str) -> Generator[Bar]:
    """Show a bar on standard error while the block runs, if that is a terminal."""
    where = beside()
    progress = Progress(
        TextColumn("{task.description}", table_column=None),
        BarColumn(),
        MofNCompleteColumn(),
        console=where,
        transient=True,
        disable=not where.is_terminal,
    )
    with progress:
        yield Bar(progress, progress.add_task(what, total=total))
