"""The tour of the README, word for word, on a platform that it starts itself."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from scripts.infrastructure import dotenv
from sqlalchemy import make_url

from tests.conftest import POSTGRES
from tests.servers import Servers, forget, missing, named
from tests.system.conftest import FORMS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BASH = shutil.which("bash") or "bash"
SCRIPT = ROOT / "infrastructure" / "start-infrastructure.sh"
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
TOLD = re.findall(r"```text\n(.*?)```", README, re.DOTALL)
VARIES = re.compile(r"ready after|^[0-9a-f]{64}$|bytes$|^Unbroken|^\s*$")
"""What differs from run to run: times, hashes, sizes, and how much was sealed by then."""


def free_base() -> int:
    """Return a port after which two more are free as well."""
    for base in range(29_850, 30_900, 10):
        try:
            for port in range(base, base + 8):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return base
    raise AssertionError("no ports are free")


@pytest.fixture(params=FORMS)
def ground(request, tmp_path):
    """Nothing; and what start-infrastructure.sh wrote, which found the servers of this machine."""
    if request.param == "embedded":
        yield {}
        return
    if not POSTGRES or missing():
        pytest.fail("CI is set, and not all servers are there")
    if "127.0.0.1:5432" not in POSTGRES:
        pytest.skip("PostgreSQL is not where the script looks for it")
    env, name = tmp_path / ".env", f"nexafi_tour_{uuid4().hex}"
    start = [SCRIPT, "--native", "--only", "postgres,redis,rabbitmq", "--database", name]
    started = subprocess.run(
        [*start, "--data", tmp_path / "var", "--env", env],
        check=False, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert started.returncode == 0, started.stdout + started.stderr
    assert started.stdout.count("runs already") == 3, started.stdout
    given = dotenv.ours(env)
    yield given | named(given, name)
    try:
        with psycopg.connect(make_url(POSTGRES).set(drivername="postgresql", database=name)
                             .render_as_string(hide_password=False)) as connection:  # fmt: skip
            kept = connection.execute("SELECT count(*) FROM ledger.entries").fetchone()
        assert kept[0] > 150, "the books of the tour are on PostgreSQL"
    finally:
        Servers(POSTGRES).drop(name)
        forget(given | named(given, name))


@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("curl") is None, reason="the tour speaks by curl")
def test_the_tour_of_the_readme_does_what_it_says(tmp_path, ground):
    base, data = free_base(), tmp_path / "var"
    script = "set -eu\n" + "\n".join(BLOCKS)
    script = script.replace(". .venv/bin/activate\n", "")
    start = f"./start_services.sh --detach --data {data} --port-base {base}"
    script = script.replace("./start_services.sh --detach", start)
    script = script.replace(
        "./start_services.sh --stop", f"./start_services.sh --stop --data {data}"
    )
    script = script.replace("nexafi logs", f"nexafi logs --data {data}")
    script = script.replace("127.0.0.1:5000", f"127.0.0.1:{base}").replace("var/", f"{data}/")
    script = script.replace("nexafi login", f"nexafi login --url http://127.0.0.1:{base}")
    env = {
        **os.environ,
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "HOME": str(tmp_path),
        "COLUMNS": "100",
        "PATH": f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    for name in [name for name in env if name.startswith("NEXAFI_")]:
        del env[name]
    env |= ground

    try:
        ended = subprocess.run(
            [BASH, "-c", script],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
    finally:
        subprocess.run(
            ["./start_services.sh", "--stop", "--data", str(data)],
            cwd=ROOT, env=env, capture_output=True, check=False,
        )  # fmt: skip

    assert ended.returncode == 0, ended.stdout + ended.stderr
    shown = {line.rstrip() for line in (ended.stdout + ended.stderr).splitlines()}
    promised = [line.rstrip() for block in TOLD for line in block.splitlines()]
    for line in promised:
        here = line.replace("var/", f"{data}/")
        for port in range(4):
            here = here.replace(f":500{port}", f":{base + port}")
        if not VARIES.search(line):
            assert here in shown, (here, ended.stdout)
    assert len(promised) > 20
    assert "11,200.00  11,200.00" in ended.stdout
    told = ended.stdout.splitlines()[-8:]
    assert any("/api/v1/ledger/entries" in line for line in told), told
