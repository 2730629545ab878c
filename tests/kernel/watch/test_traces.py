"""Spans: exported where a collector is set, those that were sampled, and nobody waits for them."""

from __future__ import annotations

from contextlib import suppress

import pytest

from nexafi.kernel.watch import otlp, traces
from nexafi.kernel.watch.traces import Span, Trace
from tests.collector import Collector
from tests.system.test_outage import free_ports

CAME = f"00-{'a' * 32}-{'b' * 16}-01"


@pytest.fixture
def handed():
    spans: list[Span] = []
    traces.export_to(spans.append)
    yield spans
    traces.export_to(None)


def test_what_has_a_name_is_a_span_with_its_parent_and_its_parts(handed):
    with traces.within(Trace.of(CAME)) as trace:
        trace.name, trace.kind = "GET /a", "server"
        traces.note("work read", 0.25, {"db.namespace": "ledger"})

    part, whole = handed
    assert (whole.name, whole.trace_id, whole.parent_id) == ("GET /a", "a" * 32, "b" * 16)
    assert (part.trace_id, part.parent_id) == (whole.trace_id, whole.span_id)
    assert part.ended_ns - part.began_ns == 250_000_000
    assert not whole.is_failed


def test_what_fails_is_said_to_have_failed(handed):
    trace = Trace.of(None)
    trace.name = "job fail"
    with suppress(KeyError), traces.within(trace):
        raise KeyError

    assert [span.is_failed for span in handed] == [True]


def test_rounds_that_find_nothing_to_do_are_no_spans(handed):
    with traces.within(Trace.of(None)):
        traces.note("work read", 0.1, {})

    assert handed == []


def test_who_began_a_trace_decides_whether_it_is_sampled(handed):
    with traces.within(Trace.of(CAME.replace("-01", "-00"))) as trace:
        trace.name = "not sampled"

    assert handed == []


def test_of_those_that_begin_here_a_share_is_sampled_and_all_say_the_same_of_one():
    traces.export_to(lambda _: None, 0.25)
    try:
        made = [Trace.of(None) for _ in range(4_000)]
        assert 700 < sum(trace.sampled for trace in made) < 1_300
        assert all(traces.is_chosen(trace.trace_id) == trace.sampled for trace in made)
    finally:
        traces.export_to(None)


def test_a_collector_gets_spans_as_its_own_schema_has_them():
    collector = Collector(free_ports(1)[0])
    hand, finish = otlp.exporter(collector.url, "ledger", {"Authorization": "Bearer of-the-tests"})
    said = {"http.response.status_code": 201, "event.action": ["a", "b"], "user.id": None}
    hand(Span("POST /a", "server", "a" * 32, "b" * 16, "c" * 16, 10**18, 10**18 + 5 * 10**8,
              said, is_failed=True))  # fmt: skip

    finish()

    (span,) = collector.spans
    assert (span.service, span.name, span.kind) == ("nexafi-ledger", "POST /a", "server")
    assert (span.trace_id, span.span_id, span.parent_id) == ("a" * 32, "b" * 16, "c" * 16)
    assert (span.seconds, span.is_failed) == (0.5, True)
    assert span.said["http.response.status_code"] == 201
    assert "user.id" not in span.said
    assert collector.headers[0]["authorization"] == "Bearer of-the-tests"
    collector.stop()
