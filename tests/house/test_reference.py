"""The reference says what the code says."""

from __future__ import annotations

import pytest
from scripts import reference


@pytest.mark.parametrize("page", ["settings", "commands"])
def test_a_page_that_is_written_from_the_code_is_as_the_code_is_now(page: str):
    written = (reference.FOLDER / f"{page}.md").read_text(encoding="utf-8")

    assert written == getattr(reference, page)(), "run: make docs"
