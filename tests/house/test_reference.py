"""The reference says what the code says: settings, commands, calls and events."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts import reference

PAGES = reference.pages()
DOCS = reference.FOLDER.parent


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(DOCS.parent)))
def test_a_page_that_is_written_from_the_code_is_as_the_code_is_now(path: Path):
    assert path.read_text(encoding="utf-8") == PAGES[path], "run: make docs"


def test_no_event_is_described_that_nobody_tells_any_more():
    described = set((DOCS / "events").glob("*.json"))

    assert described == {path for path in PAGES if path.parent.name == "events"}
    assert len(described) >= 2
