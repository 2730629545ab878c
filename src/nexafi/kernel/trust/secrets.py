"""The secret of an installation, and what follows from it.

One secret, given by the operator or made at the first start, is the root of
all others: each purpose has a key of its own (HKDF, RFC 5869), so that what
leaks of one says nothing of another. Whoever loses it loses what is sealed
with it and all passwords, which are peppered with it: back it up, apart from
the databases.
"""

from __future__ import annotations

import base64
import hmac
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from typing_extensions import override

BYTES_MIN: Final = 32
"""What a secret has at least: 256 bits, if they are chosen by chance."""

SALT: Final = b"nexafi installation secret, version 1"
VERSION: Final = b"\x01"
NONCE_BYTES: Final = 24
TAG_BYTES: Final = 16


class SecretUnusable(ValueError):
    """The secret is too short, or lies where others can read it; the message says what to do."""


class SealBroken(ValueError):
    """What was sealed has been changed or moved, or was sealed with another secret."""


class Secret:
    """The root of all keys of one installation. Does not show itself."""

    def __init__(self, raw: bytes) -> None:
        if len(raw) < BYTES_MIN:
            raise SecretUnusable(f"The secret of the installation has {BYTES_MIN} bytes or more.")
        self._raw = raw
        self._keys: dict[str, bytes] = {}

    @classmethod
    def new(cls) -> Secret:
        """Return a secret made by chance; for tests and for what does not outlive its process."""
        return cls(secrets.token_bytes(BYTES_MIN))

    @classmethod
    def of_text(cls, text: str) -> Secret:
        """Return the secret that an operator gave as text, such as NEXAFI_SECRET."""
        return cls(text.strip().encode())

    @classmethod
    def kept_in(cls, path: Path) -> Secret:
        """Return the secret that lies in the file *path*; make one if there is none.

        The file is readable by its owner only (0600). Of several processes
        that start at once one makes it and all read the same.
        """
        if not path.exists():
            _make(path)
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise SecretUnusable(f"Others can read the secret; run: chmod 600 {path}")
        return cls.of_text(path.read_text(encoding="ascii"))

    def derive(self, purpose: str, length: int = 32) -> bytes:
        """Return the key for *purpose*: always the same, and of no use for another."""
        name = f"{purpose}/{length}"
        if name not in self._keys:
            kdf = HKDF(hashes.SHA256(), length=length, salt=SALT, info=name.encode())
            self._keys[name] = kdf.derive(self._raw)
        return self._keys[name]

    def seal(self, purpose: str, plain: bytes, *, place: str) -> bytes:
        """Encrypt *plain* so that only `open` with the same purpose and place can read it.

        AES-256-GCM under a key of its own: half of a nonce of 24 bytes chooses
        the key, half is the nonce, so that chance never repeats one. *place*
        says where it will lie (``keys:<id>:private``): a sealed value that was
        moved to another row does not open.
        """
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._cipher(purpose, nonce).encrypt(nonce[12:], plain, place.encode())
        return VERSION + nonce + sealed

    def open(self, purpose: str, sealed: bytes, *, place: str) -> bytes:
        """Return what was sealed; raise SealBroken if it is not as we left it."""
        if sealed[:1] != VERSION or len(sealed) < 1 + NONCE_BYTES + TAG_BYTES:
            raise SealBroken("This was not sealed by us.")
        nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return self._cipher(purpose, nonce).decrypt(nonce[12:], body, place.encode())
        except InvalidTag as error:
            raise SealBroken("The seal is broken, or of another secret.") from error

    def _cipher(self, purpose: str, nonce: bytes) -> AESGCM:
        key = hmac.digest(self.derive(f"seal/{purpose}"), nonce[:12], "sha256")
        return AESGCM(key)

    @override
    def __repr__(self) -> str:
        return "Secret(...)"

    @override
    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("A secret is not pickled.")


def _make(path: Path) -> None:
    """Put a new secret into *path*, whole or not at all; whoever is first wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = base64.urlsafe_b64encode(secrets.token_bytes(BYTES_MIN))
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # carrying on: another process made it meanwhile, and we read that
    finally:
        draft.unlink()
