"""What is secret never stands in a log, whatever way it comes."""

from __future__ import annotations

import io
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexafi.kernel.watch import logs, traces
from nexafi.kernel.watch.secrecy import HIDDEN, clean, clean_text
from nexafi.kernel.watch.traces import Trace

SECRET = "Zq8vN3xLw0Tr5Yb7"
JWT = f"eyJhbGciOiJFZERTQSJ9.{SECRET}.c2lnbmF0dXJl"
CARD = "4242424242424242"

SENTENCES = [
    f"Authorization: Bearer {SECRET}",
    f"got header authorization=Basic {SECRET}",
    f"the token was {JWT}",
    f"postgresql+psycopg://nexafi_app:{SECRET}@db.example.com/nexafi",
    f"redis://:{SECRET}@127.0.0.1:6379/0",
    f"connecting with password={SECRET} host=db",
    f'body was {{"email": "a@b.example", "password": "{SECRET}"}}',
    f"{{'refresh_token': '{SECRET}', 'x': 1}}",
    f"client_secret: {SECRET}",
    f"?api_key={SECRET}&page=2",
    f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----",
    f"DETAIL:  Failing row contains (1, a@b.example, {SECRET}).",
    f"Set-Cookie: session={SECRET}; Path=/",
]


class Log:
    """A log that is written to memory."""

    def __init__(self, form: str) -> None:
        self.text = io.StringIO()
        logs.set_up("tests", level="DEBUG", form=form, sql=False, to=self.text)

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.text.getvalue().splitlines()]


@pytest.fixture(params=["json", "text"])
def log(request):
    yield from _log(request.param)


@pytest.fixture
def json_log():
    yield from _log("json")


def _log(form: str):
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield Log(form)
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_secret_is_known_by_its_shape_in_a_message(log, sentence):
    logging.getLogger("x").warning("look: %s", sentence)

    assert SECRET not in log.text.getvalue()
    assert "look:" in log.text.getvalue()


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_secret_is_known_by_its_shape_in_an_exception_and_its_cause(log, sentence):
    error = RuntimeError("outer")
    error.__cause__ = ValueError(sentence)

    logging.getLogger("x").error("it failed", exc_info=error)

    assert SECRET not in log.text.getvalue()
    assert "RuntimeError" in log.text.getvalue()


@pytest.mark.parametrize(
    "name",
    ["password", "access_token", "Authorization", "clientSecret", "api-key", "pepper", "otp"],
)
def test_a_secret_is_known_by_the_name_of_its_field(log, name):
    said = {name: SECRET, "inner": {"list": [{name: SECRET}]}, "kept": "as it is"}

    logging.getLogger("x").info("fields", extra={"ecs": said})

    assert SECRET not in log.text.getvalue()
    assert "as it is" in log.text.getvalue()


@pytest.mark.parametrize("written", [CARD, "4242 4242 4242 4242", "4242-4242-4242-4242"])
def test_of_a_card_the_last_four_digits_remain(written):
    assert clean_text(f"paid by {written} today") == f"paid by {HIDDEN}4242 today"


@pytest.mark.parametrize(
    "text",
    [
        "01a210f1-d430-7dcf-8b7b-93c995f78c29",
        "POST /api/v1/ledger/entries 201 in 3.2 ms",
        "2026-11-25T04:23:33.680329Z",
        "the token_type is bearer",
        "4242424242424243",  # not a card: its check digit is wrong
        "took 1234567890123456789012 ns",
    ],
)
def test_what_is_no_secret_is_left_as_it_is(text):
    assert clean_text(text) == text


@given(
    st.recursive(
        st.text() | st.integers() | st.binary(),
        lambda s: st.lists(s) | st.dictionaries(st.text(), s),
    )
)
def test_whatever_is_said_can_be_written(value):
    json.dumps(clean(value))


def test_a_line_is_named_as_ecs_names_things(json_log):
    with traces.within(Trace.of(f"00-{'a' * 32}-{'b' * 16}-01")) as trace:
        trace.said["user.id"] = "user:1"
        logging.getLogger("nexafi.x").warning("hello", extra={"ecs": {"url.path": "/x"}})

    (line,) = json_log.lines
    assert line["@timestamp"].endswith("Z")
    assert {
        "log.level": "warning",
        "message": "hello",
        "service.name": "nexafi-tests",
        "log.logger": "nexafi.x",
        "trace.id": "a" * 32,
        "user.id": "user:1",
        "url.path": "/x",
    }.items() <= line.items()


def test_a_line_that_was_called_wrongly_is_written_all_the_same():
    record = logging.LogRecord("x", logging.INFO, "", 1, "%d apples", ("no",), None)

    assert json.loads(logs.AsJson("tests").format(record))["message"] == "%d apples"


@pytest.mark.parametrize(
    "parent",
    [None, "", "00-xyz", f"00-{'0' * 32}-{'b' * 16}-01", f"ff-{'a' * 32}-{'b' * 16}-01",
     f"00-{'a' * 32}-{'b' * 16}-01-more"],
)  # fmt: skip
def test_a_parent_that_is_none_begins_a_trace(parent):
    trace = Trace.of(parent)

    assert trace.parent_id is None
    assert len(trace.trace_id) == 32
    assert Trace.of(trace.traceparent).trace_id == trace.trace_id


def test_a_trace_of_a_later_version_is_continued():
    assert Trace.of(f"01-{'a' * 32}-{'b' * 16}-00-more").parent_id == "b" * 16
