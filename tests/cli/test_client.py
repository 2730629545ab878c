"""What the platform refuses is told in words that stand alone."""

from __future__ import annotations

import json

import pytest

from nexafi.cli.client import Answer, Refused


def refused(problem: dict[str, object]) -> Refused:
    return Refused(Answer(422, {}, json.dumps(problem).encode()))


def test_a_detail_stands_behind_its_title():
    refusal = refused({"title": "The books are closed", "detail": "March is."})

    assert (str(refusal), refusal.reason) == ("The books are closed. March is.", "March is.")


def test_each_fault_is_told_with_its_place():
    errors = [
        {"pointer": "#/lines/0", "detail": "It moves nothing."},
        {"parameter": "from", "detail": "It is no day."},
    ]

    refusal = refused({"title": "Not as described", "detail": "Two faults.", "errors": errors})

    assert refusal.reason == "Two faults. [#/lines/0 It moves nothing.] [from It is no day.]"


@pytest.mark.parametrize(
    ("body", "said"), [(b'{"title": "Not found"}', "Not found."), (b"<html>", "It answered 502.")]
)
def test_without_a_detail_the_title_or_the_status_is_told(body, said):
    refusal = Refused(Answer(502, {}, body))

    assert str(refusal) == refusal.reason == said
