"""What a password must be, and how it is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexafi.kernel.trust.secrets import Secret
from nexafi.users.errors import WeakPassword
from nexafi.users.passwords import hashes
from nexafi.users.passwords.rules import check

SECRET = Secret(b"of the tests of passwords, and of nothing else")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "wolkenkratzer im nebel",
        "Xk7#pQ9!mZ2w",
        "Tr0ub4dor&3-and-more",
        "пароль из пяти слов",
        "長い合言葉を一つ選んでください",
        "ada likes analytical engines",
    ],
)
def test_a_good_password_needs_no_composition(password):
    check(password, email="ada@example.com")


@pytest.mark.parametrize(
    "password",
    [
        "",
        "eleven char",
        "x" * 257,
        "aaaaaaaaaaaaa",
        "abcabcabcabc",
        "abababababababab",
        "123456789012",
        "qwertyuiopas",
        "1q2w3e4r5t6y",
        "Password1234",
        "P@ssw0rd2026!!",
        "!!!Welcome2026",
        "password password",
        "administrator1",
        "letmein-letmein",
        "ada@example.com",
        "Ada@Example.com1",
        "example.com2026",
        "2026-11-25-123",
        "password1234".translate({n: n + 0xFEE0 for n in range(0x21, 0x7F)}),
    ],
)
def test_what_is_tried_first_is_refused(password):
    with pytest.raises(WeakPassword):
        check(password, email="ada@example.com")


@given(st.text(max_size=300), st.text(max_size=50))
def test_the_rule_never_breaks(password, email):
    try:
        check(password, email=email)
    except WeakPassword:
        return
    assert len(password) >= 4  # one character may stand for several


def test_a_password_matches_itself_only():
    kept = hashes.make(SECRET, 4, "a" * 200)

    assert hashes.matches(SECRET, 4, "a" * 200, kept)
    assert not hashes.matches(SECRET, 4, "a" * 199, kept)
    assert not hashes.matches(SECRET, 4, "a" * 199 + "b", kept), "bcrypt would stop at 72 bytes"
    assert not hashes.matches(Secret.new(), 4, "a" * 200, kept), "the pepper is of no use"
    assert len(kept) == 60


def test_a_password_is_the_same_from_every_keyboard():
    kept = hashes.make(SECRET, 4, "caf\u00e9 au lait")

    assert hashes.matches(SECRET, 4, "cafe\u0301 au lait", kept)


def test_nobody_has_a_password():
    assert not hashes.matches(SECRET, 4, "", "")
    assert not hashes.matches(SECRET, 4, "anything", "")


def test_a_hash_of_another_cost_is_stale():
    kept = hashes.make(SECRET, 4, "x")

    assert not hashes.is_stale(4, kept)
    assert hashes.is_stale(5, kept)


def test_a_user_who_is_unknown_costs_as_much(monkeypatch):
    costs = []

    def checkpw(_digest, kept):
        costs.append(kept[:7])
        return False

    monkeypatch.setattr(hashes.bcrypt, "checkpw", checkpw)
    hashes.matches(SECRET, 11, "x", "$2b$11$" + "." * 53)
    hashes.matches(SECRET, 11, "x", "")

    assert costs == [b"$2b$11$"] * 2
