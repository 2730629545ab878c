"""The log is searched from its end, by what a line says and when."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from nexafi.kernel.watch import searching
from nexafi.kernel.watch.logfile import LogFile
from nexafi.kernel.watch.searching import Wanted

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEVELS = ("debug", "info", "warning", "error")


def line(number: int, **more: object) -> dict[str, object]:
    moment = START + timedelta(seconds=number)
    return {
        "@timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "log.level": LEVELS[number % 4],
        "message": f"Zahl Ü {number}",
        "service.name": "nexafi-ledger" if number % 3 else "nexafi-users",
        "http.request.id": f"request-{number // 10}",
        **more,
    }


@pytest.fixture
def log(tmp_path, monkeypatch):
    """Return the path of a log of 1,000 lines, a second apart, in several files and blocks."""
    monkeypatch.setattr(searching, "BLOCK", 700)
    path = tmp_path / "nexafi.log"
    file = LogFile(path, bytes_max=40_000)
    for number in range(1_000):
        file.write(json.dumps(line(number), ensure_ascii=False) + "\n")
    return path


def numbers(log, limit: int = 10_000, **wanted: object) -> list[int]:
    lines = searching.latest(log, Wanted(**wanted), limit)
    return [int(each["message"].rpartition(" ")[2]) for each in lines]


def test_all_is_found_in_its_order_across_files_and_blocks(log):
    assert numbers(log) == list(range(1_000))
    assert numbers(log, 5) == [995, 996, 997, 998, 999]


def test_each_question_finds_exactly_its_lines(log):
    assert numbers(log, request_id="request-42") == list(range(420, 430))
    assert numbers(log, level="error") == list(range(3, 1_000, 4))
    assert numbers(log, level="warning") == [n for n in range(1_000) if n % 4 >= 2]
    assert numbers(log, service="users") == list(range(0, 1_000, 3))
    assert numbers(log, text="zahl Ü 77") == [77, *range(770, 780)]
    assert numbers(log, request_id="request-42", service="users") == [420, 423, 426, 429]
    assert numbers(log, organization="nobody") == []


@pytest.mark.parametrize(("begin", "end"), [(0, 0), (250, 260), (300, 299), (999, 5_000)])
def test_a_span_of_time_is_found_whole(log, begin, end):
    since, until = START + timedelta(seconds=begin), START + timedelta(seconds=end)

    assert numbers(log, since=since, until=until) == list(range(begin, min(end, 999) + 1))


def test_a_span_of_time_is_found_without_reading_what_is_older(log, monkeypatch):
    read = []
    parsed = searching.parsed
    monkeypatch.setattr(searching, "parsed", lambda raw: read.append(raw) or parsed(raw))

    numbers(log, since=START + timedelta(seconds=990))

    assert len(read) < 40


def test_a_line_that_came_late_is_found_in_its_time(log):
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line(997, message="late 1")) + "\n")

    since, until = START + timedelta(seconds=997), START + timedelta(seconds=997)
    assert sorted(numbers(log, since=since, until=until)) == [1, 997]


def test_half_lines_and_lines_of_others_are_passed_over(log):
    with log.open("ab") as file:
        file.write(b'Traceback (most recent call last):\n[1]\n\xff\xfe\n{"@timestamp": "20')

    assert numbers(log, 2) == [998, 999]
    assert numbers(log, since=START + timedelta(seconds=999)) == [999]


def test_what_is_written_from_now_on_is_followed_across_files(tmp_path, monkeypatch):
    monkeypatch.setattr(searching, "POLL_S", 0.01)
    path = tmp_path / "nexafi.log"
    file = LogFile(path, bytes_max=2_000)
    file.write(json.dumps(line(0)) + "\n")
    over = threading.Event()
    lines = searching.following(path, Wanted(service="ledger"), is_over=over.is_set)
    writer = threading.Timer(
        0.2, lambda: [file.write(json.dumps(line(number)) + "\n") for number in range(1, 60)]
    )
    writer.start()

    found = [int(each["message"].rpartition(" ")[2]) for each in islice(lines, 39)]

    writer.join()
    over.set()
    assert found == [number for number in range(1, 60) if number % 3][:39]


@pytest.mark.skipif(not os.environ.get("NEXAFI_TEST_LONG"), reason="NEXAFI_TEST_LONG is not set")
def test_one_line_in_a_gigabyte_is_found(tmp_path):
    path = tmp_path / "nexafi.log"
    common = "".join(json.dumps(line(n % 900, text="x" * 200)) + "\n" for n in range(20_000))
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(line(7, **{"http.request.id": "the-one"})) + "\n")
        while file.tell() < 2**30:
            file.write(common)

    assert numbers(path, 1, request_id="the-one") == [7]
