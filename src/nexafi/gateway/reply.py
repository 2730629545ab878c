"""The one answer to a request, and what is remembered of it for the log."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final, Protocol

from nexafi.gateway.door import Fields, Request
from nexafi.kernel.errors import NotSignedIn, Problem

ALLOWED: Final = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
PROBLEM: Final = "application/problem+json"


class Transport(Protocol):
    """Where the pieces of a streamed answer go."""

    async def send_bytes(self, data: bytes) -> None:
        """Send a piece, waiting while the client is slower than we are."""
        ...


class Protocol_(Protocol):  # noqa: N801 - the word is RSGI's as well as Python's
    """The other half of RSGI: how a body is read and an answer given."""

    async def __call__(self) -> bytes:
        """Return the whole body, or raise if it broke off."""
        ...

    def __aiter__(self) -> Any:  # noqa: ANN401 - granian's own kind of iterator
        """Return the body piece by piece; the last piece is empty, see `bodies`."""
        ...

    def response_empty(self, status: int, headers: Fields) -> None:
        """Answer without a body."""

    def response_bytes(self, status: int, headers: Fields, body: bytes) -> None:
        """Answer with this body."""

    def response_stream(self, status: int, headers: Fields) -> Transport:
        """Answer with a body that comes in pieces."""
        ...


class Reply:
    """The answer to *request*, given once."""

    __slots__ = ("fields", "protocol", "request", "sent", "service", "status", "user")

    def __init__(self, request: Request, protocol: Protocol_, *, closing: bool = False) -> None:
        self.request = request
        self.protocol = protocol
        self.fields: Fields = [("connection", "close")] if closing else []
        """What stands in the headers of any answer: the client's share of calls."""
        self.status = 0
        """The status, once it has been sent."""
        self.sent = 0
        """Bytes of the body sent so far."""
        self.service = ""
        """The service that was asked."""
        self.user = ""
        """Who asked, if they said it."""

    @property
    def has_begun(self) -> bool:
        """Return whether the client has seen the beginning of the answer."""
        return self.status != 0

    def _headers(self, fields: Fields) -> Fields:
        trace = self.request.trace
        fields += self.fields
        fields.append(("x-request-id", trace.id))
        fields.append(("traceparent", trace.parent))
        return fields

    def whole(self, status: int, fields: Fields, body: bytes) -> None:
        """Answer with a body that is all there."""
        self.status, self.sent = status, len(body)
        self.protocol.response_bytes(status, self._headers(fields), body)

    def empty(self, status: int, fields: Fields) -> None:
        """Answer without a body; the length that a GET would have may stand in *fields*."""
        self.status = status
        self.protocol.response_empty(status, self._headers(fields))

    def stream(self, status: int, fields: Fields) -> Transport:
        """Begin an answer whose body comes in pieces."""
        self.status = status
        return self.protocol.response_stream(status, self._headers(fields))

    def document(
        self, status: int, kind: str, body: bytes, extra: Mapping[str, str] | None = None
    ) -> None:
        """Answer with a document of our own; to HEAD without its body."""
        fields = [
            ("content-type", kind),
            ("x-content-type-options", "nosniff"),
            *(extra or {}).items(),
        ]
        if self.request.method == "HEAD":
            self.empty(status, [*fields, ("content-length", str(len(body)))])
        else:
            self.whole(status, fields, body)

    def problem(self, problem: Problem, *, closing: bool = False) -> None:
        """Answer with *problem*, and close the connection if it can no longer be trusted."""
        extra = {"cache-control": "no-store"}
        if isinstance(problem, NotSignedIn):
            extra["www-authenticate"] = 'Bearer error="invalid_token"'  # RFC 6750, section 3
        if problem.status == 405:
            extra["allow"] = ALLOWED
        if "retry_after_s" in problem.facts:
            extra["retry-after"] = str(
                max(1, math.ceil(float(str(problem.facts["retry_after_s"]))))
            )
        if closing:
            extra["connection"] = "close"
        document = problem.as_json() | {"request_id": self.request.trace.id}
        self.document(problem.status, PROBLEM, json.dumps(document).encode(), extra)
