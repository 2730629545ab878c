"""Whatever one does with tokens, in whatever order: what a page of model says is what happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from nexafi.kernel.trust.tokens import LEEWAY
from nexafi.users.sessions.rules import GRACE
from tests.conftest import on_sqlite
from tests.users.conftest import SETTINGS, Users

NUMBER = count()
PAUSES = [
    GRACE,
    GRACE + timedelta(seconds=1),
    SETTINGS.access_life,
    SETTINGS.idle_life - timedelta(seconds=1),
]
LINES_MAX = 2


@dataclass
class Line:
    """A session as one would draw it: tokens one after the other."""

    started_at: datetime
    refreshed_at: datetime
    refresh: list[str] = field(default_factory=list)
    used_at: list[datetime] = field(default_factory=list)
    access: list[tuple[str, datetime]] = field(default_factory=list)
    has_ended: bool = False

    def is_over(self, now: datetime) -> bool:
        ends_at = self.started_at + SETTINGS.session_life
        return self.has_ended or now >= min(ends_at, self.refreshed_at + SETTINGS.idle_life)

    def believes(self, issued_at: datetime, now: datetime) -> bool:
        return not self.has_ended and now < issued_at + SETTINGS.access_life + LEEWAY


class Sessions(RuleBasedStateMachine):
    users: Users

    @initialize()
    def sign_up(self):
        self.email = f"user{next(NUMBER)}@example.com"
        self.lines = [self._line(self.users.register(self.email).tokens)]

    @precondition(lambda self: sum(not each.has_ended for each in self.lines) < LINES_MAX)
    @rule()
    def sign_in(self):
        self.lines.append(self._line(self.users.signed_in(self.email).tokens))

    @rule(pause=st.sampled_from(PAUSES))
    def wait(self, pause):
        self.users.clock.pass_by(pause)

    @rule(data=st.data(), newest=st.booleans())
    def refresh(self, data, newest):
        line = data.draw(st.sampled_from(self.lines[-LINES_MAX:]))
        last = len(line.refresh) - 1
        place = last if newest else data.draw(st.integers(0, last))
        now, used = self.users.clock(), len(line.used_at)
        answer = self.users.person(refresh_token=line.refresh[place]).refresh()

        if line.is_over(now):
            assert answer.status_code == 401
        elif place == used:
            line.used_at.append(now)
            line.refreshed_at = now
            self._grow(line, answer)
        elif place == used - 1 and now <= line.used_at[place] + GRACE:
            assert answer.json["refresh_token"] == line.refresh[used]
            line.access.append((answer.json["access_token"], now))
        else:
            assert answer.status_code == 401
            line.has_ended = True
            assert self.users.person(refresh_token=line.refresh[-1]).refresh().status_code == 401

    @rule(data=st.data())
    def sign_out(self, data):
        line = data.draw(st.sampled_from(self.lines[-LINES_MAX:]))
        token, issued_at = data.draw(st.sampled_from(line.access))
        answer = self.users.person(access_token=token).post("/logout")

        if line.believes(issued_at, self.users.clock()):
            assert answer.status_code == 204
            line.has_ended = True
        else:
            assert answer.status_code == 401

    @rule(data=st.data())
    def look(self, data):
        line = data.draw(st.sampled_from(self.lines[-LINES_MAX:]))
        token, issued_at = data.draw(st.sampled_from(line.access))
        answer = self.users.person(access_token=token).get("/me")

        believed = line.believes(issued_at, self.users.clock())
        assert answer.status_code == (200 if believed else 401)

    def _line(self, tokens) -> Line:
        now = self.users.clock()
        line = Line(now, now)
        line.refresh.append(tokens["refresh_token"])
        line.access.append((tokens["access_token"], now))
        return line

    def _grow(self, line, answer):
        assert answer.status_code == 200
        line.refresh.append(answer.json["refresh_token"])
        line.access.append((answer.json["access_token"], self.users.clock()))


@on_sqlite
@pytest.mark.timeout(300)
def test_tokens_do_what_the_model_says(users):
    run_state_machine_as_test(
        type("OfUsers", (Sessions,), {"users": users}),
        settings=settings(
            max_examples=30,
            stateful_step_count=50,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
