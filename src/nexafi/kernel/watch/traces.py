"""Traces: by which all that one request caused is found again (W3C Trace Context).

A `traceparent` that came is continued, with a span of our own; else a trace
begins here. What runs now is known to the log alone, through a context variable:
nothing decides by it. Where spans are exported (`export_to`), one that has a name
is handed over when its block ends.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Final, Literal

_PARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)


Kind = Literal["server", "internal", "consumer"]
CHANCE: Final = 1 << 56
"""Of a trace id the last 56 bits are random (W3C Trace Context, level 2)."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a trace that has ended: what was done, from when to when."""

    name: str
    kind: Kind
    trace_id: str
    span_id: str
    parent_id: str | None
    began_ns: int
    ended_ns: int
    """Nanoseconds since 1970."""
    said: Mapping[str, object]
    is_failed: bool = False


@dataclass(slots=True)
class _Export:
    """Where spans go to, if anywhere, and which share of the traces that begin here."""

    hand: Callable[[Span], None] | None = None
    ratio: float = 1.0


_EXPORT = _Export()


def export_to(hand: Callable[[Span], None] | None, ratio: float = 1.0) -> None:
    """Hand the spans of this process to *hand* from now on: those of *ratio* of the traces.

    A trace that came is sampled as those say who sent it.
    """
    _EXPORT.hand, _EXPORT.ratio = hand, ratio


def is_exported() -> bool:
    """Return whether spans are handed to anybody."""
    return _EXPORT.hand is not None


def is_chosen(trace_id: str) -> bool:
    """Return whether a trace that begins here is sampled; all who ask say the same of an id."""
    return int(trace_id[-14:], 16) < _EXPORT.ratio * CHANCE


def hand_over(span: Span) -> None:
    """Export *span*."""
    if _EXPORT.hand is not None:
        _EXPORT.hand(span)


def note(name: str, seconds: float, said: Mapping[str, object]) -> None:
    """Note what took so many seconds until now within what runs, as a part of it."""
    if _EXPORT.hand is None or (trace := current()) is None:
        return
    if not trace.sampled or not (trace.name or trace.kind == "server"):
        return  # a round of a worker that looks whether there is anything to do
    now = time.time_ns()
    began = now - int(seconds * 1e9)
    span = Span(name, "internal", trace.trace_id, token_hex(8), trace.span_id, began, now, said)
    _EXPORT.hand(span)


@dataclass(slots=True)
class Trace:
    """Where we are: a trace, our span in it, and what else the log should say of it."""

    trace_id: str
    span_id: str
    parent_id: str | None = None
    sampled: bool = True
    said: dict[str, object] = field(default_factory=dict)
    """Further fields of every line written meanwhile: ids of request, user, organization."""
    name: str = ""
    """What is done here, if it is to be exported as a span."""
    kind: Kind = "internal"
    is_failed: bool = False

    @classmethod
    def of(cls, traceparent: str | None) -> Trace:
        """Continue the trace that *traceparent* tells of, or begin one if it tells of none."""
        match = _PARENT.fullmatch(traceparent or "")
        if match is None or ((traceparent or "").startswith("00") and match[4]):
            trace_id = token_hex(16)
            return cls(trace_id, token_hex(8), sampled=is_chosen(trace_id))
        return cls(match[1], token_hex(8), match[2], sampled=bool(int(match[3], 16) & 1))

    @property
    def traceparent(self) -> str:
        """Return what to send to those whom we ask meanwhile."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


_CURRENT: ContextVar[Trace | None] = ContextVar("nexafi_trace", default=None)


def current() -> Trace | None:
    """Return the trace of what runs now, for the log and for calls to others."""
    return _CURRENT.get()


@contextmanager
def within(trace: Trace) -> Iterator[Trace]:
    """Let all that is written in this block belong to *trace*."""
    token = _CURRENT.set(trace)
    began_ns = time.time_ns() if _EXPORT.hand is not None else 0
    try:
        yield trace
    except BaseException:
        trace.is_failed = True
        raise
    finally:
        _CURRENT.reset(token)
        if began_ns and trace.name and trace.sampled:
            hand_over(_span(trace, began_ns))


def _span(trace: Trace, began_ns: int) -> Span:
    return Span(
        name=trace.name,
        kind=trace.kind,
        trace_id=trace.trace_id,
        span_id=trace.span_id,
        parent_id=trace.parent_id,
        began_ns=began_ns,
        ended_ns=time.time_ns(),
        said=trace.said,
        is_failed=trace.is_failed,
    )
