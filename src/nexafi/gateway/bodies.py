"""The body of a request: held if it is small, else streamed; never taken for whole if it broke off.

Small bodies (nearly all of ours) are read to their end before the service hears of the request. So
a broken chunk or a client that goes away is answered here and nothing reaches the service, and a
client that sends a byte a second holds none of its few threads.

**A trap.** granian's iterator ends in silence when the body breaks: a chunk with a bad size and a
clean end look alike. But it gives an empty piece for each end and for each error: after a clean end
exactly one, the last. Any piece after an empty one means that the body broke, or that trailers
follow, which nobody here reads. `tests/gateway/test_framing.py` holds granian to this.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from nexafi.gateway import errors
from nexafi.gateway.door import Request
from nexafi.gateway.reply import Protocol_

DRAIN_MAX: Final = 512 * 2**20
DRAIN_S: Final = 10.0
"""How much of a refused body is let in, and for how long, so that its sender hears why."""

Body = bytes | AsyncIterator[bytes]


class Bodies:
    """How bodies are taken in.

    Args:
        whole_max: the largest body that is let through, in bytes.
        hold_max: the largest that is held in memory before the service hears of it.
        idle_s: the longest wait for the next piece.

    """

    def __init__(self, whole_max: int, hold_max: int, idle_s: float) -> None:
        self._whole_max = whole_max
        self._hold_max = hold_max
        self._idle_s = idle_s

    async def take(self, request: Request, protocol: Protocol_) -> Body:
        """Return the body of *request*, whole or as a stream, or raise why it is refused."""
        length = request.length
        if not request.has_body:
            return b""
        if length is not None and length > self._whole_max:
            raise self._too_large()
        if length is not None and length <= self._hold_max:
            return await self._whole(protocol, length)
        pieces = self._pieces(protocol, length)
        held = bytearray()
        async for piece in pieces:
            held += piece
            if len(held) > self._hold_max:
                return _chain(bytes(held), pieces)
        return bytes(held)

    async def _whole(self, protocol: Protocol_, length: int) -> bytes:
        try:
            async with asyncio.timeout(self._idle_s):
                body = await protocol()
        except TimeoutError as error:
            raise _too_slow() from error
        except RuntimeError as error:  # what granian raises when the client is gone
            raise _broken() from error
        if len(body) != length:
            raise _broken()
        return body

    async def _pieces(self, protocol: Protocol_, length: int | None) -> AsyncIterator[bytes]:
        """Give the body piece by piece, and raise if it breaks off, is too long or too slow."""
        pieces = aiter(protocol)
        read, ended = 0, False
        while True:
            piece = await _next(pieces, self._idle_s)
            if piece is None:
                break
            if ended:
                raise _broken()
            if not piece:
                ended = True
                continue
            read += len(piece)
            if read > self._whole_max:
                raise self._too_large()
            yield piece
        if not ended or (length is not None and read != length):
            raise _broken()

    def _too_large(self) -> errors.BodyTooLarge:
        return errors.BodyTooLarge(f"A body has {self._whole_max} bytes at most.")


async def _next(pieces: Any, idle_s: float) -> bytes | None:  # noqa: ANN401 - granian's iterator
    """Return the next piece, or None after the last."""
    try:
        async with asyncio.timeout(idle_s):
            return bytes(await anext(pieces))
    except StopAsyncIteration:
        return None
    except TimeoutError as error:
        raise _too_slow() from error
    except RuntimeError as error:
        raise _broken() from error


async def _chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


async def ending(body: AsyncIterator[bytes], then: Callable[[], None]) -> AsyncIterator[bytes]:
    """Give *body* and call *then* when it has been sent whole."""
    async for piece in body:
        yield piece
    then()


async def drain(request: Request, protocol: Protocol_) -> None:
    """Let a body that is refused come in and forget it, as far as that is bearable.

    Most clients read no answer before they have sent all; closed upon, they report a broken pipe
    and not that the file is too large. One that asked first (Expect) has sent nothing and waits.
    """
    if request.expects:
        return
    drained = 0
    with contextlib.suppress(RuntimeError, StopAsyncIteration, TimeoutError):
        with contextlib.suppress(RuntimeError):
            aiter(protocol)  # unless its first part has been read already
        async with asyncio.timeout(DRAIN_S):
            while drained < DRAIN_MAX and (piece := await anext(protocol)):  # type: ignore[call-overload]
                drained += len(piece)


def _broken() -> errors.BrokenRequest:
    return errors.BrokenRequest("The body broke off or its chunks are not sound.")


def _too_slow() -> errors.BodyTooSlow:
    return errors.BodyTooSlow("The body stopped coming.")
