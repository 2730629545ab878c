"""What every benchmark stands on: processes, rounds, medians and the table that is printed.

A figure alone says nothing, so each benchmark measures its reference in the same run, and the
contestants take turns: a busy minute of the machine then falls on all of them. What is shown is the
median of the rounds, the lowest and highest beside it, and the ratio to the reference.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine, make_url, text

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 10.0
HERE = "127.0.0.1"

Measure = Callable[[], float]


@dataclass(frozen=True)
class Figure:
    """What one contestant reached, round by round."""

    name: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """Return the middle of the rounds."""
        return statistics.median(self.values)


def machine() -> str:
    """Return one line that says on what the figures were measured."""
    cpu = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists() and (
        found := re.search(r"model name\s*: (.+)", information.read_text())
    ):
        cpu = found[1]
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return (
        f"{cpu}, {os.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}, granian {version('granian')}, "
        f"load {load:.1f} at the start"
    )


def take_turns(contestants: Mapping[str, Measure], rounds: int = 5) -> dict[str, Figure]:
    """Measure each of *contestants* *rounds* times, in turns, every second round backwards.

    Args:
        contestants: what measures once and returns a figure, by name.
        rounds: how often each is measured.

    """
    values: dict[str, list[float]] = {name: [] for name in contestants}
    order = list(contestants)
    for number in range(rounds):
        for name in order if number % 2 == 0 else reversed(order):
            values[name].append(contestants[name]())
    return {name: Figure(name, tuple(found)) for name, found in values.items()}


def table(title: str, figures: Mapping[str, Figure], *, unit: str, reference: str) -> str:
    """Return *figures* as a Markdown table, each beside its ratio to *reference*."""
    base = figures[reference].median
    lines = [
        f"### {title}",
        "",
        f"| | {unit}, median | lowest to highest | of {reference} |",
        "|---|---:|---:|---:|",
    ]
    for name, figure in figures.items():
        ratio = f"{figure.median / base:.0%}" if base else "-"
        span = f"{_short(min(figure.values))} to {_short(max(figure.values))}"
        lines.append(f"| {name} | {_short(figure.median)} | {span} | {ratio} |")
    return "\n".join(lines)


def by_threads(
    ready: Callable[[], AbstractContextManager[Callable[[], int]]], *, clients: int, seconds: float
) -> Measure:
    """Return what measures how much a second is done by as many threads.

    Each thread enters *ready* and calls what it is given there, which returns how much it did.
    """

    def measure() -> float:
        until, counts = time.perf_counter() + seconds, [0] * clients

        def work(place: int) -> None:
            with ready() as deed:
                while time.perf_counter() < until:
                    counts[place] += deed()

        began = time.perf_counter()
        threads = [threading.Thread(target=work, args=(place,)) for place in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(counts) / (time.perf_counter() - began)

    return measure


@contextmanager
def database_on(server: str) -> Iterator[str]:
    """Make an empty database of our own on a PostgreSQL server; drop it at the end."""
    name = f"nexafi_bench_{uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


def verdict(promise: str, *, kept: bool) -> bool:
    """Print whether *promise* was kept in this run, and return it."""
    print(f"\n{'kept' if kept else 'NOT KEPT'}: {promise}")
    return kept


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


# -- processes ----------------------------------------------------------------------------------


def free_port(ports: range | None = None) -> int:
    """Return a port of *ports* that nobody listens on, or any that the system has free."""
    for port in ports or (0,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HERE, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise RuntimeError("no port is free")


def wait_for(
    port: int, process: subprocess.Popen[bytes], timeout_s: float = START_TIMEOUT_S
) -> None:
    """Return when somebody listens on *port*; raise if *process* ends first or takes too long."""
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        try:
            socket.create_connection((HERE, port), timeout=0.5).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"nobody listens on port {port} after {timeout_s} s")


@contextmanager
def running(
    command: Sequence[str],
    port: int,
    *,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run *command*, which listens on *port*; end it, and only it, by its process id.

    Args:
        command: the program and its arguments; never through a shell.
        port: what it listens on; the block is entered when somebody answers there.
        env: settings beside those of our own environment.
        log: where its output goes; nowhere when None.

    """
    with (log or Path(os.devnull)).open("ab") as output:
        process = subprocess.Popen(
            list(command),
            env={**os.environ, **(env or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(port, process)
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask *process* to end, and end it, with its own children, if it does not."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def serving(
    target: str,
    port: int,
    *,
    interface: str = "wsgi",
    threads: int = 4,
    workers: int = 1,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Serve *target* (``module:app``) by granian with one worker, as `nexafi serve` does.

    Args:
        target: the application; what is a factory is named ``module:factory()``.
        port: the port on 127.0.0.1.
        interface: ``wsgi`` for the services, ``rsgi`` for the gateway.
        threads: blocking threads of a WSGI worker.
        workers: processes that share the port.
        env: settings beside those of our own environment.
        log: where its output goes.

    """
    command = [sys.executable, "-m", "granian", "--interface", interface, "--host", HERE]
    command += ["--port", str(port), "--workers", str(workers), "--no-ws", "--http", "1"]
    command += ["--log-level", "warning"]
    if interface == "wsgi":
        command += ["--blocking-threads", str(threads)]
    if target.endswith("()"):
        command.append("--factory")
    with running([*command, target.removesuffix("()")], port, env=env, log=log) as process:
        yield process


def pss_mib(*pids: int) -> float:
    """Return the memory of *pids* with all their children, shared pages counted once (PSS)."""
    kib = 0
    for pid in _with_children(pids):
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we were looking
        kib += sum(int(found) for found in re.findall(r"^Pss:\s+(\d+) kB", text, re.MULTILINE))
    return kib / 1024


def cpu_s(*pids: int) -> float:
    """Return the processor time that *pids* with all their children have used so far.

    On a busy machine this says more than a rate: it does not wait for others.
    """
    ticks = 0
    for pid in _with_children(pids):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _with_children(pids: Sequence[int]) -> list[int]:
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = list(pids)
    for pid in found:
        found += parents.get(pid, [])
    return found


# -- load ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Load:
    """What wrk saw."""

    requests_per_s: float
    p50_ms: float
    p99_ms: float
    errors: int


def wrk(
    url: str,
    *,
    connections: int = 8,
    seconds: int = 3,
    headers: Mapping[str, str] | None = None,
    script: Path | None = None,
) -> Load:
    """Load *url* with *connections* for *seconds* from one thread of wrk.

    Raises RuntimeError if an answer was not 2xx or 3xx, or a socket failed: such a rate is none.
    """
    program = shutil.which("wrk")
    if program is None:
        raise RuntimeError("wrk is not installed (Debian: apt install wrk)")
    command = [program, "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    for name, value in (headers or {}).items():
        command += ["-H", f"{name}: {value}"]
    if script is not None:
        command += ["-s", str(script)]
    out = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    errors = (int(refused[1]) if refused else 0) + (
        sum(int(count) for count in broken.groups()) if broken else 0
    )
    rate = re.search(r"Requests/sec:\s+([\d.]+)", out)
    if errors or rate is None:
        raise RuntimeError(f"{url}: {errors} errors\n{out}")
    return Load(
        requests_per_s=float(rate[1]), p50_ms=_ms("50%", out), p99_ms=_ms("99%", out), errors=errors
    )


def _ms(percentile: str, out: str) -> float:
    found = re.search(rf"^\s+{re.escape(percentile)}\s+([\d.]+)(us|ms|s)\s*$", out, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"wrk says nothing of {percentile}:\n{out}")
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]
