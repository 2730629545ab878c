"""The part of `.env` that is ours: between two marks, for its owner alone; all else stays."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

BEGIN: Final = "# --- written by infrastructure/start-infrastructure.sh; changes here are lost"
END: Final = "# --- end of what it writes"
_OURS = re.compile(rf"^{re.escape(BEGIN)}\n(.*?)^{re.escape(END)}\n?", re.DOTALL | re.MULTILINE)
_NAME = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=", re.MULTILINE)


def ours(path: Path) -> dict[str, str]:
    """Return what we wrote before."""
    found = _OURS.search(_text(path))
    lines = found[1].splitlines() if found else []
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def foreign(path: Path) -> set[str]:
    """Return the names of what others set in the file."""
    return set(_NAME.findall(_OURS.sub("", _text(path))))


def write(path: Path, values: Mapping[str, str]) -> list[str]:
    """Set *values* in our part, and nothing that others set; return the names of those.

    The file is replaced in one step and is from then on for its owner alone: passwords are in it.
    One that would not change is not touched.
    """
    theirs = foreign(path)
    before = _text(path)
    rest = _OURS.sub("", before)
    lines = [f"{name}={value}" for name, value in values.items() if name not in theirs]
    if rest and not rest.endswith("\n"):
        rest += "\n"
    text = rest + ("\n".join([BEGIN, *lines, END]) + "\n" if lines else "")
    if text != before:
        made = path.with_name(f"{path.name}.new")
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        made.replace(path)
    elif lines:
        path.chmod(0o600)
    return sorted(theirs & set(values))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
