"""The door knows the keys and revocations of the users service, without waiting for them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest

from nexafi.gateway import identity
from nexafi.gateway.identity import Caller, Identity
from nexafi.kernel.errors import NotSignedIn, Unavailable
from nexafi.kernel.trust.tokens import (
    EVERY,
    Claims,
    Realm,
    Revocation,
    Revoked,
    Verifier,
    new_key,
    publish,
    sign,
)
from tests.conftest import HOME

NOW = datetime(2026, 4, 1, 2, 30, tzinfo=UTC)
USER = UUID("01990000-0000-7000-8000-000000000001")
CALLER = Caller(str(USER), str(HOME.id))


def claims() -> Claims:
    return Claims(
        token_id=uuid4(),
        user_id=USER,
        session_id=uuid4(),
        generation=1,
        issued_at=NOW,
        expires_at=NOW + timedelta(minutes=15),
        role="owner",
        permissions=frozenset(),
        home=HOME,
    )


@dataclass
class Users:
    """The users service, as far as the door asks it."""

    signing: list[object] = field(default_factory=lambda: [new_key()])
    revocations: list[Revocation] = field(default_factory=list)
    is_up: bool = True
    pause_s: float = 0.0
    asked: list[str] = field(default_factory=list)

    def token(self, said: Claims | None = None) -> str:
        return sign(said or claims(), self.signing[-1], Realm())

    async def keys(self):
        await self._answer("keys")
        return {"keys": [publish(key) for key in self.signing]}

    async def revoked(self, since: datetime | None) -> Revoked:
        await self._answer(f"revoked since {since:%H:%M:%S}" if since else "revoked")
        return Revoked(NOW, tuple(self.revocations))

    async def _answer(self, what: str) -> None:
        self.asked.append(what)
        await asyncio.sleep(self.pause_s)
        if not self.is_up:
            raise ConnectionRefusedError


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A monotonic clock that is moved by hand."""
    now = [1000.0]
    monkeypatch.setattr(identity, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def pass_by(seconds: float) -> None:
        now[0] += seconds

    return pass_by


def run(story: Callable[[Identity], Awaitable[None]], users: Users) -> None:
    async def told() -> None:
        await story(Identity(Verifier(Realm()), users, lambda: NOW))

    asyncio.run(told())


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_the_first_token_waits_for_the_keys(time):
    users = Users()

    async def story(door: Identity) -> None:
        assert await door.judge(users.token()) == CALLER
        assert await door.judge(users.token()) == CALLER

    run(story, users)
    assert users.asked == ["keys", "revoked"]


def test_many_first_tokens_ask_once(time):
    users = Users(pause_s=0.01)

    async def story(door: Identity) -> None:
        judged = await asyncio.gather(*(door.judge(users.token()) for _ in range(20)))
        assert set(judged) == {CALLER}

    run(story, users)
    assert users.asked == ["keys", "revoked"]


def test_without_the_users_service_nobody_can_tell(time):
    users = Users(is_up=False)

    async def story(door: Identity) -> None:
        with pytest.raises(Unavailable):
            await door.judge(users.token())
        users.is_up = True
        time(1)
        assert await door.judge(users.token()) == CALLER

    run(story, users)


def test_while_the_users_service_is_down_what_is_known_is_used(time):
    users = Users()

    async def story(door: Identity) -> None:
        await door.judge(users.token())
        users.is_up = False
        for _ in range(100):
            time(1)
            assert await door.judge(users.token()) == CALLER
            await settle()

    run(story, users)


def test_what_was_revoked_is_refused_after_a_second(time):
    users = Users()
    said = claims()
    token = users.token(said)

    async def story(door: Identity) -> None:
        await door.judge(token)
        users.revocations = [Revocation(said.session_id, EVERY, said.expires_at)]
        time(1)
        assert await door.judge(token) == CALLER, "nobody waits for news"
        await settle()
        with pytest.raises(NotSignedIn):
            await door.judge(token)

    run(story, users)
    assert users.asked == ["keys", "revoked", "revoked since 02:29:50"]


def test_after_a_long_silence_news_are_waited_for(time):
    users = Users()
    said = claims()
    token = users.token(said)

    async def story(door: Identity) -> None:
        await door.judge(token)
        users.revocations = [Revocation(said.session_id, EVERY, said.expires_at)]
        time(120)
        with pytest.raises(NotSignedIn):
            await door.judge(token)

    run(story, users)


def test_a_users_service_that_hangs_is_waited_for_once(time):
    users = Users()
    token = users.token()

    async def story(door: Identity) -> None:
        await door.judge(token)
        users.is_up, users.pause_s = False, 0.05
        time(120)
        assert await door.judge(token) == CALLER
        users.pause_s = 3600
        time(1)
        assert await asyncio.wait_for(door.judge(token), 1) == CALLER

    run(story, users)


def test_a_new_key_is_looked_for_once_a_second_at_most(time):
    users = Users()

    async def story(door: Identity) -> None:
        await door.judge(users.token())
        users.signing.append(new_key())
        with pytest.raises(NotSignedIn):
            await door.judge(users.token())
        time(1.5)
        assert await door.judge(users.token()) == CALLER
        stranger = Users()
        for _ in range(5):
            with pytest.raises(NotSignedIn):
                await door.judge(stranger.token())

    run(story, users)
    assert users.asked.count("keys") == 2


def test_a_key_that_was_withdrawn_is_trusted_no_more_after_a_minute(time):
    users = Users()
    token = users.token()

    async def story(door: Identity) -> None:
        await door.judge(token)
        users.signing[:] = [new_key()]
        time(61)
        await door.judge(users.token())
        await settle()
        with pytest.raises(NotSignedIn):
            await door.judge(token)

    run(story, users)


@pytest.mark.parametrize(
    "change",
    [
        {"issued_at": NOW - timedelta(hours=1), "expires_at": NOW - timedelta(minutes=1)},
        {"issued_at": NOW + timedelta(minutes=1)},
    ],
)
def test_a_token_of_another_time_is_refused(time, change):
    users = Users()

    async def story(door: Identity) -> None:
        with pytest.raises(NotSignedIn):
            await door.judge(users.token(replace(claims(), **change)))

    run(story, users)
