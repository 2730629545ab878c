"""An access token is believed only if everything about it is as we write it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import hashes, hmac
from joserfc import jws
from joserfc.jwk import OKPKey, RSAKey

from nexafi.kernel.errors import NotSignedIn, Unavailable
from nexafi.kernel.trust.guard import REVOCATIONS_PERIOD, Guard
from nexafi.kernel.trust.tokens import (
    EVERY,
    PINNED,
    Claims,
    KeyUnknown,
    Realm,
    Revocation,
    Revoked,
    Verifier,
    new_key,
    publish,
    sign,
)
from tests.conftest import HOME

REALM = Realm("https://nexafi.test", "nexafi")
KEY = new_key()
LIFE = timedelta(minutes=15)


@pytest.fixture
def claims(clock) -> Claims:
    return Claims(
        token_id=uuid4(),
        user_id=uuid4(),
        session_id=uuid4(),
        generation=1,
        issued_at=clock(),
        expires_at=clock() + LIFE,
        role="viewer",
        permissions=frozenset({"ledger:entry:read"}),
        home=HOME,
    )


@pytest.fixture
def verifier() -> Verifier:
    made = Verifier(REALM, cache_max=3)
    made.keep_keys({"keys": [publish(KEY)]})
    return made


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def said(token: str) -> dict:
    return json.loads(unb64(token.split(".")[1]))


def signed(header: dict, body: dict, key: OKPKey = KEY) -> str:
    """Sign whatever one likes, as one who holds the key."""
    return jws.serialize_compact(
        {"alg": "EdDSA", "kid": KEY.kid, "typ": "at+jwt"} | header,
        json.dumps(body),
        key,
        registry=Loose(),
    )


class Loose(type(PINNED)):
    """Signs headers that we never write."""

    def check_header(self, header):
        pass


def test_what_was_signed_is_what_is_read(verifier, claims, clock):
    token = sign(claims, KEY, REALM)

    assert verifier.verify(token, clock()) == claims
    assert verifier.verify(token, clock()) == claims  # from memory
    assert claims.context(clock()).known == HOME


def test_the_published_key_has_no_private_half():
    assert publish(KEY).keys() == {"kty", "crv", "x", "kid", "use", "alg"}


def attacks(claims: Claims) -> dict[str, str]:
    """Return forged tokens by name, as RFC 8725 and the known attacks on JOSE have them."""
    good = sign(claims, KEY, REALM)
    head, body, signature = good.split(".")
    header, what = json.loads(unb64(head)), said(good)
    public = publish(KEY)
    other = new_key()
    owner = b64(json.dumps(what | {"role": "owner"}).encode())

    def bare(alg: str) -> str:
        return b64(json.dumps(header | {"alg": alg}).encode())

    def mac(alg: str, secret: bytes) -> str:
        text = f"{bare(alg)}.{body}"
        made = hmac.HMAC(secret, hashes.SHA256())
        made.update(text.encode())
        return f"{text}.{b64(made.finalize())}"

    forged = {f"alg {alg}": f"{bare(alg)}.{body}." for alg in ("none", "None", "NONE", "nOnE", "")}
    forged |= {f"alg {alg}, signed": f"{bare(alg)}.{body}.{signature}" for alg in ("none", "ES256")}
    forged |= {
        "HS256 with the public x": mac("HS256", unb64(public["x"])),
        "HS256 with the JWK": mac("HS256", json.dumps(public).encode()),
        "HS256 with the PEM": mac("HS256", KEY.as_pem(private=False)),
        "RS256 with a key of its own": jws.serialize_compact(
            {"alg": "RS256", "kid": KEY.kid, "typ": "at+jwt"},
            json.dumps(what),
            RSAKey.generate_key(2048),
            algorithms=["RS256"],
        ),
        "signed by another under our name": signed({}, what, other),
        "a key of its own in the header": signed({"jwk": publish(other)}, what, other),
        "a jku": signed({"jku": "https://evil.test/jwks.json"}, what, other),
        "a crit that we do not know": signed({"crit": ["x"], "x": 1}, what),
        "b64 off": signed({"crit": ["b64"], "b64": False}, what),
        "no signature": f"{head}.{body}.",
        "half a signature": f"{head}.{body}.{signature[:43]}",
        "an empty signature of zeros": f"{head}.{body}.{b64(bytes(64))}",
        "tampered": f"{head}.{owner}.{signature}",
        "padded": f"{good}==",
        "not canonical": good[:-1] + chr(ord(good[-1]) + 1),
        "a space": f" {good}",
        "a newline": f"{good}\n",
        "four parts": f"{good}.{signature}",
        "five parts": f"{head}.{body}.{body}.{body}.{signature}",
        "nothing": "",
        "half a character": "\ud800",
        "too long": good.replace(".", "." + "A" * 20_000, 1),
        "the type of an id token": signed({"typ": "JWT"}, what),
        "no type": signed({"typ": ""}, what),
        "another issuer": sign(claims, KEY, replace(REALM, issuer="https://evil.test")),
        "another audience": sign(claims, KEY, replace(REALM, audience="bank")),
        "an audience of none": signed({}, what | {"aud": []}),
        "a body that is a list": signed({}, [what]),
        "an id that is none": signed({}, what | {"sub": "1 OR 1=1"}),
        "an exp that is a text": signed({}, what | {"exp": "9999999999"}),
        "an exp without end": signed({}, what | {"exp": 1e300}),
        "an organization that is none": signed({}, what | {"org": None}),
    }
    forged |= {
        f"no {name}": signed({}, {k: v for k, v in what.items() if k != name}) for name in what
    }
    return forged


def test_no_forged_token_is_believed(verifier, claims, clock):
    forged = attacks(claims)
    assert len(forged) > 45
    for name, token in forged.items():
        try:
            verifier.verify(token, clock())
        except NotSignedIn:
            continue
        pytest.fail(f"believed: {name}")


def test_a_token_is_good_between_its_times_from_memory_too(verifier, claims, clock):
    token = sign(claims, KEY, REALM)
    with pytest.raises(NotSignedIn):
        verifier.verify(token, clock() - timedelta(seconds=6))
    assert verifier.verify(token, clock() + LIFE)

    for memory in (verifier, Verifier(REALM)):
        memory.keep_keys({"keys": [publish(KEY)]})
        with pytest.raises(NotSignedIn):
            memory.verify(token, clock() + LIFE + timedelta(seconds=5))


def test_what_a_withdrawn_key_signed_is_not_remembered(verifier, claims, clock):
    token = sign(claims, KEY, REALM)
    verifier.verify(token, clock())

    verifier.keep_keys({"keys": [publish(new_key())]})

    with pytest.raises(KeyUnknown):
        verifier.verify(token, clock())


@pytest.mark.parametrize(
    "wrong", [{"kty": "oct"}, {"crv": "Ed448"}, {"use": "enc"}, {"alg": "none"}, {"kid": ""}]
)
def test_a_published_key_of_another_kind_is_passed_over(verifier, claims, clock, wrong):
    verifier.keep_keys({"keys": [publish(KEY) | wrong]})

    with pytest.raises((KeyUnknown, NotSignedIn)):
        verifier.verify(sign(claims, KEY, REALM), clock())


def test_a_revocation_ends_the_generations_before_it_until_they_ran_out(verifier, claims, clock):
    young = replace(claims, generation=2)
    tokens = [sign(each, KEY, REALM) for each in (claims, young)]
    verifier.verify(tokens[0], clock())
    until = claims.expires_at

    verifier.keep_revocations([Revocation(claims.session_id, 2, until)], clock())
    verifier.keep_revocations([Revocation(claims.session_id, 1, until)], clock())

    with pytest.raises(NotSignedIn):
        verifier.verify(tokens[0], clock())
    assert verifier.verify(tokens[1], clock()) == young

    verifier.keep_revocations([Revocation(claims.session_id, EVERY, until)], clock())
    with pytest.raises(NotSignedIn):
        verifier.verify(tokens[1], clock())
    verifier.keep_revocations([], until + LIFE)
    assert len(verifier._revoked) == 0


def test_memory_has_an_end(verifier, claims, clock):
    for _ in range(5):
        verifier.verify(sign(replace(claims, token_id=uuid4()), KEY, REALM), clock())

    assert len(verifier._verified) == 3


class Users:
    """Publishes keys and revocations, and counts how often it is asked."""

    period = REVOCATIONS_PERIOD

    def __init__(self, clock) -> None:
        self.clock = clock
        self.published = [publish(KEY)]
        self.ended: list[Revocation] = []
        self.asked = {"keys": 0, "revoked": 0}
        self.is_down = False

    def keys(self):
        return {"keys": self._answer("keys", self.published)}

    def revoked(self, since):
        assert since is None or since < self.clock()
        return Revoked(self.clock(), tuple(self._answer("revoked", self.ended)))

    def _answer(self, what, value):
        self.asked[what] += 1
        if self.is_down:
            raise ConnectionError
        return value


@pytest.fixture
def users(clock) -> Users:
    return Users(clock)


@pytest.fixture
def guard(users, clock) -> Guard:
    return Guard(Verifier(REALM), users, clock)


def test_a_guard_asks_at_most_once_a_second(guard, users, claims, clock):
    token = sign(claims, KEY, REALM)
    for _ in range(5):
        guard.judge(token)
    assert users.asked == {"keys": 1, "revoked": 1}

    users.ended = [Revocation(claims.session_id, EVERY, claims.expires_at)]
    clock.pass_by(timedelta(seconds=1))
    with pytest.raises(NotSignedIn):
        guard.judge(token)
    assert users.asked == {"keys": 1, "revoked": 2}


def test_a_new_key_is_looked_for_but_not_at_the_beat_of_a_forger(guard, users, claims, clock):
    guard.judge(sign(claims, KEY, REALM))
    rotated = new_key()
    users.published.append(publish(rotated))
    clock.pass_by(timedelta(seconds=2))

    assert guard.judge(sign(claims, rotated, REALM)) == claims
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            guard.judge(sign(claims, new_key(), REALM))
    assert users.asked["keys"] == 2


def test_a_guard_goes_on_with_what_it_knows_while_nobody_answers(guard, users, claims, clock):
    token = sign(claims, KEY, REALM)
    guard.judge(token)
    users.is_down = True
    clock.pass_by(timedelta(minutes=2))

    assert guard.judge(token) == claims
    with pytest.raises(Unavailable):
        guard.judge(sign(claims, new_key(), REALM))


def test_a_guard_that_knows_nothing_lets_nobody_in(guard, users, claims, clock):
    users.is_down = True
    for _ in range(3):
        with pytest.raises(Unavailable):
            guard.judge(sign(claims, KEY, REALM))
    assert users.asked["keys"] == 1

    users.is_down = False
    clock.pass_by(timedelta(seconds=1))
    assert guard.judge(sign(claims, KEY, REALM)) == claims
