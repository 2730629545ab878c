"""Searching the log: the latest lines that fit, read from the end in large blocks.

A line is looked at as bytes first, for what it must have in it: to read the
JSON of a gigabyte takes minutes, to look for an id in it less than a second.
Lines of several processes stand in the order in which they were written, which
may differ from their times by `SLACK`.
"""

from __future__ import annotations

import json
import mmap
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final

from nexafi.kernel.watch import logfile

BLOCK: Final = 4 * 2**20
SLACK: Final = timedelta(seconds=5)
"""By how much a line may stand behind one that is younger: one waits a moment, a clock is set."""

LEVELS: Final = ("debug", "info", "warning", "error", "critical")
POLL_S: Final = 0.25

_STAMP: Final = re.compile(rb'"@timestamp": ?"([^"]+)"')

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a line must be to be found; what is None is not asked."""

    request_id: str | None = None
    trace_id: str | None = None
    level: str | None = None
    """The least."""
    service: str | None = None
    """Without ``nexafi-``."""
    organization: str | None = None
    user: str | None = None
    text: str | None = None
    """Anywhere in the line, in any case."""
    since: datetime | None = None
    until: datetime | None = None

    def fits(self, line: Line) -> bool:
        """Return whether *line* is wanted."""
        exact = {
            "http.request.id": self.request_id,
            "trace.id": self.trace_id,
            "service.name": self.service and f"nexafi-{self.service}",
            "organization.id": self.organization,
            "user.id": self.user,
        }
        if any(value is not None and line.get(name) != value for name, value in exact.items()):
            return False
        if self.level is not None:
            level = str(line.get("log.level"))
            if level in LEVELS and LEVELS.index(level) < LEVELS.index(self.level):
                return False
        moment = when(line)
        if self.since and (moment is None or moment < self.since):
            return False
        return self.until is None or (moment is not None and moment <= self.until)

    def may_fit(self) -> Callable[[bytes], bool]:
        """Return what tells by its bytes alone that a block or line cannot fit."""
        exact = (self.request_id, self.trace_id, self.organization, self.user, self.service)
        needles = [_in_json(each) for each in exact if each is not None]
        text = _in_json(self.text).lower() if self.text else b""
        is_grave = self.level in {"error", "critical"}

        def may(part: bytes) -> bool:
            if not all(needle in part for needle in needles):
                return False
            if is_grave and b'"error"' not in part and b'"critical"' not in part:
                return False
            return not text or text in part.lower()

        return may


def when(line: Line) -> datetime | None:
    """Return the moment of *line*, or None if it says none."""
    return _moment(str(line.get("@timestamp", "")))


def latest(path: Path, wanted: Wanted, limit: int) -> list[Line]:
    """Return the latest *limit* lines of the log at *path* that fit, the oldest first."""
    found: list[Line] = []
    for line in backwards(path, wanted):
        found.append(line)
        if len(found) >= limit:
            break
    found.reverse()
    found.sort(key=lambda line: str(line.get("@timestamp", "")))
    return found


def backwards(path: Path, wanted: Wanted) -> Iterator[Line]:
    """Return all lines that fit, the last written first."""
    may_fit = wanted.may_fit()
    for file in reversed(logfile.files(path)):
        try:
            with file.open("rb") as stream:
                begin, end = _span(stream, wanted)
                if begin is None:
                    return
                for block in _blocks(stream, begin, end):
                    if may_fit(block):
                        yield from _fitting(block, wanted, may_fit)
        except FileNotFoundError:
            continue  # it was put aside or removed meanwhile


def following(
    path: Path, wanted: Wanted, *, is_over: Callable[[], bool] = lambda: False
) -> Iterator[Line]:
    """Return the lines that fit and are written from now on, as they come, until *is_over*."""
    may_fit = wanted.may_fit()
    stream: BinaryIO | None = None
    rest = b""
    try:
        if path.exists():
            stream = path.open("rb")
            stream.seek(0, os.SEEK_END)
        while True:
            part = stream.read(BLOCK) if stream else b""
            if part:
                whole, newline, rest = (rest + part).rpartition(b"\n")
                if newline:
                    yield from reversed(list(_fitting(whole, wanted, may_fit)))
                continue
            if is_over():
                return
            if stream is None:
                stream = _opened(logfile.files(path)[:1])
            elif further := logfile.after(path, stream.fileno()):
                # A line may still have come to the end of the file that was put aside.
                if left := stream.read():
                    yield from reversed(list(_fitting(rest + left, wanted, may_fit)))
                stream.close()
                stream, rest = _opened([further]), b""
                continue
            time.sleep(POLL_S)
    finally:
        if stream is not None:
            stream.close()


def _fitting(block: bytes, wanted: Wanted, may_fit: Callable[[bytes], bool]) -> Iterator[Line]:
    """Return the lines of a block that fit, the last first."""
    for raw in reversed(block.split(b"\n")):
        if raw and may_fit(raw) and (line := parsed(raw)) is not None and wanted.fits(line):
            yield line


def parsed(raw: bytes) -> Line | None:
    """Return a line as an object, or None if it is none: half a line, or none of ours."""
    try:
        line = json.loads(raw)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None


def _blocks(stream: BinaryIO, begin: int, end: int) -> Iterator[bytes]:
    """Return what lies between, in blocks of whole lines, the last first."""
    rest = b""
    while end > begin:
        start = max(begin, end - BLOCK)
        stream.seek(start)
        block = stream.read(end - start) + rest
        end = start
        if start > begin:
            rest, newline, block = block.partition(b"\n")
            if not newline:
                continue  # a line that is longer than a block: rest grows
        yield block


def _span(stream: BinaryIO, wanted: Wanted) -> tuple[int | None, int]:
    """Return between which offsets lines of the wanted time may be; None: all before is older."""
    end = os.fstat(stream.fileno()).st_size
    if end == 0 or not (wanted.since or wanted.until):
        return 0, end
    with mmap.mmap(stream.fileno(), end, access=mmap.ACCESS_READ) as view:
        begin = _first_after(view, wanted.since - SLACK) if wanted.since else 0
        if wanted.until:
            end = _first_after(view, wanted.until + SLACK)
        if begin >= len(view):
            return None, end
        return begin, end


def _first_after(view: mmap.mmap, moment: datetime) -> int:
    """Return the offset of the first line that is not older than *moment*, by halving."""
    low, high = 0, len(view)
    while low < high:
        middle = (low + high) // 2
        start = view.rfind(b"\n", 0, middle) + 1
        found = _STAMP.search(view, start)
        stamp = _moment(found[1].decode("ascii", "replace")) if found else None
        if stamp is not None and stamp < moment:
            after = view.find(b"\n", max(middle, found.end() if found else 0))
            low = len(view) if after < 0 else after + 1
        else:
            high = min(start, middle)
    return low


def _moment(stamp: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _in_json(text: str) -> bytes:
    """Return *text* as it stands within a JSON string of our log."""
    return json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", errors="backslashreplace")


def _opened(paths: list[Path]) -> BinaryIO | None:
    """Return the one file of *paths*, if it is there still."""
    try:
        return paths[0].open("rb") if paths else None
    except FileNotFoundError:
        return None
