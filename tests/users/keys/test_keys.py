"""The keys that sign: made when needed, sealed, rotated, and published while they matter."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from nexafi.kernel.data.context import Context
from nexafi.kernel.trust.secrets import SealBroken, Secret
from nexafi.kernel.trust.tokens import PINNED
from nexafi.users.keys import actions, queries
from nexafi.users.tables import SigningKey
from tests.users.conftest import SECRET, SETTINGS


@pytest.fixture
def work(users):
    """Open a Work of the operator."""
    return lambda: users.database.work(Context("operator", users.clock()))


def published(users) -> list[str]:
    return [key["kid"] for key in users.person().get("/.well-known/jwks.json").json["keys"]]


def test_whoever_reads_the_published_keys_can_check_a_token(users, ada):
    keys = users.person().get("/.well-known/jwks.json").json
    judged = jwt.decode(ada.tokens["access_token"], KeySet.import_key_set(keys), registry=PINNED)

    assert judged.claims["org"]["name"] == "Ada's Engines"
    assert judged.header == {"alg": "EdDSA", "kid": keys["keys"][0]["kid"], "typ": "at+jwt"}
    assert "d" not in keys["keys"][0]


def test_the_worker_makes_the_first_key(users):
    assert published(users) == []

    users.work()
    users.work()

    assert len(published(users)) == 1


def test_a_key_rotates_when_it_is_old_and_stays_published_while_its_tokens_live(users, ada):
    first = published(users)
    users.clock.pass_by(SETTINGS.key_life)
    users.work()

    both = published(users)
    assert (len(both), both[0]) == (2, first[0])
    bob = users.register("bob@example.com")
    assert bob.get("/me").status_code == 200

    users.clock.pass_by(SETTINGS.access_life + timedelta(seconds=5))
    assert published(users) == both[1:]
    users.clock.pass_by(timedelta(seconds=10))
    users.work()
    assert users.count("signing_keys") == 1


def test_tokens_of_a_retired_key_are_good_until_they_run_out(users, ada, work):
    with work() as open_work:
        actions.rotate(open_work, SECRET)
    assert ada.get("/me").status_code == 200

    users.clock.pass_by(timedelta(minutes=14))
    assert ada.get("/me").status_code == 200


def test_tokens_of_a_withdrawn_key_are_refused_within_a_minute(users, ada, work):
    with work() as open_work:
        actions.rotate(open_work, SECRET, withdraw=True)
    users.clock.pass_by(timedelta(minutes=1))

    assert ada.get("/me").status_code == 401
    assert ada.refresh().status_code == 200
    assert ada.get("/me").status_code == 200
    assert len(published(users)) == 1


def test_a_private_key_is_sealed_to_its_row(users, ada, work):
    with work() as open_work:
        row = queries.newest(open_work)
        assert b'"d"' not in row.private
        assert json.loads(SECRET.open(actions.PURPOSE, row.private, place=row.kid))["d"]
        with pytest.raises(SealBroken):
            actions.signer(open_work, Secret.new())
        row.kid = "another"
        with pytest.raises(SealBroken):
            actions.signer(open_work, SECRET)
        open_work.session.expunge(row)


def test_two_first_keys_are_both_good(users, work):
    for _ in range(2):
        with work() as open_work:
            actions.make(open_work, SECRET)

    assert users.register().get("/me").status_code == 200
    users.clock.pass_by(SETTINGS.key_life)
    users.work()
    with work() as open_work:
        assert len(queries.active(open_work)) == 1
        assert open_work.session.query(SigningKey).count() == 3
