"""Who is signed in on this machine: one platform at a time, in a file that nobody else can read."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import typer

MODE = 0o600


@dataclass(frozen=True)
class SignedIn:
    """A platform, and the tokens with which one is signed in there."""

    url: str
    email: str
    access_token: str
    refresh_token: str
    expires_at: float
    """Of the access token, in seconds since 1970."""

    def renewed(self, tokens: Mapping[str, Any]) -> SignedIn:
        """Return the same with the *tokens* that were answered to a refresh."""
        return replace(
            self,
            access_token=tokens["access_token"],
            refresh_token=tokens["refresh_token"],
            expires_at=time.time() + tokens["expires_in"],
        )


def place() -> Path:
    """Return where the sign-in is kept: in the folder of the user's own settings."""
    return Path(typer.get_app_dir("nexafi")) / "signed-in.json"


def found() -> SignedIn | None:
    """Return who is signed in, or None."""
    try:
        return SignedIn(**json.loads(place().read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def keep(signed: SignedIn) -> None:
    """Keep a sign-in, whole or not at all, for the eyes of this user only."""
    where = place()
    where.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = where.with_name(f"{where.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(signed), file)
    draft.replace(where)


def forget() -> None:
    """Forget who is signed in."""
    place().unlink(missing_ok=True)
