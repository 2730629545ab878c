"""The access log says who asked what and how it went, and nothing that is secret."""

from __future__ import annotations

import asyncio
import io
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexafi.gateway import access
from nexafi.gateway.access import SUSPECT, AccessLog
from nexafi.gateway.door import Request
from nexafi.gateway.reply import Reply
from nexafi.kernel.watch import logs
from nexafi.kernel.watch.secrecy import HIDDEN, clean_text

JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"


class Scope:
    proto, client, scheme, method, query_string, authority = (
        "http", "192.0.2.7:4711", "http", "GET", "secret=in-the-query", None,
    )  # fmt: skip

    def __init__(self, path: str) -> None:
        self.path = path


def reply_to(path: str, request_id: str = "invoice-17") -> Reply:
    request = Request(Scope(path))
    request.trace.name(request_id)
    reply = Reply(request, None)
    reply.status, reply.sent, reply.user, reply.service = 200, 14, "ada", "ledger"
    return reply


@pytest.fixture
def written():
    """The log of this process as JSON; the loggers are put back as they were."""
    root, stream = logging.getLogger(), io.StringIO()
    before, level = list(root.handlers), root.level
    root.handlers = []
    logs.set_up("gateway", level="INFO", form="json", sql=False, to=stream)
    yield stream
    root.handlers = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def write(*replies: Reply, flush: bool = True) -> None:
    async def told() -> None:
        log = AccessLog()
        for each in replies:
            log.write(each, 0.0125)
        if flush:
            log.flush()
        else:
            await asyncio.sleep(access.FLUSH_S * 1.5)

    asyncio.run(told())


def test_a_line_says_the_same_as_if_the_log_had_formatted_it(written, monkeypatch):
    reply = reply_to("/api/v1/ledger/entries")
    write(reply)
    quick = json.loads(written.getvalue())
    written.truncate(0)
    written.seek(0)
    monkeypatch.setattr(access, "_json_stream", lambda: None)
    write(reply)
    slow = json.loads(written.getvalue())

    for line in (quick, slow):
        line.pop("process.thread.name", None)
        assert line.pop("@timestamp").endswith("Z")
    assert quick == slow
    assert quick["client.ip"] == "192.0.2.7"
    assert quick["event.duration"] == 12_500_000


def test_lines_are_written_soon_without_being_asked_for(written):
    write(reply_to("/a"), reply_to("/b"), flush=False)

    assert [json.loads(line)["url.path"] for line in written.getvalue().splitlines()] == [
        "/a",
        "/b",
    ]


def test_many_lines_do_not_wait(written):
    write(*(reply_to(f"/{n}") for n in range(access.LINES_MAX)), flush=False)

    assert len(written.getvalue().splitlines()) == access.LINES_MAX


@pytest.mark.parametrize(
    "path",
    [
        f"/invitations/{JWT}",
        "/x/password=hunter2-hunter2",
        "/x/4111111111111111",
        "/x/4111-1111-1111-1111",
        "/x/https://ada:hunter2@example.com",
        "/x/Bearer abcdefghijkl",
        "/x/token:abcdefghij",
    ],
)
def test_what_looks_like_a_secret_in_a_path_is_hidden(written, path):
    write(reply_to(path))

    line = json.loads(written.getvalue())
    assert line["url.path"] == clean_text(path)
    assert HIDDEN in line["url.path"]
    assert "in-the-query" not in written.getvalue()


@given(st.text())
def test_nothing_that_the_watch_would_hide_escapes_its_notice(text: str):
    if not SUSPECT.search(text) and len(text) < 1000:
        assert clean_text(text) == text


@given(st.text(max_size=50))
def test_whatever_the_path_a_line_is_one_json_object(text: str):
    line = AccessLog()._line(reply_to(f"/{text}"), 1.0)

    assert line.count("\n") == 1
    assert json.loads(line)["url.path"] == clean_text(f"/{text}")


def test_a_quieter_log_has_no_lines(written):
    logging.getLogger().setLevel("WARNING")
    write(reply_to("/a"))

    assert written.getvalue() == ""
