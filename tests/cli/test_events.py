"""`nexafi events`, as it is typed: what was given up is shown and told again, from both places."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import update
from typer.testing import CliRunner, Result

from nexafi.cli.events import app
from nexafi.cli.failures import CommandFailed
from nexafi.cli.migrate import bring_up_to_date
from nexafi.cli.platform import Platform, existing
from nexafi.contracts.users.events import OrganizationChanged
from nexafi.kernel.data.context import Context, utc_now
from nexafi.kernel.news.outbox import OUTBOX, tell
from nexafi.kernel.news.rabbitmq import topology
from nexafi.kernel.news.rabbitmq.link import RabbitAt, hang_up
from nexafi.kernel.news.relay import TRIES_MAX, relay
from nexafi.kernel.settings import Settings
from nexafi.kernel.values.ids import new_id
from tests.conftest import HOME
from tests.kernel.news.conftest import Newsroom, rabbit, until

__all__ = ["rabbit"]


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), catch_exceptions=False)


def shown(*words: str) -> list[dict]:
    found = typed("parked", "--json", *words)
    parked = json.loads(found.stdout)["parked"]
    assert found.exit_code == (1 if parked else 0)
    return parked


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEXAFI_DATA", str(tmp_path))
    platform = Platform(Settings())
    list(bring_up_to_date(platform, existing()))
    platform.close()
    return tmp_path


@pytest.fixture
def parked(folder) -> list[str]:
    """Two events in the outbox of users that nobody could bear."""
    platform = Platform(Settings())
    users, context = platform.database("users"), Context("tests", utc_now(), HOME.id, HOME)
    with users.work(context) as work:
        for revision, name in enumerate(("Engines Ltd", "Engines & Sons"), 1):
            tell(work, OrganizationChanged(home=replace(HOME, name=name), revision=revision))
    with users.steward() as session:
        session.connection().execute(
            update(OUTBOX).values(
                parked_at=utc_now(), tries=TRIES_MAX, reason="the books could not bear [it]"
            )
        )
        ids = session.connection().scalars(OUTBOX.select().order_by(OUTBOX.c.id)).all()
    platform.close()
    return [str(each) for each in ids]


def test_where_nothing_is_parked_one_is_told_so(folder):
    found = typed("parked")

    assert (found.exit_code, found.stdout) == (0, "Nothing is parked.\n")
    assert json.loads(typed("replay", "--all", "--json").stdout) == {
        "replayed": [],
        "not_parked": [],
    }


def test_what_is_parked_is_shown_with_its_reason_and_told_again_one_by_one(folder, parked):
    first = shown()[0]
    assert (first["id"], first["event"]) == (parked[0], "users.organization_changed.v1")
    assert (first["service"], first["place"], first["tries"]) == ("users", "outbox", TRIES_MAX)
    assert first["organization_id"] == str(HOME.id)
    assert "the books could not bear [it]" in typed("parked").stdout
    assert shown("--service", "ledger") == []

    for expected in ({"replayed": [parked[0]], "not_parked": []},
                     {"replayed": [], "not_parked": [parked[0]]}):  # fmt: skip
        found = typed("replay", parked[0], "--json")
        assert json.loads(found.stdout) == expected
    assert [each["id"] for each in shown()] == [parked[1]]

    platform = Platform(Settings())
    assert platform.do_round("users") >= 1
    known = platform.database("ledger").context_for("tests", HOME.id).home
    platform.close()
    assert known is not None
    assert known.name == "Engines Ltd"


def test_all_can_be_told_again(folder, parked):
    assert sorted(json.loads(typed("replay", "--all", "--json").stdout)["replayed"]) == parked
    assert shown() == []


@pytest.mark.parametrize("words", [[], ["--all", str(new_id())], ["no-id"]])
def test_what_is_meant_must_be_plain(folder, parked, words):
    with pytest.raises(CommandFailed):
        typed("replay", *words)

    assert len(shown()) == 2


def test_a_service_that_does_not_exist_is_named(folder):
    with pytest.raises(CommandFailed, match="There is no service bakery"):
        typed("parked", "--service", "bakery")


@pytest.fixture
def newsroom(folder, rabbit: RabbitAt, monkeypatch):
    """The same platform with RabbitMQ, whose ledger cannot bear anything, and gives up soon."""
    monkeypatch.setenv("NEXAFI_RABBITMQ_URL", rabbit.url)
    monkeypatch.setenv("NEXAFI_RABBITMQ_PREFIX", rabbit.prefix)
    monkeypatch.setattr(topology, "pause", lambda tries: timedelta(milliseconds=10 * tries))
    platform = Platform(Settings(rabbitmq_url=SecretStr(rabbit.url), rabbitmq_prefix=rabbit.prefix))
    context = Context("tests", utc_now(), HOME.id, HOME)
    newsroom = Newsroom(platform.database("ledger"), rabbit, context)
    yield newsroom
    newsroom.close()
    channel = newsroom.channel()
    topology.remove(channel, newsroom.names, [])
    hang_up(channel.connection)
    platform.close()


def test_what_lies_in_the_parking_place_of_rabbitmq_is_shown_and_told_again(newsroom):
    def refuse(_envelope) -> bool:
        raise ValueError("the books are closed")

    newsroom.handle = refuse
    newsroom.tell("Engines Ltd", "Engines & Sons")
    consumer = newsroom.consume()
    relay(newsroom.database, newsroom.publisher)
    until(lambda: newsroom.counted("consumer", "parked") == 2)
    consumer.stop()
    consumer.join(30)

    for _ in range(3):  # to look changes nothing
        both = shown("--service", "ledger")
        assert [(each["place"], each["reason"]) for each in both] == [
            ("queue", "the books are closed")
        ] * 2
    assert {each["tries"] for each in both} == {TRIES_MAX}
    assert all(each["parked_at"] for each in both)
    later = str(newsroom.outbox()[1].id)
    assert json.loads(typed("replay", later, "--json").stdout)["replayed"] == [later]
    assert [each["id"] for each in shown()] == [str(newsroom.outbox()[0].id)]

    newsroom.handle = None
    newsroom.consume()
    until(lambda: newsroom.known_as == "Engines & Sons")
    assert len(json.loads(typed("replay", "--all", "--json").stdout)["replayed"]) == 1
    until(lambda: newsroom.counted("consumer", "handled") == 2)
    assert newsroom.known_as == "Engines & Sons"
    assert shown() == []


def test_a_broker_that_is_away_is_said_so(folder, monkeypatch):
    monkeypatch.setenv("NEXAFI_RABBITMQ_URL", "amqp://tests:secret@127.0.0.1:1/")

    with pytest.raises(Exception, match="RabbitMQ cannot be reached") as refused:
        typed("parked")

    assert "secret" not in str(refused.value)
