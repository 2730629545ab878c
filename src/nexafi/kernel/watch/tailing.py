"""Tailing: the lines of the log after a kept place, so that none is passed over or told twice.

A file is known by its first line, whatever it is called by now. The place in each
is kept beside the log once its lines are out of our hands; all files are looked at
each time, because a line may still come to one that was put aside.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from nexafi.kernel.watch import logfile

HEAD_MAX: Final = 65_536
"""A first line that is longer is known by its beginning."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A line as it stands in the log."""

    id: str
    """The same whenever it is read."""
    text: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines of one file, and where they end."""

    file: str
    end: int
    lines: list[Raw]


@dataclass(slots=True)
class _File:
    path: Path
    key: str
    size: int


@dataclass
class Tail:
    """The log at *path*, from the place that is kept in the file *place*."""

    path: Path
    place: Path
    missed_bytes: int = 0
    """Of files that were removed before they had been read whole, as far as we know."""
    _done: dict[str, int] = field(default_factory=dict)
    _sizes: dict[str, int] = field(default_factory=dict)
    _keys: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin where we were."""
        self.go_on()

    def go_on(self) -> None:
        """Go on at the place that is kept, which another may have written."""
        try:
            kept = json.loads(self.place.read_text(encoding="utf-8"))
            self._done = {str(key): int(offset) for key, offset in kept["read"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._done = {}  # from the beginning: what is told again is known by its ids

    def next(self, lines_max: int, bytes_max: int) -> Batch | None:
        """Return what comes next, of the oldest file that has something; None if there is none."""
        for file in self._look():
            begin = self._done.get(file.key, 0)
            if file.size > begin and (batch := _read(file, begin, lines_max, bytes_max)):
                return batch
        return None

    def done(self, batch: Batch) -> None:
        """Keep the place: all of *batch* is out of our hands."""
        self._done[batch.file] = batch.end
        draft = self.place.with_suffix(".draft")
        draft.write_text(json.dumps({"read": self._done}), encoding="utf-8")
        draft.replace(self.place)

    def behind_bytes(self) -> int:
        """Return how much has been written and not been read."""
        return sum(max(0, f.size - self._done.get(f.key, 0)) for f in self._look())

    def _look(self) -> list[_File]:
        """Return all files, the oldest first, and forget those that are gone."""
        found = [file for path in logfile.files(self.path) if (file := self._known(path))]
        sizes = {file.key: file.size for file in found}
        for key, size in self._sizes.items():
            if key not in sizes:
                self.missed_bytes += max(0, size - self._done.get(key, 0))
        self._sizes = sizes
        self._done = {key: offset for key, offset in self._done.items() if key in sizes}
        return found

    def _known(self, path: Path) -> _File | None:
        """Return a file by its first line, or None while it has none."""
        try:
            with path.open("rb") as stream:
                size = os.fstat(stream.fileno()).st_size
                if (key := self._keys.get(path.name)) is None:
                    head = stream.read(HEAD_MAX)
                    if b"\n" not in head and len(head) < HEAD_MAX:
                        return None
                    key = hashlib.sha256(head.partition(b"\n")[0]).hexdigest()[:20]
                    if path != self.path:  # that name stands for another file tomorrow
                        self._keys[path.name] = key
                return _File(path, key, size)
        except FileNotFoundError:
            return None


def _read(file: _File, begin: int, lines_max: int, bytes_max: int) -> Batch | None:
    """Return whole lines from *begin* on, at least one if there is one."""
    try:
        with file.path.open("rb") as stream:
            stream.seek(begin)
            lines: list[Raw] = []
            end = begin
            for raw in _whole(stream):
                if len(lines) >= lines_max or (lines and end - begin + len(raw) > bytes_max):
                    break
                if raw.strip():
                    lines.append(Raw(f"{file.key}-{end:x}", raw.rstrip(b"\n")))
                end += len(raw)
    except FileNotFoundError:
        return None
    return Batch(file.key, end, lines) if end > begin else None


def _whole(stream: BinaryIO) -> Iterator[bytes]:
    """Return lines until one is not yet whole."""
    for raw in stream:
        if not raw.endswith(b"\n"):
            return
        yield raw
