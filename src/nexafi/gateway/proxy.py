"""Passing a request on to its service and the answer back, as they come.

A connection that could not be made is tried again for requests that may be repeated (RFC 9110,
section 9.2.2), and for any at another instance of the service: nothing has been sent. A reading
whose connection closed without an answer is sent once more, and so is what carries an idempotency
key, which the service knows again: so a service that is started again loses none. Nothing else is
ever sent twice. Whatever keeps the service from answering becomes a problem: 502 when it was not
there or broke off, 503 when it is left alone, 504 when it was too slow.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from pyreqwest.client import Client
from pyreqwest.exceptions import (
    ConnectError,
    ConnectTimeoutError,
    NetworkError,
    PyreqwestError,
)
from pyreqwest.request import StreamRequest
from pyreqwest.response import Response

from nexafi.gateway import errors
from nexafi.gateway.bodies import Bodies, Body, ending
from nexafi.gateway.door import Fields, Request
from nexafi.gateway.reply import Reply
from nexafi.gateway.settings import GatewaySettings
from nexafi.gateway.upstreams import Instance, Upstream, Visit
from nexafi.gateway.wire import Pace

REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
KEY: Final = "idempotency-key"
PAUSES_S: Final = (0.05, 0.2)
"""Before each further try to reach a service, which may just be starting again."""

NOT_PASSED_BACK: Final = frozenset(
    {
        "connection",
        "content-length",
        "date",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "server",
        "te",
        "traceparent",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-request-id",
    }
)
AHEAD_MAX: Final = 2**20
"""Bytes of one answer that are held for a client that reads more slowly than the service writes."""

LOOK_S: Final = 0.005
"""How often it is looked whether such a client has read on."""

WHOLE_MAX: Final = 64 * 2**10
"""Answers up to this are sent on in one piece."""


class Proxy:
    """What passes requests on.

    Args:
        client: the pooled client.
        settings: every limit and timeout.

    """

    def __init__(self, client: Client, settings: GatewaySettings) -> None:
        self._client = client
        self._bodies = Bodies(
            settings.body_max_bytes, settings.hold_max_bytes, settings.idle_timeout_s
        )
        self._first_byte_s = settings.first_byte_timeout_s
        self._idle_s = settings.idle_timeout_s
        self._total_s = settings.total_timeout_s

    async def pass_on(self, request: Request, reply: Reply, upstream: Upstream) -> None:
        """Ask *upstream* and answer with what it says, or raise the problem why that failed."""
        with upstream.visit() as visit:
            body = await self._bodies.take(request, reply.protocol)
            await self._ask(request, reply, visit, body)

    async def _ask(self, request: Request, reply: Reply, visit: Visit, body: Body) -> None:
        """Send the request, again if nobody was there, and tell the circuit how it went."""
        name = reply.service
        fields = _fields(request)
        is_whole, has_key = isinstance(body, bytes), _has_key(fields)
        repeatable = is_whole and (has_key or request.method in REPEATABLE)
        pauses = iter(PAUSES_S if repeatable and not visit.instance.circuit.is_open else ())
        may_be_dropped = is_whole and (has_key or request.method in READING)
        while True:
            try:
                await self._exchange(request, reply, visit.instance, fields, body)
            except (PyreqwestError, TimeoutError) as error:
                never_arrived = _never_arrived(error)
                dropped = may_be_dropped and isinstance(error, NetworkError) and not reply.has_begun
                if never_arrived and isinstance(body, bytes) and visit.move_on():
                    continue
                if (never_arrived or dropped) and (pause_s := next(pauses, None)) is not None:
                    may_be_dropped = may_be_dropped and never_arrived
                    await asyncio.sleep(pause_s)
                    continue
                if not reply.has_begun:
                    visit.instance.circuit.failed(time.monotonic())
                if never_arrived:
                    said = f"{name} takes no connection."
                    raise errors.ServiceUnreachable(said) from error
                if isinstance(error, TimeoutError):
                    raise errors.ServiceTooSlow(f"{name} took too long.") from error
                raise errors.ServiceBroke(f"{name} broke off its answer.") from error
            return

    async def _exchange(
        self, request: Request, reply: Reply, instance: Instance, fields: Fields, body: Body
    ) -> None:
        """Ask once. One clock runs all the time and is wound up again at each step."""
        builder = self._client.request(request.method, instance.origin + request.target)
        builder = builder.headers(fields)
        loop = asyncio.get_running_loop()
        patience_s = self._first_byte_s if isinstance(body, bytes) else self._total_s
        async with asyncio.timeout(patience_s) as clock:
            if isinstance(body, bytes):
                if body:
                    builder = builder.body_bytes(body)
                elif request.coded or request.length == 0:
                    builder = builder.header("content-length", "0")
            else:
                if request.length is not None:
                    builder = builder.header("content-length", str(request.length))

                def body_is_sent() -> None:
                    clock.reschedule(loop.time() + self._first_byte_s)

                builder = builder.body_stream(ending(body, body_is_sent))
            await self._receive(
                builder.streamed_read_buffer_limit(1).build_streamed(), reply, instance, clock
            )

    async def _receive(
        self, asked: StreamRequest, reply: Reply, instance: Instance, clock: asyncio.Timeout
    ) -> None:
        async with asked as response:
            instance.circuit.succeeded()
            status = response.status
            length: str | None = None
            fields: Fields = []
            for field in response.headers.items():
                if field[0] not in NOT_PASSED_BACK:
                    fields.append(field)
                elif field[0] == "content-length":
                    length = field[1]
            if reply.request.method == "HEAD" or status in {204, 304}:
                if length is not None and status != 204:
                    fields.append(("content-length", length))
                reply.empty(status, fields)
            elif length is not None and int(length) <= WHOLE_MAX:
                body = await response.body_reader.bytes()
                reply.whole(status, fields, bytes(body))
            else:
                if length is not None:
                    fields.append(("content-length", length))
                await self._pour(response, reply, status, fields, clock)

    async def _pour(
        self, response: Response, reply: Reply, status: int, fields: Fields, clock: asyncio.Timeout
    ) -> None:
        """Send the answer on piece by piece, each within the time that one may take."""
        loop = asyncio.get_running_loop()
        reader = response.body_reader
        clock.reschedule(loop.time() + self._idle_s)
        piece = await reader.read_chunk()
        transport = reply.stream(status, fields)
        pace = Pace(reply.request.client, AHEAD_MAX)
        try:
            while piece is not None:
                data = bytes(piece)
                await transport.send_bytes(data)
                reply.sent += len(data)
                if pace.is_ahead(reply.sent):
                    clock.reschedule(None)
                    await self._wait_for_client(pace, reply.sent)
                clock.reschedule(loop.time() + self._idle_s)
                piece = await reader.read_chunk()
        finally:
            pace.close()

    async def _wait_for_client(self, pace: Pace, sent: int) -> None:
        """Wait until the client has read on; raise when it takes nothing for too long."""
        arrived, waited_s = pace.arrived(), 0.0
        while pace.is_ahead(sent):
            if waited_s >= self._idle_s:
                raise errors.ClientTooSlow("The client stopped reading.")
            await asyncio.sleep(LOOK_S)
            now = pace.arrived()
            waited_s = waited_s + LOOK_S if now == arrived else 0.0
            arrived = now


def _has_key(fields: Fields) -> bool:
    """Return whether the service does this once, however often it is sent."""
    return any(name == KEY for name, _ in fields)


def _never_arrived(error: Exception) -> bool:
    """Return whether there was no connection, so that nothing of the request can have arrived.

    pyreqwest calls it a ConnectError as well when a connection that was made is closed without an
    answer; the cause tells the two apart.
    """
    if isinstance(error, ConnectTimeoutError):
        return True
    causes = error.details["causes"] or () if isinstance(error, ConnectError) else ()
    return any(cause["message"] == "client error (Connect)" for cause in causes)


def _fields(request: Request) -> Fields:
    """Return the headers that the service is given: the client's own, and what we know of it."""
    trace = request.trace
    fields = request.fields
    fields += (
        ("x-forwarded-for", request.address),
        ("x-forwarded-proto", request.scheme),
        ("x-forwarded-host", request.host or ""),
        ("x-request-id", trace.id),
        ("traceparent", trace.parent),
    )
    if trace.state is not None:
        fields.append(("tracestate", trace.state))
    return fields
