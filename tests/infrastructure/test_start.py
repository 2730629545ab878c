"""`infrastructure/start-infrastructure.sh`, for real: servers and a folder of one's own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from scripts.infrastructure import access, dotenv, installation, parts, processes
from scripts.infrastructure.parts import Trouble

from tests.postgreses import needs_server, private

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "infrastructure" / "start-infrastructure.sh"
OURS = ("postgres", "redis", "rabbitmq", "prometheus", "alertmanager")
missing = [each.package for each in parts.PARTS if each.package and each.program() is None]
needs_packages = pytest.mark.skipif(
    bool(missing) and not os.environ.get("CI"), reason=f"these packages are missing: {missing}"
)


def free_base() -> int:
    """Return a port after which twenty more are free."""
    for base in range(25_400 + os.getpid() % 20 * 25, 25_990, 25):
        with ExitStack() as stack:
            try:
                for port in range(base, base + 20):
                    stack.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            return base
    raise AssertionError("no ports are free")


class Place:
    """A folder in which servers are started, stopped whatever comes of the test."""

    def __init__(self, folder: Path) -> None:
        self.env = folder / ".env"
        self.data = folder / "var"
        self.base = free_base()

    def run(self, *options: str, code: int = 0) -> str:
        command = [SCRIPT, "--native", "--port-base", str(self.base), "--data", self.data]
        done = subprocess.run(
            [*command, "--env", self.env, *options],
            check=False, capture_output=True, text=True, timeout=170,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    @property
    def processes(self) -> dict[str, list[processes.Process]]:
        folder = self.data / "infrastructure"
        return {name: processes.Room(folder / name).noted()[1] for name in OURS}

    def family(self) -> list[int]:
        """Return all processes that have to do with this folder, our own noted ones among them."""
        found = [each.pid for noted in self.processes.values() for each in noted]
        for proc in Path("/proc").iterdir():
            try:
                if str(self.data).encode() in (proc / "cmdline").read_bytes():
                    found.append(int(proc.name))
            except (OSError, ValueError):
                continue
        return found


@pytest.fixture
def place() -> Place:
    """A place that other users may enter: as root the servers do not run as root."""
    folder = Path("/tmp") / f"nexafi-infrastructure-{os.getpid()}"  # noqa: S108 - named for us
    folder.mkdir(mode=0o755)
    made = Place(folder)
    yield made
    made.run("--stop")
    shutil.rmtree(folder)


@needs_packages
@pytest.mark.timeout(240)
def test_what_debian_has_is_started_once_used_and_stopped_without_a_trace(place):
    place.env.write_text("NEXAFI_LOG_LEVEL=WARNING\n")

    told = place.run()

    assert told.count("ready after") == 5
    assert "Elasticsearch   left out" in told
    assert stat.S_IMODE(place.env.stat().st_mode) == 0o600
    written = dotenv.ours(place.env)
    assert place.env.read_text().startswith("NEXAFI_LOG_LEVEL=WARNING\n")
    assert len(written["NEXAFI_SECRET"]) > 32
    started = place.processes
    assert all(started.values())

    again = place.run()

    assert again.count("runs already") == 5
    assert place.processes == started
    assert dotenv.ours(place.env) == written
    assert place.run("--status").count("(ours)") == 5

    held = psycopg.connect(written["NEXAFI_DATABASE_URL"].replace("+psycopg", ""))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        held.execute("CREATE SCHEMA mine")
    with pytest.raises(psycopg.OperationalError, match="authentication"):
        psycopg.connect(f"postgresql://postgres:wrong@127.0.0.1:{place.base}/postgres")
    if os.geteuid() == 0:
        owners = {Path(f"/proc/{each}").stat().st_uid for each in place.family()}
        assert 0 not in owners, "as root they run as users of their own"

    assert place.run("--stop").count("stopped") == 5, "a client that stays holds nothing up"

    held.close()
    assert place.family() == []
    for port in range(place.base, place.base + 20):
        assert not processes.is_open(port)
    assert place.run("--status", code=1).count("not running") == 7

    place.base += 8
    assert "Redis" not in place.run("--only", "postgres"), "on another port, with what it held"
    moved = dotenv.ours(place.env)["NEXAFI_DATABASE_URL"]
    assert moved == access._at(written["NEXAFI_DATABASE_URL"], place.base)
    with psycopg.connect(moved.replace("+psycopg", "")) as held:
        assert held.execute("SELECT current_user").fetchone() == ("nexafi_app",)


@needs_packages
def test_a_server_that_does_not_start_says_why_and_leaves_nothing(place):
    with socket.create_server(("127.0.0.1", place.base + 1)):
        told = place.run("--only", "redis", code=2)

    assert "Redis did not start" in told
    assert "Address already in use" in told
    assert place.family() == []
    assert not place.env.exists()


def test_without_the_right_to_install_one_line_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(installation.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(installation.shutil, "which", lambda name: f"/usr/bin/{name}")

    with pytest.raises(Trouble) as told:
        installation._install(["redis-server", "rabbitmq-server"])

    assert str(told.value) == (
        "These packages are missing; run once: sudo apt-get install redis-server rabbitmq-server"
    )


def test_what_no_package_has_is_said_before_anything_is_begun(place):
    told = place.run("--only", "redis,kibana", code=2)

    assert "with a Docker engine it is started" in told
    assert place.family() == []
    assert "There are: postgres" in place.run("--only", "postgre", code=2)


def test_what_others_wrote_into_the_file_stays(tmp_path):
    env = tmp_path / ".env"
    env.write_text("# mine\nNEXAFI_REDIS_URL=redis://elsewhere\nNEXAFI_HOST=0.0.0.0")

    left = dotenv.write(env, {"NEXAFI_REDIS_URL": "redis://ours", "NEXAFI_DATABASE_URL": "a=b"})

    assert left == ["NEXAFI_REDIS_URL"]
    assert env.read_text().splitlines()[:3] == [
        "# mine", "NEXAFI_REDIS_URL=redis://elsewhere", "NEXAFI_HOST=0.0.0.0",
    ]  # fmt: skip
    assert dotenv.ours(env) == {"NEXAFI_DATABASE_URL": "a=b"}
    with env.open("a") as file:
        file.write("export LATER=1\n")
    dotenv.write(env, {"NEXAFI_DATABASE_URL": "c"})
    assert dotenv.foreign(env) == {"NEXAFI_REDIS_URL", "NEXAFI_HOST", "LATER"}
    assert dotenv.ours(env) == {"NEXAFI_DATABASE_URL": "c"}
    assert stat.S_IMODE(env.stat().st_mode) == 0o600


def test_a_process_whose_number_was_given_to_another_is_not_taken_for_it():
    ours = processes.Process.of(os.getpid())
    assert ours.is_alive
    assert not processes.Process(ours.pid, "1").is_alive


DEBIAN = """
local all postgres peer
host all all 127.0.0.1/32 scram-sha-256
"""
"""Whom PostgreSQL lets in as Debian installs it: its own user over the socket, else by password."""


@needs_server
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become the user of the server")
def test_a_server_as_debian_installs_it_is_prepared_over_its_socket_and_nothing_stays(tmp_path):
    sockets = Path("/var/run/postgresql")
    if not sockets.is_dir():
        pytest.skip("there is no folder for sockets")
    rules = Path("/tmp") / f"nexafi-hba-{os.getpid()}.conf"  # noqa: S108 - the server reads it
    rules.write_text("host all all 127.0.0.1/32 trust\n")
    rules.chmod(0o644)
    try:
        given = {"unix_socket_directories": str(sockets), "hba_file": str(rules)}
        with private(**given) as server:
            rules.write_text(DEBIAN)
            server.process.send_signal(signal.SIGHUP)
            while access._works(f"postgresql://postgres@127.0.0.1:{server.port}/postgres"):
                time.sleep(0.1)

            told = access.to_postgres(server.port, None, {}, "books")

            for role, variable in access.VARIABLES.items():
                with psycopg.connect(told[variable].replace("+psycopg", "")) as connection:
                    who = connection.execute("SELECT current_user").fetchone()
                    found = connection.execute("SELECT rolname FROM pg_roles").fetchall()
                assert who == (f"nexafi_{role}",)
            own = {name for (name,) in found if not name.startswith("pg_")}
            assert own == {"postgres", "nexafi_app", "nexafi_owner", "nexafi_steward"}
            assert access.to_postgres(server.port, None, told, "books") == told, "twice is as once"
            with pytest.raises(Trouble, match="passwords of their own"):
                access.to_postgres(server.port, None, {}, "books")
    finally:
        rules.unlink()
