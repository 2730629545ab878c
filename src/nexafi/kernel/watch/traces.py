"""Traces: by which all that one request caused is found again (W3C Trace Context).

A `traceparent` that came is continued, with a span of our own; else a trace
begins here. What runs now is known to the log alone, through a context variable:
nothing decides by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from secrets import token_hex

_PARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)


@dataclass(slots=True)
class Trace:
    """Where we are: a trace, our span in it, and what else the log should say of it."""

    trace_id: str
    span_id: str
    parent_id: str | None = None
    sampled: bool = True
    said: dict[str, object] = field(default_factory=dict)
    """Further fields of every line written meanwhile: ids of request, user, organization."""

    @classmethod
    def of(cls, traceparent: str | None) -> Trace:
        """Continue the trace that *traceparent* tells of, or begin one if it tells of none."""
        match = _PARENT.fullmatch(traceparent or "")
        if match is None or ((traceparent or "").startswith("00") and match[4]):
            return cls(token_hex(16), token_hex(8))
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
    try:
        yield trace
    finally:
        _CURRENT.reset(token)
