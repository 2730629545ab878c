"""The whole suite: the checks of the Makefile one by one, then a summary by part."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from scripts import environment, packages, postgres, servers
from scripts.environment import BIN, ROOT

POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
SERVERS = {"PostgreSQL": 5432, "Redis": 6379, "RabbitMQ": 5672}
"""What must be there where CI is set: on a developer's machine only the first is looked for."""

TOOLS = {"pgbouncer": "pgbouncer"}
"""Programs that tests run, and the Debian packages they come in; without them tests are skipped,
where CI is set they fail."""


@dataclass
class Part:
    """What came of the tests of one part of the house."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0

    def add(self, case: ET.Element) -> None:
        """Count one test as its report has it."""
        kinds = {child.tag for child in case}
        self.seconds += float(case.get("time", 0))
        if kinds & {"failure", "error"}:
            self.failed += 1
        elif "skipped" in kinds:
            self.skipped += 1
        else:
            self.passed += 1


@dataclass(frozen=True)
class Step:
    """One command of `make check`, how it ended and how long it took."""

    command: str
    code: int
    seconds: float


def main(arguments: list[str]) -> int:
    """Set up, run all, sum up; return 0 only if everything holds."""
    options, to_pytest = _options(arguments)
    os.environ.pop(environment.NO_BYTECODE, None)  # hundreds of processes would compile all anew
    try:
        seconds = environment.ensure(dev=True)
    except environment.NotSetUp as error:
        print(f"The environment could not be set up. {error}", file=sys.stderr)
        return 2
    print(f"Environment ready after {seconds:.1f} s.", flush=True)
    _install_tools()
    with ExitStack() as stack:
        variables = dict(os.environ)
        variables["PATH"] = f"{BIN}{os.pathsep}{variables.get('PATH', '')}"
        variables["VIRTUAL_ENV"] = str(environment.VENV)
        variables["PYTEST_XDIST_AUTO_NUM_WORKERS"] = str(options.workers)
        if not options.fast:
            if missing := packages.install():
                print(f"Some tests need what is not here: {' '.join(missing)}.", flush=True)
            try:
                variables["NEXAFI_TEST_POSTGRES"] = _postgres(stack)
            except postgres.NoPostgres as error:
                print(f"No PostgreSQL to test on. {error}", file=sys.stderr)
                return 2
        else:
            variables.pop("NEXAFI_TEST_POSTGRES", None)
            variables.pop("CI", None)
        report = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "report.xml"
        steps = _run(_commands(options, to_pytest, report), variables)
        return _sum_up(steps, report, servers.versions(variables.get("NEXAFI_TEST_POSTGRES", "")))


def _install_tools() -> None:
    """Install what tests run besides servers, where that is ours to do: as root, for CI."""
    where = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin"
    missing = [package for name, package in TOOLS.items() if not shutil.which(name, path=where)]
    apt = shutil.which("apt-get")
    if not missing or apt is None or not os.environ.get("CI") or os.geteuid() != 0:
        return
    print(f"Installing {', '.join(missing)} ...", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
        done = subprocess.run([apt, "-q", *command], check=False, env=quiet, capture_output=True)
        if done.returncode != 0:
            print(done.stderr.decode(errors="replace")[-500:], file=sys.stderr)


def _options(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Return our own options, and what is pytest's."""
    parser = argparse.ArgumentParser(
        prog="enhanced_test_suite.py",
        description="Set up .venv, run every check and test of NexaFi, sum up by service.",
        epilog="What else is given goes to pytest: enhanced_test_suite.py -k closed tests/ledger."
        " Tests run on SQLite and on PostgreSQL: the one that NEXAFI_TEST_POSTGRES names, else one"
        " on 127.0.0.1:5432, else one started for the occasion. Where CI is set, a server"
        " that is missing is a failure.",
    )
    parser.add_argument(
        "--fast", action="store_true", help="only the tests, only on SQLite, stop at a failure"
    )
    parser.add_argument("-k", metavar="WORDS", help="only the tests whose names match (pytest -k)")
    parser.add_argument(
        "--workers",
        type=int,
        default=_cores(),
        help="processes that test side by side (%(default)s)",
    )
    options, to_pytest = parser.parse_known_args(arguments)
    if options.k:
        to_pytest += ["-k", options.k]
    return options, to_pytest


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _postgres(stack: ExitStack) -> str:
    """Return the address of a PostgreSQL to test on, and say which it is."""
    must = bool(os.environ.get("CI"))
    missing = [name for name, port in SERVERS.items() if not postgres.is_open(port)]
    if given := os.environ.get("NEXAFI_TEST_POSTGRES"):
        missing = [name for name in missing if name != "PostgreSQL"]
        where = "that NEXAFI_TEST_POSTGRES names"
    elif "PostgreSQL" not in missing:
        given, where = POSTGRES, "on 127.0.0.1:5432"
    elif not must:
        wheels = next((environment.VENV / "lib").glob("python*/site-packages"))
        given, where = stack.enter_context(postgres.started(wheels)), "started for the occasion"
    if must and missing:
        raise postgres.NoPostgres(f"CI is set, and these servers do not answer: {missing}")
    print(f"PostgreSQL: the one {where}.", flush=True)
    return given or ""


def _commands(options: argparse.Namespace, to_pytest: list[str], report: Path) -> list[list[str]]:
    """Return the commands of `make check`, without needing make; pytest reports as well."""
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").split("\ncheck:", 1)[1].splitlines()[1:]
    recipe = []
    for line in lines:
        if not line.startswith("\t"):
            break
        recipe.append(shlex.split(line.strip()))
    if options.fast or to_pytest:  # a choice of tests is no occasion to check all else
        recipe = [command for command in recipe if command[0] == "pytest"]
    for command in recipe:
        if command[0] == "pytest":
            command += [f"--junitxml={report}", *to_pytest, *(["-x"] if options.fast else [])]
    return recipe


def _run(commands: list[list[str]], variables: dict[str, str]) -> list[Step]:
    """Run each, whatever came of those before, and show what it says."""
    steps = []
    for command in commands:
        shown = shlex.join(command)
        print(f"\n==> {shown}", flush=True)
        began = time.monotonic()
        program = BIN / command[0]
        try:
            done = subprocess.run([program, *command[1:]], check=False, cwd=ROOT, env=variables)
            code = done.returncode
        except OSError as error:
            print(error, file=sys.stderr)
            code = 127
        steps.append(Step(shown, code, time.monotonic() - began))
    return steps


def _sum_up(steps: list[Step], report: Path, real: Sequence[str] = ()) -> int:
    """Print what came of it, by check and by part; return the exit code.

    *real* names the servers, with their versions, that tests could be run on.
    """
    print("\nChecks")
    for step in steps:
        said = "ok" if step.code == 0 else f"FAILED ({step.code})"
        print(f"  {step.command.split(' --junitxml')[0]:<44} {said:<12} {step.seconds:7.1f} s")
    parts: dict[str, Part] = defaultdict(Part)
    grounds: Counter[str] = Counter()
    if report.exists():
        for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314 - our own report
            parts[_part(case)].add(case)
            grounds[_ground(case)] += not any(child.tag == "skipped" for child in case)
    print(f"\n{'Tests':<16}{'passed':>8}{'failed':>8}{'skipped':>9}{'time':>11}")
    total = Part()
    for name, part in sorted(parts.items()):
        _show(name, part)
        for field in vars(total):
            setattr(total, field, getattr(total, field) + getattr(part, field))
    _show("total", total)
    print(f"\nReal servers: {', '.join(real) or 'none'}.")
    print(
        f"Run on them: {grounds['servers']} tests of the whole platform on all of them, "
        f"{grounds['postgresql']} more on PostgreSQL; the same {grounds['embedded']} and "
        f"{grounds['sqlite']} embedded, on SQLite."
    )
    broken = [step.command for step in steps if step.code != 0]
    if not total.passed + total.failed:
        print("\nNo test ran.")
        return 1
    print(
        "\nEverything holds." if not broken else f"\nFAILED: {len(broken)} of {len(steps)} checks."
    )
    return 1 if broken else 0


def _part(case: ET.Element) -> str:
    """Return the part of the house that a test belongs to: tests/<part>/..."""
    names = (case.get("classname") or case.get("name") or "").split(".")
    return names[1] if len(names) > 1 else names[0]


def _ground(case: ET.Element) -> str:
    """Return what a test ran on, as its parameters name it; nothing if it does not matter."""
    name = (case.get("name") or "").partition("[")[2].removesuffix("]")
    found = {"servers", "embedded", "postgresql", "sqlite"} & set(name.split("-"))
    return min(found, default="")


def _show(name: str, part: Part) -> None:
    print(
        f"  {name:<14}{part.passed:>8}{part.failed:>8}{part.skipped:>9}{part.seconds:>9.1f} s",
        flush=True,
    )
