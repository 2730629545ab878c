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

from nexafi.kernel.server.signals import LEAVE, LINGER_S

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
    leaving: Callable[[], None],
    stopping: Callable[[], None],
) -> None:
    """Serve a WSGI application with *threads* until SIGTERM; return when drained.

    Args:
        application: what answers.
        listening: the socket, which others may listen on as well.
        threads: how many requests are worked on at the same time.
        backlog: how many connections wait.
        begun: called once it takes requests.
        leaving: called when it is replaced: begin nothing new but requests.
        stopping: called when it takes no further ones.

    """
    loop = asyncio.new_event_loop()
    told, done = NATIVE.WorkerSignal(), threading.Event()
    told.add_cb(done.set)
    is_leaving = threading.Event()

    def stop(*_: object) -> None:
        stopping()
        told.set()

    def leave(*_: object) -> None:
        leaving()
        is_leaving.set()
        _accept_no_more(accepting)
        listening.close()  # whoever else has it still listens; if nobody has, who comes is refused
        _stop_later()

    for each in STOP:
        signal.signal(each, stop)
    signal.signal(LEAVE, leave)
    accepting = os.dup(listening.fileno())
    worker = NATIVE.WSGIWorker(*_settings(accepting, threads, backlog), None, *NO_TLS, NO_METRICS)
    call = WSGI._callback_wrapper(_closing(application, is_leaving), {})  # noqa: SLF001
    worker.serve_mtr(FUTURES._new_cbscheduler(loop, call, impl_asyncio=True), loop, told)  # noqa: SLF001
    begun()
    done.wait()


def serve_rsgi(
    application: object,
    listening: socket.socket,
    *,
    backlog: int,
    begun: Callable[[], None],
    leaving: Callable[[], None],
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

    def leave() -> None:
        leaving()
        _accept_no_more(accepting)
        listening.close()  # whoever else has it still listens; if nobody has, who comes is refused
        _stop_later()

    for each in STOP:
        loop.add_signal_handler(each, stop)
    loop.add_signal_handler(LEAVE, leave)
    at_start(loop)
    no_websockets = False
    accepting = os.dup(listening.fileno())
    worker = NATIVE.RSGIWorker(
        *_settings(accepting, 1, backlog), no_websockets, None, *NO_TLS, NO_METRICS
    )
    call = FUTURES._future_watcher_wrapper(RSGI._callback_wrapper(callback))  # noqa: SLF001
    worker.serve_str(FUTURES._new_cbscheduler(loop, call, impl_asyncio=True), loop, told)  # noqa: SLF001
    begun()
    loop.run_until_complete(done.wait())
    at_end(loop)


def _stop_later() -> None:
    """Stop this process when whoever uses its connections has had the time to let go of them."""
    timer = threading.Timer(LINGER_S, os.kill, (os.getpid(), STOP[0]))
    timer.daemon = True
    timer.start()


def _closing(application: Callable[..., Any], is_leaving: threading.Event) -> Callable[..., Any]:
    """Return *application* as it closes each connection after its answer, once it is leaving."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:  # noqa: ANN401
        if not is_leaving.is_set():
            return application(environ, start_response)

        def start(status: str, headers: list[tuple[str, str]], *error: object) -> object:
            return start_response(status, [*headers, ("Connection", "close")], *error)

        return application(environ, start)

    return answer


def _accept_no_more(accepting: int) -> None:
    """Take no connection from the socket that granian was given, and keep those that it took.

    granian itself can only do both at once. So in place of its copy of the socket we put one to
    which nobody connects; those who wait on the other are taken by who listens there besides.
    """
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)  # noqa: FBT003 - the name of the standard library
        os.dup2(silent.fileno(), accepting)


def _settings(accepting: int, threads: int, backlog: int) -> tuple[object, ...]:
    """Return what both kinds of worker are told first; granian closes its copy of the socket."""
    holder = NATIVE.SocketHolder(accepting, False, backlog)  # noqa: FBT003
    http1 = HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS)
    return (
        1, (None, holder), None, 1, RUST_BLOCKING_THREADS, threads, IDLE_THREAD_S, backlog,
        "1", http1, None,
    )  # fmt: skip
