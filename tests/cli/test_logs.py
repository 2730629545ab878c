"""`nexafi logs`, as one types it."""

from __future__ import annotations

import json

import pytest

from nexafi.kernel.watch.logfile import LogFile

LINES = [
    {
        "@timestamp": "2026-03-01T12:00:00.000Z",
        "log.level": "info",
        "message": "GET /api/v1/ledger/accounts 200",
        "service.name": "nexafi-gateway",
        "http.request.id": "abc",
        "event.duration": 1_500_000,
    },
    {
        "@timestamp": "2026-03-01T12:00:01.000Z",
        "log.level": "error",
        "message": "a defect",
        "service.name": "nexafi-ledger",
        "http.request.id": "abc",
        "organization.id": "0198",
        "error.stack_trace": "Traceback\nValueError: no",
    },
]


@pytest.fixture
def logged(commands):
    file = LogFile(commands.folder / "nexafi.log")
    for line in LINES:
        file.write(json.dumps(line) + "\n")
    return commands


def test_people_see_what_happened_and_how_long_it_took(logged):
    shown = logged.run("logs", "--request-id", "abc").stdout

    assert "2026-03-01 12:00:00.000 info    gateway" in shown
    assert "event.duration=1.5ms" in shown
    assert "ValueError: no" in shown


def test_machines_get_the_lines_as_they_were_written(logged):
    shown = logged.run("logs", "--level", "error", "--json").stdout

    assert [json.loads(line) for line in shown.splitlines()] == LINES[1:]


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["--organization", "0198"], 1),
        (["--service", "gateway"], 1),
        (["--text", "DEFECT"], 1),
        (["--since", "2026-03-01T12:00:01"], 1),
        (["--until", "2026-03-01T12:00:00Z"], 1),
        (["--since", "1m"], 0),
        (["-n", "1"], 1),
        ([], 2),
    ],
)
def test_each_option_asks_for_something(logged, words, count):
    assert len(logged.run("logs", *words, "--json").stdout.splitlines()) == count


def test_who_asks_for_no_moment_is_told_what_one_is(logged):
    refused = logged.run("logs", "--since", "yesterday", code=2)

    assert "yesterday is no moment; one is 15m" in refused.stderr


def test_where_there_is_no_log_it_is_said_how_to_get_one(commands):
    refused = commands.run("logs", code=2)

    assert "There is no" in refused.stderr
    assert "NEXAFI_LOG_TO=file" in refused.stderr
