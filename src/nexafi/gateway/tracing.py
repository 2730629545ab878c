"""What a request is called on its way through the services: its id and its trace.

The id is what a person quotes to us; the trace is that of W3C Trace Context (level 1), so that
whatever tracing the client uses goes on here. Both are taken over if well formed, else made.
"""

from __future__ import annotations

import os
import re
from typing import Final

from nexafi.kernel.watch import traces

ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", re.ASCII)
TRACEPARENT: Final = re.compile(
    r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?",
    re.ASCII,
)


_CHANCE_BYTES: Final = 4_096
_chance = memoryview(b"")
"""Random bytes in store: asking the system for a few costs as much as for many. Filled when first
needed, so that processes that were forked do not share it."""


def _hex(size: int) -> str:
    """Return *size* random bytes in hexadecimal."""
    global _chance  # noqa: PLW0603 - the store
    if len(_chance) < size:
        _chance = memoryview(os.urandom(_CHANCE_BYTES))
    taken, _chance = _chance[:size], _chance[size:]
    return taken.hex()


class Trace:
    """The names of one request."""

    __slots__ = ("_flags", "_id", "_span", "_trace", "caller", "is_given", "state")

    def __init__(self) -> None:
        self._id: str | None = None
        self._trace: str | None = None
        self._span: str | None = None
        self._flags: str | None = None
        self.caller: str | None = None
        """The span of the client that asks us."""
        self.state: str | None = None
        """The ``tracestate`` to pass on."""
        self.is_given = False
        """Whether the client began this trace."""

    def name(self, request_id: str) -> None:
        """Take over the id that the client chose, if it is one."""
        if ID.fullmatch(request_id):
            self._id = request_id

    def follow(self, traceparent: str) -> None:
        """Go on with the trace that the client began, if it is one."""
        found = TRACEPARENT.fullmatch(traceparent.strip())
        if found is None or (found[1] == "00" and found[5]):
            return
        self._trace, self.caller, self._flags, self.is_given = found[2], found[3], found[4], True

    @property
    def id(self) -> str:
        """Return the id of the request; one of ours is the id of its trace as well."""
        if self._id is None:
            self._id = self.trace
        return self._id

    @property
    def trace(self) -> str:
        """Return the id of the trace, 32 hexadecimal digits."""
        if self._trace is None:
            self._trace = _hex(16)
        return self._trace

    @property
    def span(self) -> str:
        """Return the id of our own part of the way, 16 hexadecimal digits."""
        if self._span is None:
            self._span = _hex(8)
        return self._span

    @property
    def flags(self) -> str:
        """Return whether the trace is sampled, as W3C writes it; who began it decides."""
        if self._flags is None:
            chosen = traces.is_exported() and traces.is_chosen(self.trace)
            self._flags = "01" if chosen else "00"
        return self._flags

    @property
    def parent(self) -> str:
        """Return the ``traceparent`` that names our own part of the way."""
        return f"00-{self.trace}-{self.span}-{self.flags}"
