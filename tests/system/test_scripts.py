"""What sets up and tries the project, on machines that lack something."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
from scripts import environment, postgres, suite
from scripts.suite import Step

PROJECT = Path(__file__).parents[2]
START = PROJECT / "start_services.sh"
REPORT = """<testsuites><testsuite>
  <testcase classname="tests.ledger.journal.test_rules" name="a" time="1.5"/>
  <testcase classname="tests.ledger.journal.test_rules" name="b" time="0.5">{failure}</testcase>
  <testcase classname="tests.users.test_x" name="c" time="1"><skipped/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def machine(tmp_path):
    """A path with a shell and an old Python on it, and nothing newer."""
    for name in ("sh", "dirname", "cat"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit 0\nexit 1\n')
    old.chmod(0o755)
    return tmp_path


def test_too_old_a_python_is_said_in_one_line(machine):
    done = subprocess.run(
        [START], check=False, capture_output=True, text=True, env={"PATH": str(machine)}
    )

    assert done.returncode == 2
    assert done.stderr.startswith("NexaFi needs Python 3.11 or later; there is Python 3.9.2")
    assert len(done.stderr.splitlines()) == 1


def test_the_start_says_what_it_can_do_without_setting_anything_up(machine):
    done = subprocess.run(
        [START, "--help"], check=False, capture_output=True, text=True, env={"PATH": str(machine)}
    )

    assert done.returncode == 0
    for option in ("--services", "--port-base", "--data", "--detach", "--status", "--stop"):
        assert option in done.stdout


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A copy of what an environment is made from; what would be run is written down."""
    for name in ("pyproject.toml", *environment.LOCKS.values()):
        shutil.copy(PROJECT / name, tmp_path)
    venv = tmp_path / ".venv"
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "VENV", venv)
    monkeypatch.setattr(environment, "PYTHON", venv / "bin" / "python")
    monkeypatch.setattr(environment, "NOTE", venv / "nexafi.json")
    ran: list[list[str]] = []

    def run(command: list[str]) -> None:
        ran.append(command)
        (venv / "bin").mkdir(parents=True, exist_ok=True)
        (venv / "bin" / "python").touch()

    monkeypatch.setattr(environment, "_run", run)
    return SimpleNamespace(root=tmp_path, ran=ran)


def test_an_environment_is_made_once_and_again_when_a_lock_has_changed(project):
    environment.ensure(dev=False)
    made = len(project.ran)
    environment.ensure(dev=False)
    assert made >= 2
    assert len(project.ran) == made, "the second start takes no set-up"

    (project.root / "requirements.lock").write_text("other==1\n")
    environment.ensure(dev=False)
    assert len(project.ran) > made


def test_where_python_keeps_nothing_that_it_compiles_all_is_compiled_at_once(project, monkeypatch):
    monkeypatch.delenv(environment.NO_BYTECODE, raising=False)
    environment.ensure(dev=False)
    assert not [command for command in project.ran if environment.COMPILE in command]

    monkeypatch.setenv(environment.NO_BYTECODE, "1")
    (project.root / "requirements.lock").write_text("other==1\n")
    environment.ensure(dev=False)

    assert project.ran[-1][1:3] == ["-c", environment.COMPILE]
    assert project.ran[-1][-1] == str(project.root / "src")


def test_every_hash_is_checked(project):
    environment.ensure(dev=True)

    installs = [command for command in project.ran if "-r" in command]
    assert all("--require-hashes" in command for command in installs)
    assert installs[0][-1].endswith("requirements-dev.lock")


def test_what_is_there_to_test_stays_when_the_platform_is_started(project):
    environment.ensure(dev=True)
    made = len(project.ran)

    environment.ensure(dev=False)

    assert len(project.ran) == made


@pytest.mark.parametrize(("failure", "code"), [("", 0), ("<failure/>", 1)])
def test_the_summary_counts_by_part_and_the_exit_code_tells(tmp_path, capsys, failure, code):
    report = tmp_path / "report.xml"
    report.write_text(REPORT.format(failure=failure))

    ended = suite._sum_up([Step("ruff check .", 0, 1.0), Step("pytest", code, 3.0)], report)

    told = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ended == code
    failed = 1 if failure else 0
    assert ["ledger", str(2 - failed), str(failed), "0", "2.0", "s"] in told
    assert ["users", "0", "0", "1", "1.0", "s"] in told
    assert ["total", str(2 - failed), str(failed), "1", "3.0", "s"] in told


def test_the_summary_says_what_ran_on_which_servers(tmp_path, capsys):
    names = ["a[servers]", "a[embedded]", "b[postgresql-x]", "b[sqlite-x]", "c[sqlite]", "d"]
    cases = "".join(f'<testcase classname="tests.system.t" name="{name}"/>' for name in names)
    report = tmp_path / "report.xml"
    report.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")

    suite._sum_up([Step("pytest", 0, 1.0)], report, ["PostgreSQL 15.20", "Redis 7.0.15"])

    told = capsys.readouterr().out
    assert "Real servers: PostgreSQL 15.20, Redis 7.0.15." in told
    assert "1 tests of the whole platform on all of them, 1 more on PostgreSQL" in told
    assert "the same 1 and 2 embedded" in told


def test_a_suite_in_which_no_test_ran_is_no_success(tmp_path):
    assert suite._sum_up([Step("pytest", 0, 1.0)], tmp_path / "none.xml") == 1


def test_where_ci_is_set_a_missing_server_is_a_failure(monkeypatch):
    monkeypatch.setenv("CI", "true")
    monkeypatch.delenv("NEXAFI_TEST_POSTGRES", raising=False)
    monkeypatch.setattr(postgres, "is_open", lambda port: port == 5432)

    with ExitStack() as stack, pytest.raises(postgres.NoPostgres, match="Redis"):
        suite._postgres(stack)


def test_the_suite_runs_what_make_check_runs(tmp_path):
    options = SimpleNamespace(fast=False)

    commands = suite._commands(options, [], tmp_path / "report.xml")

    assert [command[0] for command in commands] == [
        "ruff", "ruff", "lint-imports", "mypy", "codespell", "deptry", "pytest",
    ]  # fmt: skip
