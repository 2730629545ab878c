"""What the tests of how NexaFi is deployed may ask for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from nexafi.gateway.settings import GatewaySettings
from nexafi.kernel.settings import ELSEWHERE, Settings, unknown

INFRASTRUCTURE = Path(__file__).parents[2] / "infrastructure"


def needs(program: str) -> pytest.MarkDecorator:
    """Mark a test that runs *program*; where CI is set it must be there."""
    return pytest.mark.skipif(
        shutil.which(program) is None and not os.environ.get("CI"),
        reason=f"{program} is not installed",
    )


@pytest.fixture
def read(monkeypatch, tmp_path):
    """Return what reads settings as a container would, which raises if any is wrong or unknown."""

    def read_them(given: dict[str, str]) -> tuple[Settings, GatewaySettings]:
        monkeypatch.chdir(tmp_path)
        for name in [name for name in os.environ if name.startswith("NEXAFI_")]:
            monkeypatch.delenv(name)
        ours = {name: value for name, value in given.items() if name.startswith("NEXAFI_")}
        for name, value in ours.items():
            monkeypatch.setenv(name, value)
        assert unknown() == [], "nobody reads these"
        prefix = "NEXAFI_GATEWAY_"
        of_gateway = {name.removeprefix(prefix) for name in ours if name.startswith(prefix)}
        assert of_gateway <= {name.upper() for name in GatewaySettings.model_fields}
        assert not ELSEWHERE & set(ours)
        made: list[BaseSettings] = [Settings(), GatewaySettings()]
        return made[0], made[1]

    return read_them
