"""Real files that tests read and that are not ours to copy into the project.

They lie beside the project, in `../shared/data`. Where they are missing a test that needs them is
skipped and says so; with CI=true it fails instead, so that no build is green without them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
PLACES = [folder / "shared" / "data" for folder in (PROJECT.parent, PROJECT.parents[1])]


def found(name: str) -> Path | None:
    """Return the folder *name* of the shared data, or None: for parametrize, which cannot skip."""
    return next((place / name for place in PLACES if (place / name).is_dir()), None)


def shared(name: str) -> Path:
    """Return the folder *name* of the shared data, such as ``shared("bank")``."""
    folder = found(name)
    if folder is not None:
        return folder
    reason = f"../shared/data/{name} is not beside the project"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def shared_files(name: str, pattern: str = "*.*") -> list[object]:
    """Return the files of a shared folder, one parameter each (`pytest.mark.parametrize`)."""
    folder = found(name)
    if folder is not None:
        return [pytest.param(path, id=path.name) for path in sorted(folder.glob(pattern))]
    if os.environ.get("CI") == "true":
        pytest.fail(f"../shared/data/{name} is not beside the project", pytrace=False)
    skip = pytest.mark.skip(reason=f"../shared/data/{name} is not beside the project")
    return [pytest.param(None, id=f"{name} is missing", marks=skip)]
