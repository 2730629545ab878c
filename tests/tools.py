"""Programs of the distribution that some tests need: visible skips without them, failures in CI."""

from __future__ import annotations

import os
import shutil

import pytest


def needs(*programs: str) -> pytest.MarkDecorator:
    """Mark a test that runs *programs*; where CI is set, one that is missing is a failure."""
    missing = [each for each in programs if shutil.which(each) is None]
    return pytest.mark.skipif(
        bool(missing) and not os.environ.get("CI"), reason=f"not installed: {', '.join(missing)}"
    )
