"""Rules, alerts and runbooks: proven by the programs that read them; each alert has its page."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.tools import needs

PROJECT = Path(__file__).parents[2]
INFRASTRUCTURE = PROJECT / "infrastructure"
RULES = INFRASTRUCTURE / "prometheus" / "rules"
TESTS = INFRASTRUCTURE / "prometheus" / "tests"
RUNBOOKS = PROJECT / "docs" / "runbooks"

LATER: set[str] = set()
"""Names that are agreed and whose meters are being built; one leaves with the code that has it."""

PARTS = ("**What it means.**", "**What suffers.**", "**How to look.**", "**How to mend.**")


def rules() -> list[dict[str, object]]:
    return [
        rule
        for file in sorted(RULES.glob("*.yml"))
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    ]


ALERTS = [rule for rule in rules() if "alert" in rule]
NAMES = [str(rule["alert"]) for rule in ALERTS]


def metrics() -> set[str]:
    """Return the names of the metrics that rules ask for, as they are scraped."""
    found = {
        name for rule in rules() for name in re.findall(r"\bnexafi_[a-z0-9_]+", str(rule["expr"]))
    }
    return {re.sub(r"_(bucket|count|sum)$", "", name) for name in found}


def run(*command: object, folder: Path = PROJECT) -> None:
    done = subprocess.run(
        [str(each) for each in command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs("promtool")
@pytest.mark.parametrize("file", ["alerts.yml", "alerts-slow.yml"])
def test_each_alert_fires_when_it_should_and_else_not(file):
    run("promtool", "test", "rules", file, folder=TESTS)


@needs("promtool")
def test_prometheus_takes_its_configuration_and_finds_the_rules():
    run("promtool", "check", "config", INFRASTRUCTURE / "prometheus" / "prometheus.yml")


@needs("amtool")
def test_alertmanager_takes_its_configuration():
    run("amtool", "check-config", INFRASTRUCTURE / "alertmanager" / "alertmanager.yml")


@pytest.mark.parametrize("name", NAMES)
def test_each_alert_is_proven_both_ways(name):
    told = "".join(file.read_text() for file in TESTS.glob("*.yml"))

    assert f"- name: {name} fires\n" in told
    assert f"- name: {name} is silent\n" in told


def test_no_two_alerts_share_a_name():
    assert len(NAMES) == len(set(NAMES))
    assert len(NAMES) > 20


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_an_alert_says_how_grave_it_is_and_where_its_page_is(alert):
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert alert["annotations"]["runbook"] == f"docs/runbooks/{alert['alert']}.md"
    assert alert["annotations"]["summary"]


def test_each_alert_has_one_page_and_each_page_its_alert():
    pages = {page.stem: page.read_text() for page in RUNBOOKS.glob("*.md")}
    index = pages.pop("README")

    assert set(pages) == set(NAMES)
    for name, page in pages.items():
        assert page.startswith(f"# {name}\n"), name
        assert all(part in page for part in PARTS), name
        assert f"({name}.md)" in index
        for other in re.findall(r"\]\((\w+)\.md\)", page):
            assert other in pages, f"{name} refers to {other}"


def test_commands_of_runbooks_are_commands():
    from nexafi.cli.main import COMMANDS  # noqa: PLC0415 - this test alone needs it

    told = "".join(page.read_text() for page in RUNBOOKS.glob("*.md"))
    assert set(re.findall(r"\bnexafi ([a-z-]+)", told)) <= set(COMMANDS)


def test_what_rules_ask_for_is_told_by_somebody():
    source = "".join(p.read_text() for p in (PROJECT / "src").rglob("*.py"))
    for name in sorted(metrics() - LATER):
        bare = name.removesuffix("_total")
        own = re.sub(r"^nexafi_(ledger|payments|users)_", "", bare)
        kernel = bare.removeprefix("nexafi_")
        assert any(f'"{each}"' in source for each in (name, bare, own, kernel)), name
    for name in LATER:
        assert f'"{name}"' not in source, f"{name} is here now: take it from LATER"
