"""The operator's commands, as they are typed, on a data folder of their own."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from nexafi.cli import user
from nexafi.cli.failures import CommandFailed
from nexafi.cli.migrate import bring_up_to_date
from nexafi.cli.platform import Platform
from nexafi.kernel.settings import Settings
from nexafi.kernel.values.ids import new_id
from nexafi.users.operator import Operator
from nexafi.users.organizations.schemas import OrganizationIn
from nexafi.users.settings import UsersSettings

PASSWORD = "correct horse battery staple"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A data folder with Ada in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEXAFI_BCRYPT_COST", "4")
    platform = Platform(Settings(data=tmp_path))
    assert list(bring_up_to_date(platform, ["users"]))
    operator = Operator(platform.database("users"), platform.secret, UsersSettings(bcrypt_cost=4))
    home = OrganizationIn(name="Ada's Engines", country="US").home(new_id())
    operator.found("ada@example.com", PASSWORD, home)
    platform.close()
    return tmp_path


def typed(folder, *words: str, said: str = "") -> Result:
    return CliRunner().invoke(user.app, [*words, "--data", str(folder)], input=said)


def test_everybody_is_shown(folder):
    found = json.loads(typed(folder, "everybody", "--json").stdout)

    assert [(each["email"], each["role"]) for each in found] == [("ada@example.com", "owner")]
    assert "Ada's Engines" in typed(folder, "everybody", "ada@example.com").stdout


def test_a_password_is_read_from_standard_input_and_shown_nowhere(folder):
    new = "another long and private one"
    words = ("reset-password", "ada@example.com", "--password-stdin")
    done = typed(folder, *words, said=f"{new}\n")

    assert done.exit_code == 0, done.output
    assert new not in done.output


@pytest.mark.parametrize(
    ("email", "said", "reason"),
    [("nobody@example.com", PASSWORD, "no user"), ("ada@example.com", "weak", "12 characters")],
)
def test_what_is_refused_is_told_in_a_line(folder, email, said, reason):
    words = ("reset-password", email, "--password-stdin")
    refused = typed(folder, *words, said=f"{said}\n")

    assert isinstance(refused.exception, CommandFailed)
    assert reason in str(refused.exception)


def test_keys_are_rotated_and_withdrawn(folder):
    first = typed(folder, "rotate-keys").stdout.split()
    both = json.loads(typed(folder, "rotate-keys", "--json").stdout)["published"]
    last = typed(folder, "rotate-keys", "--withdraw").stdout.split()

    assert (len(first), len(both), len(last)) == (1, 2, 1)
    assert first[0] == both[0]
    assert last[0] not in both
