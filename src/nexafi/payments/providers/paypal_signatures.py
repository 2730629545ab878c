"""Whether a webhook is PayPal's: its signature, by a certificate that PayPal publishes.

The certificate is taken from PayPal's own hosts only, over TLS, and kept; so a
webhook costs no call, and whoever sends us others makes us call nobody else.
"""

from __future__ import annotations

import base64
import binascii
import threading
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from nexafi.payments.errors import NoticeRefused
from nexafi.payments.providers.paypal_calls import Unsure
from nexafi.payments.providers.paypal_words import moment_of

HOME: Final = "paypal.com"
PATH: Final = "/v1/notifications/certs/"
ALGORITHM: Final = "SHA256WITHRSA"
AGE_MAX: Final = timedelta(days=3, hours=1)
"""PayPal sends what was not taken again for three days, and does not say that it signs it anew."""
AHEAD_MAX: Final = timedelta(minutes=5)
KEY_BITS_MIN: Final = 2048
CERTIFICATES_MAX: Final = 20
URL_CHARS_MAX: Final = 500


class Signatures:
    """The certificates of PayPal at one address."""

    def __init__(self, url: str, fetch: Callable[[str], bytes]) -> None:
        self._home = urlsplit(url)
        self._fetch = fetch
        self._known: dict[str, x509.Certificate] = {}
        self._guard = threading.Lock()

    def check(
        self, webhook_id: str, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> None:
        """Raise NoticeRefused unless PayPal signed a webhook, for us, and lately."""
        given = {
            name: headers.get(f"paypal-{name}", "")
            for name in ("transmission-id", "transmission-time", "transmission-sig", "cert-url")
        }
        at = moment_of(given["transmission-time"])
        if headers.get("paypal-auth-algo", "").upper() != ALGORITHM or not all(given.values()):
            raise NoticeRefused("The webhook is not signed as PayPal does it.")
        if at is None or not -AHEAD_MAX <= now - at <= AGE_MAX:
            raise NoticeRefused("The webhook is older than three days.")
        sent = f"{given['transmission-id']}|{given['transmission-time']}"
        signed = f"{sent}|{webhook_id}|{zlib.crc32(body)}"
        key = self._key(given["cert-url"], now)
        try:
            signature = base64.b64decode(given["transmission-sig"], validate=True)
            key.verify(signature, signed.encode(), PKCS1v15(), SHA256())
        except (binascii.Error, ValueError, InvalidSignature) as error:
            raise NoticeRefused("The signature of the webhook is not PayPal's.") from error

    def _key(self, url: str, now: datetime) -> RSAPublicKey:
        """Return the key of a certificate that counts today and is PayPal's."""
        if not self._is_home(url):
            raise NoticeRefused("The certificate of the webhook does not stand at PayPal's.")
        certificate = self._certificate(url)
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        key = certificate.public_key()
        is_fit = isinstance(key, RSAPublicKey) and key.key_size >= KEY_BITS_MIN
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        is_named = any(_is_below(str(each.value), HOME) for each in names)
        if not begins <= now.astimezone(UTC) <= ends or not is_fit or not is_named:
            raise NoticeRefused("The certificate of the webhook does not count.")
        assert isinstance(key, RSAPublicKey), "it fits"
        return key

    def _certificate(self, url: str) -> x509.Certificate:
        with self._guard:
            known = self._known.get(url)
        if known is not None:
            return known
        try:
            found = x509.load_pem_x509_certificate(self._fetch(url))
        except (Unsure, ValueError) as error:
            # PayPal sends it again.
            raise NoticeRefused("The certificate of the webhook cannot be read.") from error
        with self._guard:
            while len(self._known) >= CERTIFICATES_MAX:
                del self._known[next(iter(self._known))]
            self._known[url] = found
        return found

    def _is_home(self, url: str) -> bool:
        """Return whether an address is of PayPal, or of the address at which we reach it."""
        if len(url) > URL_CHARS_MAX or not url.isascii() or "\\" in url or ".." in url:
            return False
        try:
            place = urlsplit(url)
            is_ours = (place.scheme, place.netloc) == (self._home.scheme, self._home.netloc)
            host, port = place.hostname or "", place.port
        except ValueError:
            return False
        is_theirs = place.scheme == "https" and port in {None, 443} and _is_below(host, HOME)
        is_plain = not place.username and not place.query and not place.fragment
        return is_plain and place.path.startswith(PATH) and (is_ours or is_theirs)


def _is_below(host: str, home: str) -> bool:
    host = host.lower()
    return host == home or host.endswith(f".{home}")
