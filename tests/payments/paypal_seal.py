"""What signs webhooks in the place of PayPal: a key, and a certificate that we made ourselves."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

NAME = "messageverificationcerts.paypal.com"


@cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Seal:
    """Signs as PayPal does."""

    name: str = NAME
    begins: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    ends: datetime = datetime(2036, 1, 1, tzinfo=UTC)
    key: rsa.RSAPrivateKey = field(default_factory=key)

    @property
    def certificate(self) -> bytes:
        """Return a certificate in PEM, signed by nobody but itself."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        builder = x509.CertificateBuilder(name, name, self.key.public_key(), 435)
        dated = builder.not_valid_before(self.begins).not_valid_after(self.ends)
        return dated.sign(self.key, SHA256()).public_bytes(Encoding.PEM)

    def webhook(
        self, url: str, webhook_id: str, at: datetime, event: dict[str, Any]
    ) -> tuple[bytes, dict[str, str]]:
        """Return the body and the headers of a webhook, whose certificate stands at *url*."""
        body = json.dumps(event).encode()
        id_, time = str(uuid4()), at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        signed = f"{id_}|{time}|{webhook_id}|{zlib.crc32(body)}".encode()
        signature = self.key.sign(signed, PKCS1v15(), SHA256())
        return body, {
            "paypal-transmission-id": id_,
            "paypal-transmission-time": time,
            "paypal-transmission-sig": base64.b64encode(signature).decode(),
            "paypal-cert-url": f"{url}/v1/notifications/certs/CERT-435",
            "paypal-auth-algo": "SHA256withRSA",
        }
