"""Uploads: a file that came with a request, on disk when it is large."""

from __future__ import annotations

import os
from functools import cached_property
from typing import IO, Any, BinaryIO, cast

from flask import Request
from typing_extensions import override
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


class Tidy(Request):
    """A request that closes the files that came with it, even when it could not be read whole."""

    @cached_property
    def _opened(self) -> list[IO[bytes]]:
        return []

    @override
    def _get_file_stream(self, *args: Any, **kwargs: Any) -> IO[bytes]:
        stream = super()._get_file_stream(*args, **kwargs)
        self._opened.append(stream)
        return stream

    @override
    def close(self) -> None:
        super().close()
        for stream in self._opened:
            stream.close()
