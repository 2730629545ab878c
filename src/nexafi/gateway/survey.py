"""What the gateway asks the services about themselves: whether they are ready, what they offer.

Both answers are kept for a moment, so that many who ask cost a service no more than one, and a
service that is down is named and takes nobody else with it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar

from pyreqwest.client import Client
from pyreqwest.exceptions import PyreqwestError

from nexafi.gateway.openapi import merge
from nexafi.gateway.upstreams import Upstream

T = TypeVar("T")

READY_KEPT_S: Final = 1.0
DESCRIPTION_KEPT_S: Final = 10.0
PATIENCE: Final = timedelta(seconds=2)
DOCUMENT_MAX: Final = 8 * 2**20


class Kept(Generic[T]):
    """An answer that is good for a while; asked for by one, however many want it."""

    def __init__(self, ask: Callable[[], Awaitable[T]], kept_s: float) -> None:
        self._ask = ask
        self._kept_s = kept_s
        self._until = -float("inf")
        self._asking: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """Return the answer, at most as old as it may be."""
        if self._asking is None or (self._asking.done() and time.monotonic() >= self._until):
            self._asking = asyncio.get_running_loop().create_task(self._renew())
        return await asyncio.shield(self._asking)

    async def _renew(self) -> T:
        answer = await self._ask()
        self._until = time.monotonic() + self._kept_s
        return answer


class Survey:
    """The state and the descriptions of all services.

    Args:
        client: the pooled client.
        upstreams: the services, by name.
        version: of the platform.

    """

    def __init__(self, client: Client, upstreams: Mapping[str, Upstream], version: str) -> None:
        self._client = client
        self._upstreams = upstreams
        self._version = version
        self.states = Kept(self._states, READY_KEPT_S)
        """Each service's state: ``ready``, or what is wrong with it."""
        self.description = Kept(self._description, DESCRIPTION_KEPT_S)
        """The merged description as JSON, and its ETag."""

    async def _states(self) -> dict[str, str]:
        names = sorted(self._upstreams)
        found = await asyncio.gather(*(self._state(self._upstreams[name]) for name in names))
        return dict(zip(names, found, strict=True))

    async def _state(self, upstream: Upstream) -> str:
        """Return ``ready``, how many instances are if not all of them, or what is wrong."""
        found = await asyncio.gather(*(self._heard(each.origin) for each in upstream.instances))
        ready = found.count("ready")
        return found[0] if ready in {0, len(found)} else f"ready ({ready} of {len(found)})"

    async def _heard(self, origin: str) -> str:
        try:
            status, _body = await self._get(f"{origin}/readyz")
        except (PyreqwestError, ValueError) as error:
            return _reason(error)
        return "ready" if status == 200 else f"not ready ({status})"

    async def _description(self) -> tuple[bytes, str]:
        names = sorted(self._upstreams)
        found = await asyncio.gather(*(self._document(self._upstreams[name]) for name in names))
        told = dict(zip(names, found, strict=True))
        documents = {name: each for name, each in told.items() if isinstance(each, dict)}
        missing = {name: each for name, each in told.items() if isinstance(each, str)}
        text = json.dumps(merge(documents, missing, version=self._version), ensure_ascii=False)
        body = text.encode()
        return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'

    async def _document(self, upstream: Upstream) -> dict[str, Any] | str:
        """Return what a service says of itself, or why it could not be asked."""
        found: dict[str, Any] | str = "not running"
        for each in upstream.instances:
            found = await self._told(upstream.name, each.origin)
            if isinstance(found, dict):
                break
        return found

    async def _told(self, name: str, origin: str) -> dict[str, Any] | str:
        url = f"{origin}/api/v1/{name}/openapi.json"
        try:
            status, body = await self._get(url)
            if status != 200:
                return f"answered {status}"
            document: dict[str, Any] = json.loads(body)
            merge({name: document}, {}, version=self._version)
        except (PyreqwestError, ValueError, AttributeError, KeyError, TypeError) as error:
            return _reason(error)  # whatever is wrong with one document, the others are shown
        return document

    async def _get(self, url: str) -> tuple[int, bytes]:
        async with self._client.get(url).timeout(PATIENCE).build_streamed() as response:
            body = bytearray()
            while piece := await response.body_reader.read_chunk():
                body += bytes(piece)
                if len(body) > DOCUMENT_MAX:
                    raise ValueError("too long an answer")
            return response.status, bytes(body)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "too slow"
    return "not running" if isinstance(error, PyreqwestError) else "answered nonsense"
