"""Export: a table as a file to be saved, in the format that was asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

from nexafi.kernel.files import csv, pdf, xlsx
from nexafi.kernel.files.table import Table
from nexafi.kernel.web.downloads import Download


class Format(StrEnum):
    """How a report is answered."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


WRITERS: dict[Format, tuple[str, Callable[[Table], bytes]]] = {
    Format.CSV: (f"{csv.MEDIA_TYPE}; charset=utf-8", csv.write),
    Format.XLSX: (xlsx.MEDIA_TYPE, xlsx.write),
    Format.PDF: (pdf.MEDIA_TYPE, pdf.write),
}


def export(table: Table, format_: Format) -> Download:
    """Return *table* as a file that is named after what it shows."""
    media_type, write = WRITERS[format_]
    said = f"{table.title} {table.period}".lower()
    name = re.sub(r"[^a-z0-9]+", "-", said).strip("-")[:100]
    return Download(write(table), media_type, f"{name}.{format_}")
