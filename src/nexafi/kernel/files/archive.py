"""Archives: many files in one, compressed, proven, and encrypted if a key is given.

An archive is a gzipped tar that any tool can open. Its first member is
``manifest.json``, which has the SHA-256 of each other one. With a key it is
encrypted in pieces (AES-256-GCM): each piece knows its place and whether it is
the last, so none can be changed, moved, left out or cut off unseen.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from typing_extensions import override

MAGIC: Final = b"NEXAFI-ARCHIVE-1\n"
MANIFEST: Final = "manifest.json"
PIECE_BYTES: Final = 1 << 20
TAG_BYTES: Final = 16
HEAD_BYTES_MAX: Final = 4096
MANIFEST_BYTES_MAX: Final = 64 << 20
SALT_BYTES: Final = 16
PREFIX_BYTES: Final = 7
SCRYPT_N: Final = 1 << 16

Key = Callable[[str, bytes], bytes]
"""Returns the 32 bytes that a kind of key (``passphrase``, ``secret``) makes of a salt."""


class ArchiveBroken(Exception):
    """The archive is not whole, is none of ours, or another key opens it; the message says."""


def of_passphrase(passphrase: str, salt: bytes) -> bytes:
    """Return the key that follows from a passphrase; takes a quarter of a second on purpose."""
    return Scrypt(salt=salt, length=32, n=SCRYPT_N, r=8, p=1).derive(passphrase.encode())


def pack(
    folder: Path, target: Path, manifest: dict[str, Any], kind: str | None, key: Key | None
) -> dict[str, Any]:
    """Write all files of *folder* into the archive *target*; return the manifest as written.

    *target* appears only when it is whole and on disk.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    told = {str(path.relative_to(folder)): _facts(path) for path in files}
    manifest = {**manifest, "files": told}
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with open(draft, "xb", opener=_private) as file:
            sealing = _Sealing(file, kind, key) if kind and key else None
            _write(sealing or file, folder, files, manifest)
            if sealing is not None:
                sealing.end()
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def manifest(source: Path, key: Key | None) -> dict[str, Any]:
    """Return what an archive says of itself."""
    with _members(source, key, to_the_end=False) as members:
        for member, content in members:
            return _read_manifest(member, content)
    raise ArchiveBroken(f"{source} is empty.")


def unpack(source: Path, folder: Path | None, key: Key | None) -> dict[str, Any]:
    """Take an archive apart into *folder*, prove all of it, and return its manifest.

    Without a *folder* it is only proven.
    """
    told: dict[str, Any] | None = None
    left: dict[str, Any] = {}
    with _members(source, key) as members:
        for member, content in members:
            if told is None:
                told = _read_manifest(member, content)
                left = dict(told["files"])
                continue
            if (facts := left.pop(member.name, None)) is None:
                raise ArchiveBroken(f"{source} has {member.name}, which it should not have.")
            if _copy(content, folder and folder / member.name) != facts:
                raise ArchiveBroken(f"{member.name} in {source} is not what was put into it.")
    if told is None or left:
        raise ArchiveBroken(f"{source} is cut off.")
    return told


def needed_key(source: Path) -> str | None:
    """Return which kind of key opens an archive: ``passphrase``, ``secret`` or none."""
    with source.open("rb") as file:
        head = _head(file)
    return None if head is None else str(head["key"])


def _write(out: Any, folder: Path, files: list[Path], told: dict[str, Any]) -> None:  # noqa: ANN401
    with (
        gzip.GzipFile(fileobj=out, mode="wb", compresslevel=5, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        text = json.dumps(told, indent=1).encode()
        first = tarfile.TarInfo(MANIFEST)
        first.size = len(text)
        tar.addfile(first, io.BytesIO(text))
        for path in files:
            member = tarfile.TarInfo(str(path.relative_to(folder)))
            member.size = path.stat().st_size
            with path.open("rb") as content:
                tar.addfile(member, content)


@contextmanager
def _members(
    source: Path, key: Key | None, *, to_the_end: bool = True
) -> Generator[Iterator[tuple[tarfile.TarInfo, IO[bytes]]]]:
    """Yield each member with its content, in order; whatever is wrong is ArchiveBroken."""
    try:
        with source.open("rb") as file:
            head = _head(file)
            if head is not None and key is None:
                raise ArchiveBroken(f"{source} is encrypted by a {head['key']}.")
            plain: Any = file if head is None or key is None else _Opening(file, head, key)
            with (
                gzip.GzipFile(fileobj=plain, mode="rb") as zipped,
                tarfile.open(fileobj=zipped, mode="r|") as tar,
            ):
                yield ((member, _content(tar, member)) for member in tar)
                while to_the_end and zipped.read(PIECE_BYTES):
                    pass  # to the very end: what is cut off there shows only there
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, InvalidTag, OSError) as error:
        why = "another key, or it was changed" if isinstance(error, InvalidTag) else str(error)
        raise ArchiveBroken(f"{source} cannot be read ({why}).") from error


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(member) if member.isfile() else None
    if content is None or member.name.startswith(("/", "..")) or "/../" in member.name:
        raise ArchiveBroken(f"{member.name} is no file that an archive of ours has.")
    return content


def _read_manifest(member: tarfile.TarInfo, content: IO[bytes]) -> dict[str, Any]:
    if member.name != MANIFEST or member.size > MANIFEST_BYTES_MAX:
        raise ArchiveBroken("It has no manifest: it is no backup of NexaFi.")
    try:
        found: Any = json.loads(content.read())
    except ValueError as error:
        raise ArchiveBroken("Its manifest cannot be read.") from error
    if not isinstance(found, dict) or not isinstance(found.get("files"), dict):
        raise ArchiveBroken("Its manifest names no files.")
    return dict(found)


def _copy(content: IO[bytes], target: Path | None) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
    with open(target or os.devnull, "wb", opener=_private) as file:
        while piece := content.read(PIECE_BYTES):
            digest.update(piece)
            size += len(piece)
            file.write(piece)
    return {"sha256": digest.hexdigest(), "bytes": size}


def _facts(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {
            "sha256": hashlib.file_digest(file, "sha256").hexdigest(),
            "bytes": path.stat().st_size,
        }


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _head(file: IO[bytes]) -> dict[str, Any] | None:
    """Return how an archive is encrypted, and stand behind that; None if it is not."""
    if file.read(len(MAGIC)) != MAGIC:
        file.seek(0)
        return None
    try:
        found: dict[str, Any] = json.loads(file.readline(HEAD_BYTES_MAX))
        bytes.fromhex(found["salt"])
        bytes.fromhex(found["prefix"])
        str(found["key"])
    except (ValueError, KeyError, TypeError) as error:
        raise ArchiveBroken("The head of the archive cannot be read.") from error
    return found


def _nonce(prefix: bytes, number: int, *, is_last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + (b"\x01" if is_last else b"\x00")


class _Sealing:
    """A file that encrypts what is written to it (STREAM: Hoang et al., 2015)."""

    def __init__(self, file: IO[bytes], kind: str, key: Key) -> None:
        salt, self._prefix = os.urandom(SALT_BYTES), os.urandom(PREFIX_BYTES)
        told = {"key": kind, "salt": salt.hex(), "prefix": self._prefix.hex()}
        self._head = MAGIC + json.dumps(told).encode() + b"\n"
        self._cipher = AESGCM(key(kind, salt))
        self._file, self._number, self._kept = file, 0, bytearray()
        file.write(self._head)

    def write(self, data: bytes) -> int:
        self._kept += data
        while len(self._kept) > PIECE_BYTES:
            self._put(bytes(self._kept[:PIECE_BYTES]), is_last=False)
            del self._kept[:PIECE_BYTES]
        return len(data)

    def flush(self) -> None:
        """Keep what is not a whole piece yet."""

    def end(self) -> None:
        self._put(bytes(self._kept), is_last=True)

    def _put(self, piece: bytes, *, is_last: bool) -> None:
        nonce = _nonce(self._prefix, self._number, is_last=is_last)
        self._file.write(self._cipher.encrypt(nonce, piece, self._head))
        self._number += 1


class _Opening(io.RawIOBase):
    """A file that reads what `_Sealing` wrote, and nothing that anybody changed."""

    def __init__(self, file: IO[bytes], head: dict[str, Any], key: Key) -> None:
        end = file.tell()
        file.seek(0)
        self._head = file.read(end)
        self._prefix = bytes.fromhex(head["prefix"])
        self._cipher = AESGCM(key(head["key"], bytes.fromhex(head["salt"])))
        self._file, self._number, self._is_over = file, 0, False
        self._ahead = file.read(PIECE_BYTES + TAG_BYTES)
        self._plain = b""

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int:
        while not self._plain and not self._is_over:
            piece, self._ahead = self._ahead, self._file.read(PIECE_BYTES + TAG_BYTES)
            self._is_over = not self._ahead
            nonce = _nonce(self._prefix, self._number, is_last=self._is_over)
            self._plain = self._cipher.decrypt(nonce, piece, self._head)
            self._number += 1
        size = min(len(buffer), len(self._plain))
        buffer[:size], self._plain = self._plain[:size], self._plain[size:]
        return size
