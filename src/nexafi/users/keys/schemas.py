"""The public keys on the wire: a JWK Set (RFC 7517)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class KeyOut(BaseModel):
    """The public half of a key that signs access tokens (RFC 8037)."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str = Field(description="The public key, base64url")
    kid: str = Field(description="Its thumbprint (RFC 7638)")
    use: Literal["sig"]
    alg: Literal["EdDSA"]


class KeysOut(BaseModel):
    """All keys whose tokens may still be good."""

    keys: list[KeyOut]
