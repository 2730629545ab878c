"""The supervisor: imports once, forks a process for each program, and keeps them going.

One that dies is started again, after pauses that grow while it keeps dying.
Told to reload, it puts a new process in the place of each, one after the other
and on the same socket, so that no request is lost.
Told to stop, it tells all of them, gives them time to finish what they have
begun, and ends those that take longer. Should it be killed itself, they notice
and stop as well. It has no threads and opens no database: what is forked from
it must find nothing half done.
"""

from __future__ import annotations

import gc
import logging
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from nexafi.kernel.server.signals import LEAVE, LINGER_S, RELOAD

PAUSE_S: Final = 0.5
PAUSE_MAX_S: Final = 30.0
STEADY_S: Final = 60.0
"""Who has lived so long is no longer held to be dying again and again."""

GRACE_S: Final = 1.5
"""How much longer than it may drain we wait for a process before we end it."""

UP_S: Final = 60.0
"""How long a new process may take to be at work before the old one is kept in its place."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Program:
    """What one process does: called after the fork, returns when it was told to stop and has.

    It is given the socket on which it listens (None if it serves nobody) and
    what it calls once it is at work.
    """

    name: str
    run: Callable[[socket.socket | None, Callable[[], None]], None]
    listening: socket.socket | None = None
    anew: Sequence[str] = ()
    """The command that is the same with the code and the settings of the moment. It is given the
    file descriptors of the pipe on which it tells its process id once it is at work, of the one
    that ends when the supervisor does, and of the socket if it listens."""


@dataclass(slots=True)
class _Child:
    program: Program
    pid: int = 0
    started_at: float = 0.0
    deaths: int = 0
    again_at: float | None = None
    is_up: bool = False
    old: int = 0
    """The process that this one replaces, while it is there."""
    old_until: float = 0.0
    """When it is ended if it has not ended by then; 0 until it was told to leave."""
    is_anew: bool = False
    """Whether it is started by its command, since what we imported is older."""


class Supervisor:
    """Keeps the processes of one installation on one machine.

    Args:
        programs: what is to run, each in a process of its own.
        drain_s: how long they may take to finish when they are told to stop.
        lingers: whether they go on for a moment then on the connections that stand.
        say: tells the operator what happened, in one line.
        on_up: called once, when all are at work.
        on_reloaded: called when a reload has ended, with what kept it from replacing all.

    """

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        drain_s: float,
        lingers: bool = False,
        say: Callable[[str], None],
        on_up: Callable[[], None],
        on_reloaded: Callable[[str], None] = lambda _why: None,
    ) -> None:
        self._children = [_Child(program) for program in programs]
        self._drain_s = drain_s
        self._linger_s = LINGER_S if lingers else 0.0
        self._say = say
        self._on_up = on_up
        self._on_reloaded = on_reloaded
        self._is_stopping = False
        self._is_asked_to_reload = False
        self._to_replace: list[_Child] = []
        self._wake_in, self._wake_out = os.pipe()
        self._up_in, self._up_out = os.pipe()
        self._alive_in, self._alive_out = os.pipe()
        for each in (self._wake_in, self._wake_out, self._up_in):
            os.set_blocking(each, False)

    def run(self) -> int:
        """Start all, keep them going until SIGTERM or SIGINT, stop all; return the exit code."""
        signal.set_wakeup_fd(self._wake_out, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, self._stop)
        signal.signal(signal.SIGHUP, self._stop if _has_terminal() else self._reload)
        signal.signal(RELOAD, self._reload)
        gc.collect()
        gc.freeze()  # what is shared stays shared: the collector of a child does not write to it
        for child in self._children:
            self._start(child)
        while not self._is_stopping:
            self._wait(self._next_at())
            self._note_up()
            self._reap()
            self._start_due()
            self._replace()
        return self._stop_all()

    def _stop(self, *_: object) -> None:
        self._is_stopping = True

    def _reload(self, *_: object) -> None:
        self._is_asked_to_reload = True

    def _start(self, child: _Child) -> None:
        child.again_at, child.started_at, child.is_up = None, time.monotonic(), False
        pid = os.fork()
        if pid == 0:
            self._become(child.program, is_anew=child.is_anew)
        child.pid = pid

    def _become(self, program: Program, *, is_anew: bool) -> NoReturn:
        """Be the process of *program*: leave all behind that was the supervisor's."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for which in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP, RELOAD):
                signal.signal(which, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells us all: we tell them
            for each in (self._wake_in, self._wake_out, self._up_in, self._alive_out):
                os.close(each)
            for other in self._children:
                if other.program is not program and other.program.listening is not None:
                    other.program.listening.close()
            if is_anew:
                self._run_anew(program)
            threading.Thread(target=end_with, args=(self._alive_in,), daemon=True).start()
            up = str(os.getpid()).encode() + b"\n"
            program.run(program.listening, lambda: _tell(self._up_out, up))
            code = 0
        except BaseException:
            log.exception("%s could not go on", program.name)
        finally:
            logging.shutdown()
            os._exit(code)  # what runs at the exit of the supervisor is none of ours

    def _run_anew(self, program: Program) -> NoReturn:
        """Be the command of *program*; it keeps the socket, and two of our pipes."""
        listening = program.listening
        handed = (self._up_out, self._alive_in, *([listening.fileno()] if listening else []))
        for each in handed:
            os.set_inheritable(each, True)  # noqa: FBT003 - the name of the standard library
        os.execv(program.anew[0], [*program.anew, *map(str, handed)])  # noqa: S606

    def _next_at(self) -> float | None:
        moments = [c.again_at for c in self._children if c.again_at is not None]
        moments += [c.old_until or c.started_at + UP_S for c in self._children if c.old]
        return min(moments, default=None)

    def _wait(self, until: float | None) -> None:
        """Sleep until a signal comes, a child is up, or the moment is there."""
        timeout = None if until is None else max(0.0, until - time.monotonic())
        select.select([self._wake_in, self._up_in], [], [], timeout)
        _empty(self._wake_in)

    def _note_up(self) -> None:
        pids = {int(line) for line in _empty(self._up_in).split()}
        if not pids:
            return
        were_up = all(child.is_up for child in self._children)
        for child in self._children:
            if child.pid in pids:
                child.is_up = True
                if child.old:
                    self._dismiss(child)
                elif child.deaths:
                    self._say(f"{child.program.name} is back.")
        if not were_up and all(child.is_up for child in self._children):
            self._on_up()
            self._on_up = lambda: None

    def _reap(self) -> None:
        """Find out who died, say so, and when it is started again."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for child in self._children:
                if child.old == pid:
                    self._let_go(child)
                elif child.pid == pid and child.old and not child.old_until:
                    self._keep_old(child, "ended before it was at work")
                elif child.pid == pid:
                    self._mourn(child, os.waitstatus_to_exitcode(status))

    def _mourn(self, child: _Child, code: int) -> None:
        now, child.pid, child.is_up = time.monotonic(), 0, False
        if self._is_stopping:
            return
        child.deaths = 1 if now - child.started_at > STEADY_S else child.deaths + 1
        pause_s = min(PAUSE_S * 2 ** (child.deaths - 1), PAUSE_MAX_S)
        child.again_at = now + pause_s
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        self._say(f"{child.program.name} {how}; it is started again in {pause_s:g} s.")

    def _start_due(self) -> None:
        for child in self._children:
            if child.again_at is not None and child.again_at <= time.monotonic():
                self._start(child)

    def _replace(self) -> None:
        """Go on with what was asked for: a new process for each program, one after the other."""
        if self._is_asked_to_reload:
            self._is_asked_to_reload = False
            self._to_replace = list(self._children)
        now = time.monotonic()
        for child in self._children:
            if child.old and child.old_until and child.old_until <= now:
                self._kill(child.old)
                child.old_until = now + GRACE_S
            elif child.old and not child.old_until and child.started_at + UP_S <= now:
                self._kill(child.pid)
        if self._to_replace and all(each.is_up and not each.old for each in self._children):
            child = self._to_replace.pop(0)
            child.is_anew = bool(child.program.anew)
            child.old, child.old_until = child.pid, 0.0
            self._start(child)

    def _dismiss(self, child: _Child) -> None:
        """Tell the old process to leave: the new one takes requests on the same socket."""
        child.old_until = time.monotonic() + LINGER_S + self._drain_s + GRACE_S
        os.kill(child.old, LEAVE)

    def _let_go(self, child: _Child) -> None:
        """Note that the old process is no more."""
        if child.old_until:
            self._say(f"{child.program.name} is replaced.")
        child.old, child.old_until = 0, 0.0
        if not self._to_replace:
            self._on_reloaded("")

    def _keep_old(self, child: _Child, why: str) -> None:
        """Go on with the old process, and replace nothing else: what is new does not work."""
        said = f"The new {child.program.name} {why}; the old one goes on."
        self._say(said)
        child.pid, child.is_up, child.old = child.old, True, 0
        child.is_anew = False
        self._to_replace.clear()
        self._on_reloaded(said)

    @staticmethod
    def _kill(pid: int) -> None:
        os.kill(pid, signal.SIGKILL)

    def _stop_all(self) -> int:
        """Tell all to stop, wait, and end those that do not; return 0 if none had to be ended."""
        for child in self._children:
            listening = child.program.listening
            if listening is not None:
                listening.close()  # who comes now is refused, not left waiting
            self._signal(child, LEAVE if listening and self._linger_s else signal.SIGTERM)
        deadline = time.monotonic() + self._linger_s + self._drain_s + GRACE_S
        while any(c.pid or c.old for c in self._children) and time.monotonic() < deadline:
            self._wait(deadline)
            self._reap()
        ended = [child for child in self._children if child.pid or child.old]
        for child in ended:
            self._say(f"{child.program.name} did not finish within {self._drain_s:g} s; ended.")
            self._signal(child, signal.SIGKILL)
            for pid in filter(None, (child.pid, child.old)):
                os.waitpid(pid, 0)
        return 1 if ended else 0

    @staticmethod
    def _signal(child: _Child, which: signal.Signals) -> None:
        for pid in filter(None, (child.pid, child.old)):
            os.kill(pid, which)


def _has_terminal() -> bool:
    """Return whether a hangup means that somebody closed the terminal that we were started in."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


def end_with(alive_in: int) -> None:
    """Stop this process when the supervisor is no more: nobody else would."""
    os.read(alive_in, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _tell(pipe: int, what: bytes) -> None:
    os.write(pipe, what)


def _empty(pipe: int) -> bytes:
    """Return all that lies in a pipe."""
    found = b""
    try:
        while part := os.read(pipe, 4_096):
            found += part
    except BlockingIOError:
        pass
    return found
