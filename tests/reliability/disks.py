"""Small disks, and other ways to have no room."""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.postgreses import is_root
from tests.reliability.platform import Platform

MIB = 2**20


def may_mount() -> bool:
    """Return whether a small disk can be mounted here."""
    return is_root() and shutil.which("mount") is not None


needs_mount = pytest.mark.skipif(not may_mount(), reason="only root may mount a small disk")


@contextmanager
def mounted(place: Path, mib: int) -> Iterator[None]:
    """Mount a disk of so many MiB, in memory, at *place*."""
    place.mkdir()
    mount, umount = shutil.which("mount") or "mount", shutil.which("umount") or "umount"
    subprocess.run([mount, "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", place], check=True)
    try:
        yield
    finally:
        subprocess.run([umount, "--lazy", place], check=True)


@dataclass
class Disk:
    """A disk that can be filled to the last byte, and emptied again."""

    place: Path

    def fill(self) -> None:
        """Leave no room at all."""
        with (self.place / "filler").open("wb", buffering=0) as filler:
            for size in (65_536, 4_096, 1):
                try:
                    while filler.write(b"\0" * size):
                        pass
                except OSError:
                    continue

    def make_room(self) -> None:
        """Take away what fills it."""
        (self.place / "filler").unlink()


@dataclass
class Quota:
    """What a disk quota does to one process, for who may not mount: no file grows any further."""

    platform: Platform

    def fill(self) -> None:
        """Let no file of the ledger grow beyond what its log of writes has now."""
        sizes = [each.stat().st_size for each in self.platform.data.glob("ledger.db*")]
        self._limit(max(sizes) + 1)

    def make_room(self) -> None:
        """Let them grow again."""
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        pid = self.platform.pids()["ledger"]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
