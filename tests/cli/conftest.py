"""Commands as people type them, each on a data folder of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from nexafi.cli.main import app


@dataclass
class Commands:
    """Runs commands of `nexafi`; where they keep their data is set."""

    folder: Path

    def run(self, *words: object, code: int = 0) -> Result:
        """Run a command, which ends with *code*."""
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert result.exit_code == code, (result.exit_code, result.output, result.exception)
        return result

    def json(self, *words: object, code: int = 0) -> Any:
        """Run a command for machines, and return the one document that it prints."""
        return json.loads(self.run(*words, "--json", code=code).stdout)


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Commands on an empty data folder; nobody is signed in."""
    return alone(tmp_path, monkeypatch)


def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Return commands on an empty data folder."""
    monkeypatch.setenv("NEXAFI_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("NEXAFI_URL", "NEXAFI_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return Commands(tmp_path / "data")
