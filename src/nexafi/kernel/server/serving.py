"""Serving: granian in this very process, on a socket that is open already.

granian's own supervisor starts each worker anew, with all its imports. We
import once and fork, so here is only what its workers do: serve until told to
stop, then take no new connections, finish what was begun, and return.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any, Final

import granian._futures
import granian._granian
import granian._loops
import granian.rsgi
import granian.wsgi
from granian.http import HTTP1Settings

NATIVE: Final[Any] = granian._granian  # noqa: SLF001 - its workers are not offered otherwise
FUTURES: Final[Any] = granian._futures  # noqa: SLF001
LOOPS: Final[Any] = granian._loops.loops  # noqa: SLF001 - uvloop where there is one
WSGI: Final[Any] = granian.wsgi
RSGI: Final[Any] = granian.rsgi

NO_TLS: Final[tuple[object, ...]] = (False, None, None, None, "tls1.3", None, [], False)
NO_METRICS: Final = (None, None)
HEADER_TIMEOUT_MS: Final = 15_000
"""Who has not sent all headers by then is cut off: no connection is held for nothing."""

RUST_BLOCKING_THREADS: Final = 8
IDLE_THREAD_S: Final = 30

STOP: Final = (signal.SIGTERM,)


def serve_wsgi(
    application: Callable[..., Any],
    listening: socket.socket,
    *,
    threads: int,
    backlog: int,
    begun: Callable[[], None],
    stopping: Callable[[], None],
) -> None:
    """Serve a WSGI application with *threads* until SIGTERM; return when drained."""
    loop = asyncio.new_event_loop()
    told, done = NATIVE.WorkerSignal(), threading.Event()
    told.add_cb(done.set)

    def stop(*_: object) -> None:
        stopping()
        told.set()

    for each in STOP:
        signal.signal(each, stop)
    worker = NATIVE.WSGIWorker(*_settings(listening, threads, backlog), None, *NO_TLS, NO_METRICS)
    call = WSGI._callback_wrapper(application, {})  # noqa: SLF001
    worker.serve_mtr(FUTURES._new_cbscheduler(loop, call, impl_asyncio=True), loop, told)  # noqa: SLF001
    begun()
    done.wait()


def serve_rsgi(
    application: object,
    listening: socket.socket,
    *,
    backlog: int,
    begun: Callable[[], None],
    stopping: Callable[[], None],
) -> None:
    """Serve an RSGI application, HTTP/1.1 only and without WebSockets, as `serve_wsgi` does."""
    loop = LOOPS.get("auto")
    callback, at_start, at_end = RSGI._callbacks_from_target(application)  # noqa: SLF001
    told, done = NATIVE.WorkerSignal(), asyncio.Event()
    told.add_cb(lambda: loop.call_soon_threadsafe(done.set))

    def stop() -> None:
        stopping()
        told.set()

    for each in STOP:
        loop.add_signal_handler(each, stop)
    at_start(loop)
    no_websockets = False
    worker = NATIVE.RSGIWorker(
        *_settings(listening, 1, backlog), no_websockets, None, *NO_TLS, NO_METRICS
    )
    call = FUTURES._future_watcher_wrapper(RSGI._callback_wrapper(callback))  # noqa: SLF001
    worker.serve_str(FUTURES._new_cbscheduler(loop, call, impl_asyncio=True), loop, told)  # noqa: SLF001
    begun()
    loop.run_until_complete(done.wait())
    at_end(loop)


def _settings(listening: socket.socket, threads: int, backlog: int) -> tuple[object, ...]:
    """Return what both kinds of worker are told first; granian closes its copy of the socket."""
    holder = NATIVE.SocketHolder(os.dup(listening.fileno()), False, backlog)  # noqa: FBT003
    http1 = HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS)
    return (
        1, (None, holder), None, 1, RUST_BLOCKING_THREADS, threads, IDLE_THREAD_S, backlog,
        "1", http1, None,
    )  # fmt: skip
