"""Uploads: a file that came with a request, on disk when it is large."""

from __future__ import annotations

import os
from typing import BinaryIO, cast

from werkzeug.datastructures import FileStorage

UPLOAD_BYTES_MAX = 250 * 1024 * 1024
"""How much a request with a file may hold, unless its route says otherwise."""


class Upload:
    """A file of a request; it lives as long as the request does."""

    def __init__(self, file: FileStorage) -> None:
        self._stream = cast("BinaryIO", file.stream)
        self.name: str = file.filename or ""
        """What the sender calls it; never a path of ours."""
        self.size: int = self._stream.seek(0, os.SEEK_END)
        """In bytes."""
        self._stream.seek(0)

    def read(self) -> bytes:
        """Return the whole content, from the beginning."""
        self._stream.seek(0)
        return self._stream.read()

    def open(self) -> BinaryIO:
        """Return the content as a stream, at its beginning."""
        self._stream.seek(0)
        return self._stream
