"""A light GET through the gateway, beside the same directly and through nginx as a proxy.

    python -m benchmarks.gateway [--rounds 5] [--seconds 3] [--connections 8]

The service is the real users service on SQLite, asked who one is, with a token: it checks the token
and reads two rows. The gateway checks the token too, counts the call, makes ids and keeps figures;
nginx does nothing but forward. The promise is 60 % of the direct rate.

The second table has nginx in place of the service: what the gateway itself can carry.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flask import Flask

from benchmarks.common import (
    HERE,
    Measure,
    cpu_s,
    free_port,
    machine,
    pss_mib,
    running,
    serving,
    table,
    take_turns,
    verdict,
    wrk,
)
from nexafi.kernel.data.migrations import upgrade
from nexafi.kernel.trust.guard import Guard
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.trust.tokens import Verifier
from nexafi.kernel.web.identity import by_token
from nexafi.users.app import service as users
from nexafi.users.publisher import Near
from nexafi.users.settings import UsersSettings

PORTS = range(25_100, 25_200)
PROMISED = 0.6
PATH = "/api/v1/users/me"
LIGHT = "/api/v1/light/x"


def users_app() -> Flask:
    """Return the users service on the database that the environment names."""
    settings = UsersSettings(bcrypt_cost=4)
    equipped = users.equip(Secret(b"a secret of the benchmark, 32 bytes"), settings)
    database = equipped.database(os.environ["BENCHMARK_DATABASE"])
    upgrade(database)
    guard = Guard(Verifier(settings.realm), Near(database, settings), database.clock)
    return equipped.app(database, by_token(guard, database))


@contextmanager
def nginx(folder: Path, port: int, location: str) -> Iterator[int]:
    """Run nginx with one worker on *port*, doing what *location* says; give its process id."""
    folder.mkdir()
    (folder / "nginx.conf").write_text(
        f"""
        daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
        events {{ worker_connections 1024; }}
        http {{
          access_log off; keepalive_requests 1000000;
          client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
          fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
          upstream service {{ server {HERE}:{os.environ.get("BENCHMARK_UPSTREAM", "1")};
            keepalive 64; keepalive_requests 1000000; }}
          server {{ listen {HERE}:{port}; location / {{ {location} }} }}
        }}
        """
    )
    command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    command += ["-e", str(folder / "error.log")]
    with running(command, port, log=folder / "log") as process:
        yield process.pid


FORWARD = (
    "proxy_pass http://service; proxy_http_version 1.1; "
    'proxy_set_header Connection ""; proxy_set_header Host $http_host; '
    "proxy_set_header X-Forwarded-For $remote_addr;"
)


def _register(port: int) -> str:
    """Sign somebody up and return their access token."""
    body = {
        "email": "ada@example.com",
        "password": "correct horse battery staple 9",
        "organization": {"name": "Engines", "country": "US", "zone": "America/New_York"},
    }
    request = urllib.request.Request(
        f"http://{HERE}:{port}/api/v1/users/register",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer)["access_token"])


def _settings(upstreams: dict[str, str], folder: Path, *, access_log: bool) -> dict[str, str]:
    return {
        "BENCHMARK_LOG": str(folder / "access.log"),
        "NEXAFI_GATEWAY_UPSTREAMS": json.dumps(upstreams),
        "NEXAFI_GATEWAY_RATE_PER_S": "1000000",
        "NEXAFI_GATEWAY_BURST": "10000000",
        "NEXAFI_GATEWAY_ACCESS_LOG": json.dumps(access_log),
    }


def main() -> int:
    """Measure, print both tables, and return 1 if the promise was not kept."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=8)
    asked = parser.parse_args()
    print(f"{machine()}\n")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        kept = _through_to_users(stack, folder, asked)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        _through_to_nothing(stack, Path(name), asked)
    return 0 if kept else 1


def _rate(port: int, path: str, token: str, asked: argparse.Namespace) -> Measure:
    def measure() -> float:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"http://{HERE}:{port}{path}"
        load = wrk(url, connections=asked.connections, seconds=asked.seconds, headers=headers)
        return load.requests_per_s

    return measure


def _cost(pid: int, port: int, asked: argparse.Namespace) -> Measure:
    """Return what measures the processor time that the process *pid* spends on a request."""

    def measure() -> float:
        before = cpu_s(pid)
        url = f"http://{HERE}:{port}{LIGHT}"
        load = wrk(url, connections=asked.connections, seconds=asked.seconds)
        return (cpu_s(pid) - before) / (load.requests_per_s * asked.seconds) * 1e6

    return measure


def _through_to_users(stack: ExitStack, folder: Path, asked: argparse.Namespace) -> bool:
    direct, door, logging_door, other, second, double_door = (
        free_port(PORTS[n * 10 : n * 10 + 10]) for n in (0, 1, 2, 3, 4, 8)
    )
    database = {"BENCHMARK_DATABASE": f"sqlite:///{folder}/users.db"}
    stack.enter_context(serving("benchmarks.gateway:users_app()", direct, env=database))
    token = _register(direct)
    upstreams = {"users": f"http://{HERE}:{direct}"}
    gateway = stack.enter_context(
        serving(
            "benchmarks.door:app()",
            door,
            interface="rsgi",
            env=_settings(upstreams, folder, access_log=False),
        )
    )
    stack.enter_context(
        serving(
            "benchmarks.door:app()",
            logging_door,
            interface="rsgi",
            env=_settings(upstreams, folder, access_log=True),
        )
    )
    stack.enter_context(serving("benchmarks.gateway:users_app()", second, env=database))
    both = {"users": f"http://{HERE}:{direct},http://{HERE}:{second}"}
    stack.enter_context(
        serving(
            "benchmarks.door:app()",
            double_door,
            interface="rsgi",
            env=_settings(both, folder, access_log=False),
        )
    )
    redis, counting = free_port(PORTS[60:70]), free_port(PORTS[70:80])
    stack.enter_context(running(_redis(redis), redis))
    shared = {"BENCHMARK_REDIS": f"redis://{HERE}:{redis}/0"}
    settings = _settings(upstreams, folder, access_log=False) | shared
    stack.enter_context(serving("benchmarks.door:app()", counting, interface="rsgi", env=settings))
    os.environ["BENCHMARK_UPSTREAM"] = str(direct)
    stack.enter_context(nginx(folder / "nginx", other, FORWARD))
    figures = take_turns(
        {
            "direct": _rate(direct, PATH, token, asked),
            "gateway": _rate(door, PATH, token, asked),
            "gateway with Redis limits": _rate(counting, PATH, token, asked),
            "gateway with two upstream instances": _rate(double_door, PATH, token, asked),
            "gateway, writing its access log": _rate(logging_door, PATH, token, asked),
            "nginx as proxy": _rate(other, PATH, token, asked),
        },
        asked.rounds,
    )
    title = f"GET {PATH} with a token, {asked.connections} connections"
    print(table(title, figures, unit="requests/s", reference="direct"))
    alone = {
        name: wrk(
            f"http://{HERE}:{port}{PATH}",
            connections=1,
            seconds=asked.seconds,
            headers={"Authorization": f"Bearer {token}"},
        )
        for name, port in {
            "direct": direct,
            "gateway": door,
            "gateway with Redis limits": counting,
            "nginx": other,
        }.items()
    }
    added = alone["gateway"].p50_ms - alone["direct"].p50_ms
    print(
        f"\nOne connection, p50: {', '.join(f'{n} {a.p50_ms:.2f} ms' for n, a in alone.items())}"
        f"; the gateway adds {added:.2f} ms. Its memory: {pss_mib(gateway.pid):.0f} MiB (PSS)."
    )
    kept = True
    for name in ("gateway", "gateway with Redis limits"):
        ratio = figures[name].median / figures["direct"].median
        promise = f"{name}: at least {PROMISED:.0%} of the direct rate ({ratio:.0%})"
        kept = verdict(promise, kept=ratio >= PROMISED) and kept
    return kept


def _redis(port: int) -> list[str]:
    """Return the command of a Redis that keeps nothing."""
    return [
        "redis-server",
        "--port",
        str(port),
        "--bind",
        HERE,
        "--save",
        "",
        "--loglevel",
        "warning",
    ]


def _through_to_nothing(stack: ExitStack, folder: Path, asked: argparse.Namespace) -> None:
    direct, door, other = (free_port(PORTS[n * 10 : n * 10 + 10]) for n in range(5, 8))
    said = 'default_type application/json; return 200 "{\\"said\\": true}";'
    stack.enter_context(nginx(folder / "service", direct, said))
    env = _settings({"light": f"http://{HERE}:{direct}"}, folder, access_log=False)
    gateway = stack.enter_context(serving("benchmarks.door:app()", door, interface="rsgi", env=env))
    os.environ["BENCHMARK_UPSTREAM"] = str(direct)
    proxy = stack.enter_context(nginx(folder / "nginx", other, FORWARD))
    redis, counting = free_port(PORTS[80:85]), free_port(PORTS[85:90])
    stack.enter_context(running(_redis(redis), redis))
    shared = env | {"BENCHMARK_REDIS": f"redis://{HERE}:{redis}/0"}
    sharing = stack.enter_context(
        serving("benchmarks.door:app()", counting, interface="rsgi", env=shared)
    )
    figures = take_turns(
        {
            "nginx as proxy": _rate(other, LIGHT, "", asked),
            "gateway": _rate(door, LIGHT, "", asked),
            "gateway with Redis limits": _rate(counting, LIGHT, "", asked),
        },
        asked.rounds,
    )
    print()
    title = f"The door alone: before nginx that says `return 200`, {asked.connections} connections"
    print(table(title, figures, unit="requests/s", reference="nginx as proxy"))
    costs = take_turns(
        {
            "nginx as proxy": _cost(proxy, other, asked),
            "gateway": _cost(gateway.pid, door, asked),
            "gateway with Redis limits": _cost(sharing.pid, counting, asked),
        },
        asked.rounds,
    )
    print()
    title = "The same, processor time of the proxy alone"
    print(table(title, costs, unit="µs a request", reference="nginx as proxy"))


if __name__ == "__main__":
    sys.exit(main())
