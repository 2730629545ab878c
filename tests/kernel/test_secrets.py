"""One secret, many keys, and seals that break when they are touched."""

from __future__ import annotations

import pickle
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from nexafi.kernel.trust.secrets import SALT, SealBroken, Secret, SecretUnusable

SECRET = Secret(b"of the tests, and of nothing else")


def test_each_purpose_has_a_key_of_its_own_which_stays_the_same():
    assert SECRET.derive("a") == Secret(b"of the tests, and of nothing else").derive("a")
    assert len({SECRET.derive("a"), SECRET.derive("b"), SECRET.derive("a", 64)[:32]}) == 3


def test_a_key_is_what_rfc_5869_says():
    judge = HKDF(hashes.SHA256(), length=32, salt=SALT, info=b"a/32")

    assert SECRET.derive("a") == judge.derive(b"of the tests, and of nothing else")


@given(st.binary(max_size=200), st.text(max_size=20))
def test_what_is_sealed_opens_again_and_shows_nothing(plain, place):
    sealed = SECRET.seal("x", plain, place=place)

    assert SECRET.open("x", sealed, place=place) == plain
    assert len(plain) < 4 or plain not in sealed
    assert SECRET.seal("x", plain, place=place) != sealed


@given(st.data())
def test_a_seal_breaks_at_each_bit(data):
    sealed = bytearray(SECRET.seal("x", b"plain", place="here"))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8

    with pytest.raises(SealBroken):
        SECRET.open("x", bytes(sealed), place="here")


@pytest.mark.parametrize(
    ("secret", "purpose", "place"),
    [(Secret.new(), "x", "here"), (SECRET, "y", "here"), (SECRET, "x", "there")],
)
def test_a_seal_opens_only_where_it_belongs(secret, purpose, place):
    sealed = SECRET.seal("x", b"plain", place="here")

    with pytest.raises(SealBroken):
        secret.open(purpose, sealed, place=place)


@pytest.mark.parametrize("length", range(0, 41, 8))
def test_what_is_cut_off_does_not_open(length):
    with pytest.raises(SealBroken):
        SECRET.open("x", SECRET.seal("x", b"", place="")[:length], place="")


def test_processes_that_start_at_once_find_one_secret(tmp_path):
    path = tmp_path / "data" / "secret"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: Secret.kept_in(path).derive("a"), range(16)))

    assert len(keys) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["secret"]


def test_a_secret_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "secret"
    Secret.kept_in(path)
    path.chmod(0o640)

    with pytest.raises(SecretUnusable, match="chmod 600"):
        Secret.kept_in(path)


@pytest.mark.parametrize("text", ["", "short", " " * 40])
def test_a_secret_that_is_too_short_is_refused(text):
    with pytest.raises(SecretUnusable):
        Secret.of_text(text)


def test_a_secret_does_not_show_itself():
    assert "tests" not in f"{SECRET!r} {SECRET}"
    with pytest.raises(TypeError):
        pickle.dumps(SECRET)
