"""`nexafi trace`: what one request did, from what it left behind."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from nexafi.cli.way import Traces, follow
from nexafi.kernel.data.footprints import Deed, Told
from nexafi.kernel.watch.logfile import LogFile

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVENT = uuid4()


def at(ms: float) -> datetime:
    return START + timedelta(milliseconds=ms)


def line(service: str, ms: float, **said: object) -> dict[str, object]:
    return {
        "@timestamp": at(ms).isoformat(),
        "log.level": "info",
        "service.name": f"nexafi-{service}",
        "http.request.id": "abc",
        **{name.replace("_", "."): value for name, value in said.items()},
    }


def request(service: str, begin: float, end: float, status: int = 201, **more: object):
    told = {"http.response.status_code": status, "event.duration": int((end - begin) * 1e6)}
    return line(service, end, **more) | told | {"http.request.method": "POST", "url.path": "/a"}


def event(**more: object) -> Told:
    given = {"sent_at": at(40), "parked_at": None, "tries": 1, "reason": "", "span_id": ""} | more
    return Told(id=EVENT, at=at(8), name="ledger.entry_posted", **given)


LINES = [
    request("gateway", 0, 12, span_id="g" * 16),
    request("ledger", 1, 11, span_id="l" * 16, parent_id="g" * 16),
    line("ledger", 5, message="a rate was missing", span_id="l" * 16) | {"log.level": "warning"},
]
DEED = Deed(at(7), "ada", "ledger:entry:post", "POST /a")


def shape(steps) -> list[object]:
    return [(step.service, step.kind, shape(step.steps)) for step in steps]


def test_each_step_stands_below_what_led_to_it_in_the_order_of_time():
    left = Traces({"ledger": [DEED]}, {"ledger": [event()]}, {"users": {EVENT: at(60)}})

    (way,) = follow(LINES, left)

    assert shape([way]) == [
        ("gateway", "request", [
            ("ledger", "request", [
                ("ledger", "line", []),
                ("ledger", "deed", []),
                ("ledger", "event", [("users", "handled", [])]),
            ]),
        ]),
    ]  # fmt: skip
    assert [step.ms for step in way.all()] == [12, 10, None, None, 32, 52]


def test_what_a_handler_did_stands_below_it():
    left = Traces(
        {"users": [Deed(at(61), "event:ledger.entry_posted", "users:thing:do", "x")]},
        {"ledger": [event()]},
        {"users": {EVENT: at(60)}},
    )

    (way,) = follow(LINES, left)

    (handled,) = [step for step in way.all() if step.kind == "handled"]
    assert [step.what for step in handled.steps] == ["did users:thing:do"]


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"sent_at": None}, "told ledger.entry_posted, waits"),
        ({"sent_at": None, "reason": "no"}, "told ledger.entry_posted, waits after 1 tries: no"),
        (
            {"sent_at": None, "parked_at": at(99), "tries": 8, "reason": "no"},
            "told ledger.entry_posted, given up after 8 tries: no",
        ),
    ],
)
def test_the_fate_of_an_event_is_told(more, what):
    steps = follow([], Traces({}, {"ledger": [event(**more)]}, {}))

    assert [step.what for step in steps] == [what]


def test_people_see_a_tree_and_machines_a_document(commands):
    file = LogFile(commands.folder / "nexafi.log")
    for each in LINES:
        file.write(json.dumps(each) + "\n")

    shown = commands.run("trace", "abc").stdout
    told = commands.json("trace", "abc")

    assert "abc  2026-03-01 12:00:00 UTC" in shown
    assert "+0.0 ms gateway POST /a 201  12 ms" in shown
    assert "+5.0 ms ledger warning: a rate was missing" in shown
    assert shown.index("gateway") < shown.index("ledger POST") < shown.index("a rate was")
    assert told["steps"][0]["steps"][0]["service"] == "ledger"


def test_a_request_that_left_nothing_is_said_to_be_unknown(commands):
    refused = commands.run("trace", "nobody", code=2)

    assert "Nothing is known of nobody" in refused.stderr
