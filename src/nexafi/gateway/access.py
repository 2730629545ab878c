"""The access log: one line for each request, with ECS field names, at a price that a door can pay.

There is neither a query nor a header in a line: tokens and what customers search for stand there.
Where the log is JSON (`kernel/watch/logs.py`) the lines are written here, together several times a
second: a line through `logging` and past the watch for secrets costs 350 µs, twice the request.
What came from outside, the path and perhaps the id, still goes through that watch when it has the
look of something secret. Any other log is given each line by itself.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import time
from collections.abc import Mapping
from typing import Final, TextIO

from nexafi.gateway.reply import Reply
from nexafi.kernel.watch.logs import ECS_VERSION, AsJson
from nexafi.kernel.watch.secrecy import clean_text

log = logging.getLogger("nexafi.gateway.access")

FLUSH_S: Final = 0.2
LINES_MAX: Final = 256
"""So many lines wait at most, and no longer than FLUSH_S: what a crash may take with it."""

SUSPECT: Final = re.compile(r"[=:@\s]|eyJ|-----|\$2|(?:\d[ -]?){12}|Key|Failing")
"""What any of the shapes that `secrecy` hides has in it, and paths of ours do not."""


class AccessLog:
    """Writes down each request of one process."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._second = -1
        self._stamp = ""
        self._pid = os.getpid()

    def write(self, reply: Reply, seconds: float) -> None:
        """Write down the request that *reply* answered in so many *seconds*."""
        if not log.isEnabledFor(logging.INFO):
            return
        if _json_stream() is None:
            request = reply.request
            message = f"{request.method} {request.path} {reply.status}"
            log.info("%s", message, extra={"ecs": _fields(reply, seconds)})
            return
        self._lines.append(self._line(reply, seconds))
        if len(self._lines) >= LINES_MAX:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self.flush)

    def flush(self) -> None:
        """Hand over all lines that wait."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        stream = _json_stream()
        if self._lines and stream is not None:
            stream.write("".join(self._lines))
            stream.flush()
        self._lines.clear()

    def _line(self, reply: Reply, seconds: float) -> str:
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second = second
            self._stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._pid = os.getpid()
        request = reply.request
        path, name = json.dumps(_clean(request.path)), json.dumps(_clean(request.trace.id))
        line = (
            f'{{"@timestamp":"{self._stamp}.{int((now - second) * 1000):03d}Z","log.level":"info",'
            f'"message":"{request.method} {path[1:-1]} {reply.status}",'
            f'"ecs.version":"{ECS_VERSION}","service.name":"nexafi-gateway",'
            f'"log.logger":"{log.name}","process.pid":{self._pid},'
            f'"trace.id":"{request.trace.trace}","span.id":"{request.trace.span}","http.request.id":{name},'
            f'"http.request.method":"{request.method}","url.path":{path},'
            f'"http.response.status_code":{reply.status},'
            f'"http.response.body.bytes":{reply.sent},'
            f'"event.duration":{int(seconds * 1e9)},"client.ip":"{request.address}"'
        )
        if reply.user:
            line += f',"user.id":{json.dumps(reply.user)}'
        if reply.service:
            line += f',"service.target.name":"{reply.service}"'
        return line + "}\n"


def _fields(reply: Reply, seconds: float) -> Mapping[str, object]:
    request = reply.request
    return {
        "http.request.id": request.trace.id,
        "http.request.method": request.method,
        "http.response.body.bytes": reply.sent,
        "http.response.status_code": reply.status,
        "url.path": request.path,
        "client.ip": request.address,
        "user.id": reply.user or None,
        "event.duration": int(seconds * 1e9),
        "trace.id": request.trace.trace,
        "span.id": request.trace.span,
        "service.target.name": reply.service or None,
    }


def _clean(text: str) -> str:
    return clean_text(text) if SUSPECT.search(text) else text


def _json_stream() -> TextIO | None:
    """Return where the log of this process is written as JSON, if it is."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and isinstance(handler.formatter, AsJson):
            stream: TextIO = handler.stream
            return stream
    return None
