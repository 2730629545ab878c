"""Export: a table as a file to be saved, in the format that was asked for."""

from __future__ import annotations

import re
from enum import StrEnum
from importlib import import_module

from nexafi.kernel import files
from nexafi.kernel.files.table import Table
from nexafi.kernel.web.downloads import Download


class Format(StrEnum):
    """How a report is answered."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


def export(table: Table, format_: Format) -> Download:
    """Return *table* as a file that is named after what it shows."""
    writer = import_module(f"{files.__name__}.{format_}")  # when first asked for: they load slowly
    charset = "; charset=utf-8" if format_ is Format.CSV else ""
    said = f"{table.title} {table.period}".lower()
    name = re.sub(r"[^a-z0-9]+", "-", said).strip("-")[:100]
    return Download(writer.write(table), f"{writer.MEDIA_TYPE}{charset}", f"{name}.{format_}")
