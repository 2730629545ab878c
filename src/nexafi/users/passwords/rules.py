"""What a password must be: long, and not what anyone would try first. Pure.

As NIST SP 800-63B-4 has it: a least length, no rules of composition, no change
from time to time, and a look whether it is one of those that are tried first.
Guesses cost bcrypt and are counted, so a list of the very first is enough.
"""

from __future__ import annotations

import re
import unicodedata

from nexafi.users.errors import WeakPassword

LENGTH_MIN = 12
LENGTH_MAX = 256
DIFFERENT_MIN = 5

_WORDS = """
access account accounting accountant admin administrator asdfgh asdfghjkl baseball batman
bookkeeper business changeme charlie chocolate company computer default dragon everything
finance football freedom guest hello helloworld hunter iloveyou internet jordan killer letmein
liverpool login master michael microsoft mustang nexafi nothing opensesame owner pass
passphrase passw password passwort passwordpassword pokemon princess qazwsx qazwsxedc qwerty
qwertyuiop qwertz qwertzuiop root secret shadow sunshine superman supervisor startup starwars
test testing tester trustno user username welcome whatever zxcvbn zxcvbnm
thisisapassword mypassword yourpassword newpassword oldpassword temppassword
"""
COMMON = frozenset(_WORDS.split())
"""Words at which every list of leaked passwords begins; in lower case, letters only."""

RUNS = (
    "01234567890123456789",
    "98765432109876543210",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "1q2w3e4r5t6y7u8i9o0p",
    "!@#$%^&*()",
)

LEET = str.maketrans("@4301!$57+", "aaeoiisstt")


def normal(password: str) -> str:
    """Return the one form in which all keyboards write a password (NIST: NFKC)."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, *, email: str) -> None:
    """Raise WeakPassword unless *password* may guard the account of *email*."""
    text = normal(password)
    if len(text) < LENGTH_MIN:
        raise WeakPassword(f"Take {LENGTH_MIN} characters or more; a few words do well.")
    if len(text) > LENGTH_MAX:
        raise WeakPassword(f"Take {LENGTH_MAX} characters at most.")
    plain = text.casefold()
    if len(set(plain)) < DIFFERENT_MIN or _repeats(plain) or any(plain in run for run in RUNS):
        raise WeakPassword("This is a pattern that is tried first.")
    if _is_common(plain):
        raise WeakPassword("This is a word that is tried first, with some signs around it.")
    if _is_of(plain, email.casefold()):
        raise WeakPassword("The password is the e-mail address, or little more.")


def _repeats(text: str) -> bool:
    """Return whether *text* is a short piece over and over."""
    return _piece(text) != text


def _piece(text: str) -> str:
    """Return the shortest piece that, over and over, gives *text*."""
    for length in range(1, len(text) // 2 + 1):
        if text == (text[:length] * len(text))[: len(text)]:
            return text[:length]
    return text


def _is_common(text: str) -> bool:
    bare = _letters(text)
    spelled = _letters(text.rstrip("0123456789!?.").translate(LEET))
    return bool({_piece(bare), _piece(spelled)} & COMMON) or (len(bare) <= 3 and len(text) < 16)


def _letters(text: str) -> str:
    return re.sub(r"[\W\d_]+", "", text)


def _is_of(text: str, email: str) -> bool:
    """Return whether hardly anything is left of *text* without the parts of the address."""
    local, _, domain = email.partition("@")
    rest = text
    for part in sorted({email, local, domain, domain.partition(".")[0]}, key=len, reverse=True):
        if len(part) >= 4:
            rest = rest.replace(part, "")
    return len(_letters(rest)) < 4 and rest != text
