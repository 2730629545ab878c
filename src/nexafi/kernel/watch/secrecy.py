"""Secrecy: what must never stand in a log is taken out, by its name and by its shape.

By name: the value of a field called password, token, secret and the like. By
shape: bearer tokens, JWTs, passwords in URLs, ``password=...``, private keys
and whole card numbers, wherever they stand. Every log line passes here last, so
that no care elsewhere is needed; care elsewhere is still well spent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

HIDDEN: Final = "[hidden]"

DEPTH_MAX: Final = 8
TEXT_MAX: Final = 16_384

_NAMES = (
    r"passw(?:or)?d|passphrase|pwd|secret|token|authorization|cookie|api[_-]?key|private[_-]?key"
    r"|credential|signature|pepper|otp|pin_code|cvv|cvc|iban_full|card_number|session_key|hmac"
)
_NAME = re.compile(_NAMES, re.IGNORECASE)
_HARMLESS = re.compile(r"(?:^|[_.])(?:token_type|token_id|expires_in|tokens_max)$", re.IGNORECASE)

_SHAPES: Final = (
    (re.compile(r"\b(bearer|basic|dpop)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"), HIDDEN),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
                re.DOTALL), HIDDEN),
    (re.compile(r"([a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s/]+@", re.IGNORECASE), rf"\1:{HIDDEN}@"),
    (re.compile(rf"(?i)((?:{_NAMES})[a-z0-9_-]*['\"]?\s*[:=]\s*)"
                r"(?:'[^']*'|\"(?:[^\"\\]|\\.)*\"|[^\s,;&)}\]]+)"), rf"\1{HIDDEN}"),
    (re.compile(r"(Failing row contains|Key \([^)]*\)=) ?\(.*?(?:\)\.?(?=\n)|\Z)", re.DOTALL),
     rf"\1 {HIDDEN}"),
    (re.compile(r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}"), HIDDEN),
)  # fmt: skip
_CARD = re.compile(r"(?<![\w.-])(?:\d[ -]?){12,18}\d(?![\w.-])")
_SIGNS: Final = (
    "bearer", "basic", "dpop", "eyj", "-----begin", "://", "row contains", "key (", "$2",
    "pass", "pwd", "secret", "token", "authorization", "cookie", "key", "credential", "signature",
    "pepper", "otp", "pin_code", "cvv", "cvc", "iban_full", "card_number", "hmac",
)  # fmt: skip
"""Without one of these no shape can match; to look for them costs a hundredth."""


def clean(value: object, *, name: str = "", depth: int = 0) -> object:
    """Return *value* without what is secret in it; *name* is that of its field."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if name and _NAME.search(name) and not _HARMLESS.search(name):
        return HIDDEN
    if depth > DEPTH_MAX:
        return "..."
    if isinstance(value, Mapping):
        return {str(k): clean(v, name=str(k), depth=depth + 1) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [clean(each, depth=depth + 1) for each in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        value = f"{len(value)} bytes"
    return clean_text(str(value))


def clean_text(text: str) -> str:
    """Return *text* with all that has the shape of a secret taken out, and cut to a length."""
    if len(text) > TEXT_MAX:
        text = f"{text[:TEXT_MAX]}..."
    low = text.lower()
    if any(sign in low for sign in _SIGNS):
        for shape, instead in _SHAPES:
            text = shape.sub(instead, text)
    return _CARD.sub(_hide_card, text)


def has_card(text: str) -> bool:
    """Return whether a whole card number stands in *text*, as `clean_text` would hide it."""
    return any(_hide_card(found) != found[0] for found in _CARD.finditer(text))


def _hide_card(found: re.Match[str]) -> str:
    """Hide what passes the check of card numbers (Luhn, ISO/IEC 7812-1), but its last four."""
    digits = [int(each) for each in found[0] if each.isdigit()]
    doubled = [d if n % 2 else sum(divmod(d * 2, 10)) for n, d in enumerate(reversed(digits), 1)]
    if sum(doubled) % 10 or digits[0] not in {2, 3, 4, 5, 6}:
        return found[0]
    return f"{HIDDEN}{''.join(map(str, digits[-4:]))}"
