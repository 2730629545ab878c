"""The log file: many processes write it, it never grows past its size, and no line is lost.

All append to one file, each line or bundle of lines by one call of the system,
which puts it whole at the end whoever else writes. Whoever finds the file full
puts it aside under the moment's name; the others notice before their next line
that the name stands for another file now. One who was just about to write puts
that line at the end of the file put aside, where readers still look.
"""

from __future__ import annotations

import fcntl
import io
import os
import threading
import time
from pathlib import Path
from typing import Final
from weakref import WeakSet

from typing_extensions import override

NAME: Final = "nexafi.log"
MODE: Final = 0o600
BYTES_MAX: Final = 64 * 2**20
FILES_MAX: Final = 16


def files(path: Path) -> list[Path]:
    """Return the files of the log at *path*, the oldest first: those put aside, then itself."""
    aside = _aside(path)
    while True:
        current = [path] if path.exists() else []
        again = _aside(path)
        if again == aside:  # else one was put aside between our two looks, and would be missed
            return [*aside, *current]
        aside = again


def after(path: Path, descriptor: int) -> Path | None:
    """Return the file that comes after an open one, or None if that is written still.

    One that is removed meanwhile was older than all that are left.
    """
    found = files(path)
    for place, each in enumerate(found):
        if is_same(each, descriptor):
            return found[place + 1] if place + 1 < len(found) else None
    return found[0] if found else None


def is_same(path: Path, descriptor: int) -> bool:
    """Return whether *path* is the name of an open file."""
    mine = os.fstat(descriptor)
    try:
        named = os.stat(path)  # noqa: PTH116 - asked for each line: a Path costs as much again
    except FileNotFoundError:
        return False
    return (mine.st_dev, mine.st_ino) == (named.st_dev, named.st_ino)


def _aside(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.2*"))


_OPEN: WeakSet[LogFile] = WeakSet()


def failures() -> int:
    """Return how many writes of this process failed."""
    return sum(each.failures for each in list(_OPEN))


class LogFile(io.TextIOBase):
    """Where one process writes; as a text stream, for `logging`.

    Args:
        path: the file that is written now.
        bytes_max: at which size it is put aside.
        files_max: how many files there are at most; the oldest are removed.

    """

    def __init__(
        self, path: Path, *, bytes_max: int = BYTES_MAX, files_max: int = FILES_MAX
    ) -> None:
        super().__init__()
        self.path = path
        self.failures = 0
        """Writes that failed, for want of room or of rights: lines that are lost."""
        _OPEN.add(self)
        self._bytes_max = bytes_max
        self._files_max = files_max
        self._guard = threading.Lock()
        self._is_torn = False
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = self._open()

    @override
    def write(self, text: str, /) -> int:
        """Append *text*, which ends with a newline; a full disk stops nobody's work."""
        data = text.encode("utf-8", errors="backslashreplace")
        with self._guard:
            try:
                self._follow()
                self._append(data)
                if os.fstat(self._descriptor).st_size >= self._bytes_max:
                    self._put_aside()
            except OSError:
                # Carrying on: what was asked of us matters more than that it is written down.
                self.failures += 1
        return len(text)

    @override
    def writable(self) -> bool:
        return True

    @override
    def flush(self) -> None:
        """Do nothing: what is written is written."""

    @override
    def close(self) -> None:
        """Let go of the file."""
        if not self.closed:
            os.close(self._descriptor)
        super().close()

    def _open(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, MODE)

    def _append(self, data: bytes) -> None:
        """Write *data* whole; what was torn before is ended first."""
        if self._is_torn:
            data = b"\n" + data
        written = os.write(self._descriptor, data)
        self._is_torn = written < len(data)
        if self._is_torn:
            raise OSError("the disk took a part of it")

    def _follow(self) -> None:
        """Open the file anew if its name stands for another one now, or for none."""
        if not is_same(self.path, self._descriptor):
            fresh = self._open()
            os.close(self._descriptor)
            self._descriptor, self._is_torn = fresh, False

    def _put_aside(self) -> None:
        """Give the full file the name of the moment, unless another process just has."""
        with self.path.with_name(f"{self.path.name}.lock").open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not is_same(self.path, self._descriptor):
                return
            nanoseconds = time.time_ns()
            stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(nanoseconds // 1_000_000_000))
            aside = f"{self.path.name}.{stamp}.{nanoseconds % 1_000_000_000:09d}"
            self.path.rename(self.path.with_name(aside))
            for old in files(self.path)[: -(self._files_max - 1) or None]:
                old.unlink(missing_ok=True)
