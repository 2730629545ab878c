"""Answers that need no writing: a file in place of JSON, or JSON that was written before."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Download:
    """A file for the caller; a handler may return it in place of its model."""

    content: bytes
    media_type: str
    """Such as ``text/csv; charset=utf-8``."""
    name: str
    """What the file is called where it is saved."""

    @property
    def disposition(self) -> str:
        """Return the Content-Disposition (RFC 6266), whose plain name is of ASCII only."""
        plain = re.sub(r'[^ -~]|["\\%;/]', "_", self.name) or "file"
        whole = quote(self.name, safe="")
        return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}"


@dataclass(frozen=True, slots=True)
class Written:
    """The JSON of the model that an endpoint gives; a handler may return it in its place."""

    content: bytes

    @classmethod
    def of(cls, model: BaseModel) -> Written:
        """Return *model* as it stands in an answer."""
        return cls(model.__pydantic_serializer__.to_json(model, by_alias=True))
