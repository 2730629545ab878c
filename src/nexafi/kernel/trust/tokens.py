"""Access tokens: who calls, for which organization, with which permissions.

Signed by the users service with Ed25519 (RFC 8037, ``alg`` EdDSA) and checked
by every service and the gateway with keys that it publishes. A signature
proves only that we once said so: issuer, audience, times, type and whether the
session has been revoked since are checked each time, from the cache too.
"""

from __future__ import annotations

import base64
import hashlib
import re
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import GuestProtocol, OKPKey
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry
from typing_extensions import override

from nexafi.kernel.data.context import Context, Home
from nexafi.kernel.errors import NotSignedIn

ALGORITHM: Final = "EdDSA"
"""Pinned: what another header asks for is not even tried. RFC 9864 would now call it Ed25519,
which few verifiers know; the curve is pinned as well."""

TYPE: Final = "at+jwt"
"""RFC 9068: so that no other kind of JWT that we may sign one day passes as an access token."""

LEEWAY: Final = timedelta(seconds=5)
"""By how much the clocks of two machines may differ."""

TOKEN_CHARACTERS_MAX: Final = 16_384
CACHE_MAX: Final = 5_000
REVOCATIONS_MAX: Final = 200_000
SHAPE: Final = re.compile(r"[A-Za-z0-9_-]{1,700}\.[A-Za-z0-9_-]+\.([A-Za-z0-9_-]{86})", re.ASCII)
"""A compact JWS with a signature of 64 bytes and no padding."""

EVERY: Final = 2**31 - 1
"""As the generation of a revocation: no token of the session is good any more."""


@dataclass(frozen=True, slots=True)
class Realm:
    """Who issues the tokens of an installation, and for whom."""

    issuer: str = "nexafi"
    audience: str = "nexafi"


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says."""

    token_id: UUID
    user_id: UUID
    session_id: UUID
    generation: int
    """Counts what has changed in the session, such as the role; tokens of before are revoked."""
    issued_at: datetime
    expires_at: datetime
    role: str
    permissions: frozenset[str]
    home: Home

    def context(self, now: datetime, request_id: str = "") -> Context:
        """Return the context of a request that came with this token."""
        return Context(
            actor=f"user:{self.user_id}",
            now=now,
            organization_id=self.home.id,
            home=self.home,
            permissions=self.permissions,
            session_id=self.session_id,
            request_id=request_id,
        )


@dataclass(frozen=True, slots=True)
class Revocation:
    """Tokens of a session of a generation before *generation* are refused, until they all ran out.

    It opens nothing: whoever sees it learns that some session ended.
    """

    session_id: UUID
    generation: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Revoked:
    """What was revoked up to a moment of the users service's clock."""

    as_of: datetime
    revocations: tuple[Revocation, ...]


class KeyUnknown(Exception):
    """The token names a key that we have not seen; it may be new, or made up."""


class _Pinned(JWSRegistry):
    """Knows one algorithm."""

    @override
    def get_alg(self, name: str) -> Any:
        if name != ALGORITHM:
            raise UnsupportedAlgorithmError(f"not {ALGORITHM}")
        return self.algorithms[name]


PINNED: Final = _Pinned()


def sign(claims: Claims, key: OKPKey, realm: Realm) -> str:
    """Return *claims* as a token signed with *key*, whose ``kid`` it names."""
    issued = int(claims.issued_at.timestamp())
    said = {
        "iss": realm.issuer,
        "aud": realm.audience,
        "sub": str(claims.user_id),
        "jti": str(claims.token_id),
        "iat": issued,
        "nbf": issued,
        "exp": int(claims.expires_at.timestamp()),
        "sid": str(claims.session_id),
        "gen": claims.generation,
        "role": claims.role,
        "permissions": sorted(claims.permissions),
        "org": asdict(claims.home) | {"id": str(claims.home.id)},
    }
    header = {"alg": ALGORITHM, "kid": key.kid, "typ": TYPE}
    return jwt.encode(header, said, key, registry=PINNED)


class Verifier:
    """Judges tokens by the keys and revocations that it was told of; asks nobody itself.

    Remembers what it verified (to verify anew each time would cost three times
    the rest of a light request), within bounds, and whom it must refuse.
    Safe to share between threads.
    """

    def __init__(self, realm: Realm, *, cache_max: int = CACHE_MAX) -> None:
        self._realm = realm
        self._cache_max = cache_max
        self._keys: dict[str, OKPKey] = {}
        self._verified: OrderedDict[bytes, tuple[str, Claims]] = OrderedDict()
        self._revoked: OrderedDict[UUID, Revocation] = OrderedDict()
        self._guard = threading.Lock()

    def keep_keys(self, published: Mapping[str, Any]) -> None:
        """Trust the keys of this JWKS (RFC 7517) and no others; what they signed falls with them.

        A key of another type, curve, use or algorithm is passed over.
        """
        ours = [each for each in published.get("keys", ()) if _is_ours(each)]
        keys = {each["kid"]: OKPKey.import_key(_public(each)) for each in ours}
        with self._guard:
            gone = self._keys.keys() - keys.keys()
            self._keys = keys
            if gone:
                kept = ((at, known) for at, known in self._verified.items() if known[0] in keys)
                self._verified = OrderedDict(kept)

    def keep_revocations(self, revocations: Iterable[Revocation], now: datetime) -> None:
        """Refuse what these name from now on, and forget those whose tokens have run out."""
        with self._guard:
            for each in revocations:
                known = self._revoked.pop(each.session_id, None)
                later = known is not None and known.generation > each.generation
                self._revoked[each.session_id] = known if known and later else each
            over = [at for at, each in self._revoked.items() if each.until + LEEWAY < now]
            for session_id in over:
                del self._revoked[session_id]
            while len(self._revoked) > REVOCATIONS_MAX:
                self._revoked.popitem(last=False)

    def verify(self, token: str, now: datetime) -> Claims:
        """Return what *token* says, or raise NotSignedIn, or KeyUnknown: ask once more then.

        The reason is not told apart further: a forger learns nothing from it.
        """
        place = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        with self._guard:
            found = self._verified.get(place)
            if found is not None:
                self._verified.move_to_end(place)
        claims = found[1] if found else self._read(token, place, now)
        self._check(claims, now)
        return claims

    def _read(self, token: str, place: bytes, now: datetime) -> Claims:
        """Verify *token* from its first letter, and remember it."""
        keys, used = self._keys, ""

        def key_of(guest: GuestProtocol) -> OKPKey:
            nonlocal used
            header = guest.headers()
            if header.get("typ") != TYPE:
                raise refused()
            used = str(header.get("kid", ""))
            if used not in keys:
                raise KeyUnknown
            return keys[used]

        try:
            _refuse_other_shapes(token)
            decoded = jwt.decode(token, key_of, registry=PINNED)
            self._registry(now).validate(decoded.claims)
            claims = _claims(decoded.claims)
        except (JoseError, KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise refused() from error
        with self._guard:
            if used in self._keys:
                self._verified[place] = (used, claims)
            while len(self._verified) > self._cache_max:
                self._verified.popitem(last=False)
        return claims

    def _registry(self, now: datetime) -> JWTClaimsRegistry:
        needed: Any = {"essential": True}
        return JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=int(LEEWAY.total_seconds()),
            iss={"essential": True, "value": self._realm.issuer},
            aud={"essential": True, "value": self._realm.audience},
            **dict.fromkeys(("exp", "nbf", "iat", "sub", "jti"), needed),
        )

    def _check(self, claims: Claims, now: datetime) -> None:
        """Raise if a token that was good once is so no longer, or not yet."""
        if not claims.issued_at - LEEWAY <= now < claims.expires_at + LEEWAY:
            raise NotSignedIn("The access token has run out; refresh it.")
        revoked = self._revoked.get(claims.session_id)
        if revoked is not None and claims.generation < revoked.generation:
            raise NotSignedIn("The session has ended or has changed; refresh it or sign in again.")


def new_key() -> OKPKey:
    """Return a new signing key, named by its thumbprint (RFC 7638)."""
    return OKPKey.generate_key("Ed25519", auto_kid=True)


def publish(key: OKPKey) -> dict[str, Any]:
    """Return the public half of *key* as it stands in our JWKS."""
    return _public(key.as_dict(private=False)) | {"use": "sig", "alg": ALGORITHM}


def _public(jwk: Mapping[str, Any]) -> dict[str, Any]:
    return {name: jwk[name] for name in ("kty", "crv", "x", "kid")}


def _is_ours(jwk: Mapping[str, Any]) -> bool:
    expected = {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": ALGORITHM}
    return bool(jwk.get("kid")) and all(jwk.get(name) == each for name, each in expected.items())


def _refuse_other_shapes(token: str) -> None:
    """Raise unless *token* is written in the one way in which we write it.

    Base64 leaves bits unused at the end; a reader that ignores them takes two
    texts for one signature.
    """
    shape = SHAPE.fullmatch(token)
    if shape is None or len(token) > TOKEN_CHARACTERS_MAX:
        raise ValueError("no compact JWS of ours")
    signature = shape[1]
    if (
        base64.urlsafe_b64encode(base64.urlsafe_b64decode(signature + "=="))
        != f"{signature}==".encode()
    ):
        raise ValueError("not the canonical text of this signature")


def _claims(said: Mapping[str, Any]) -> Claims:
    home = said["org"]
    return Claims(
        token_id=UUID(said["jti"]),
        user_id=UUID(said["sub"]),
        session_id=UUID(said["sid"]),
        generation=int(said["gen"]),
        issued_at=datetime.fromtimestamp(said["iat"], UTC),
        expires_at=datetime.fromtimestamp(said["exp"], UTC),
        role=str(said["role"]),
        permissions=_permissions(tuple(said["permissions"])),
        home=Home(
            **{each.name: home[each.name] for each in fields(Home)} | {"id": UUID(home["id"])}
        ),
    )


@lru_cache(maxsize=256)
def _permissions(names: tuple[str, ...]) -> frozenset[str]:
    """Return one set for all tokens of a role: thousands are remembered at once."""
    return frozenset(map(sys.intern, names))


def refused() -> NotSignedIn:
    """Return what is said of every token that is not ours, whatever is wrong with it."""
    return NotSignedIn("The access token is not valid.")
