"""Commands, as one types them: on a data folder, without any server."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from importlib import import_module

import pytest
import typer
from typer.testing import CliRunner

from nexafi.cli import signed_in
from nexafi.cli.main import COMMANDS, app, module
from nexafi.cli.signed_in import SignedIn
from tests.redises import needs_server, private

PASSWORD = "correct horse battery 9"


@pytest.fixture
def nexafi(tmp_path, monkeypatch):
    """Return what runs a command on a data folder of its own, as a user with their own home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEXAFI_BCRYPT_COST", "4")
    monkeypatch.setenv("NEXAFI_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(typer, "get_app_dir", lambda _name: str(tmp_path / "home"))
    for name in ("NEXAFI_URL", "NEXAFI_TOKEN", "NEXAFI_DATABASE_URL", "NEXAFI_SECRET"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str, given: str = ""):
        return CliRunner().invoke(app, list(words), input=given)

    return run


def register(nexafi, email: str = "ada@example.com", name: str = "Ada's Engines"):
    words = ["user", "register", email, "--organization", name, "--password-stdin", "--json"]
    return nexafi(*words, given=f"{PASSWORD}\n")


def each_command():
    for name in COMMANDS:
        command = typer.main.get_command(import_module(f"nexafi.cli.{module(name)}").app)
        found = getattr(command, "commands", {"": command})
        for sub, each in found.items():
            yield pytest.param([name, *([sub] if sub else [])], each, id=f"{name} {sub}".strip())


@pytest.mark.parametrize(("words", "command"), list(each_command()))
def test_every_command_teaches_by_an_example(nexafi, words, command):
    shown = nexafi(*words, "--help")

    assert shown.exit_code == 0
    assert f"Example: nexafi {' '.join(words)}" in " ".join((command.help or "").split())


def test_the_list_of_commands_loads_none_of_them():
    program = (
        "import sys; from nexafi.cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'flask', 'sqlalchemy', 'pydantic', 'granian', 'alembic'} & set(sys.modules)\n"
        "print('loaded:', sorted(heavy))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )

    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_a_user_and_their_organization_are_made_without_a_server(nexafi):
    made = register(nexafi)
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["organization"]["name"] == "Ada's Engines"
    assert PASSWORD not in made.output

    listed = nexafi("user", "list", "--json")
    assert [(m["email"], m["role"]) for m in json.loads(listed.stdout)] == [
        ("ada@example.com", "owner")
    ]


def test_people_are_added_given_a_role_and_removed(nexafi):
    register(nexafi)

    added = json.loads(nexafi("user", "add", "bob@example.com", "--json").stdout)
    assert added["invitation"]
    assert nexafi("user", "role", "bob@example.com", "accountant").exit_code == 0
    assert "accountant" in nexafi("user", "list").stdout
    assert nexafi("user", "remove", "BOB@example.com").exit_code == 0
    assert "bob" not in nexafi("user", "list").stdout


def test_among_several_organizations_one_must_be_said(nexafi):
    register(nexafi)
    register(nexafi, "bob@example.com", "Bob's Bolts")

    refused = nexafi("user", "list")
    assert refused.exit_code == 2
    assert "--organization" in refused.stderr
    assert "Bob's Bolts" in refused.stderr

    assert "bob@" in nexafi("user", "list", "--organization", "Bob's Bolts").stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["user", "list"], "no organization yet"),
        (["user", "list", "--url", "http://127.0.0.1:1"], "cannot be reached"),
        (["user", "list", "--url", "nowhere"], "is no address"),
        (["serve", "lodger"], "There are: gateway, users, ledger, payments."),
        (["openapi", "gateway"], "describes nothing of its own"),
        (["migrate", "lodger"], "There is no service lodger."),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(nexafi, words, says):
    refused = nexafi(*words)

    assert refused.exit_code == 2
    assert says in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_a_problem_of_the_platform_is_told_in_its_words(nexafi):
    register(nexafi)

    refused = nexafi("user", "add", "nobody at all")

    assert refused.exit_code == 2
    assert "Not an e-mail address" in refused.stderr


def test_settings_that_make_no_sense_are_told(nexafi, monkeypatch):
    monkeypatch.setenv("NEXAFI_PORT_BASE", "many")

    refused = nexafi("migrate")

    assert refused.exit_code == 2
    assert "port_base" in refused.stderr


def test_migrate_tells_what_is_missing_and_mends_it(nexafi):
    before = nexafi("migrate", "--check", "--json")
    assert before.exit_code == 1
    assert "empty" in json.loads(before.stdout)["ledger"]

    assert nexafi("migrate").exit_code == 0
    after = nexafi("migrate", "--check", "--json")
    assert (after.exit_code, set(json.loads(after.stdout).values())) == (0, {"up to date"})


def test_a_worker_may_do_what_there_is_to_do_and_end(nexafi):
    register(nexafi)

    assert nexafi("worker", "users", "--once").exit_code == 0


def test_the_doctor_finds_all_well_on_a_new_machine_and_changes_nothing(nexafi, tmp_path):
    found = nexafi("doctor", "--json")

    looked = {each["what"]: each for each in json.loads(found.stdout)}
    assert looked["data folder"]["is_well"]
    assert looked["secret"]["is_well"]
    assert not (tmp_path / "data").exists()


def test_the_doctor_finds_an_open_secret_and_a_slip_of_the_pen(nexafi, tmp_path, monkeypatch):
    nexafi("migrate")
    register(nexafi)
    (tmp_path / "data" / "secret").chmod(0o644)
    monkeypatch.setenv("NEXAFI_PROT_BASE", "1")

    found = nexafi("doctor")

    assert found.exit_code == 1
    assert "chmod 600" in found.stdout
    assert "nobody reads NEXAFI_PROT_BASE" in found.stdout


def test_the_description_is_the_platforms_or_one_services(nexafi, tmp_path):
    whole = json.loads(nexafi("openapi").stdout)
    assert {"/api/v1/users/login", "/api/v1/ledger/entries"} <= whole["paths"].keys()

    nexafi("openapi", "users", "--out", "users.json")
    assert (
        "/api/v1/ledger/entries" not in json.loads((tmp_path / "users.json").read_text())["paths"]
    )


def test_a_sign_in_is_for_the_eyes_of_its_user_only(nexafi, tmp_path):
    signed_in.keep(SignedIn("http://127.0.0.1:1", "a@b.example", "access", "refresh", 1.0))

    kept = tmp_path / "home" / "signed-in.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "http://127.0.0.1:1 cannot be reached" in nexafi("user", "list").stderr

    gone = nexafi("logout")
    assert gone.exit_code == 0
    assert "access" not in gone.output
    assert signed_in.found() is None


@needs_server
def test_the_doctor_looks_at_redis_with_its_password_and_never_shows_it(nexafi, monkeypatch):
    with private(password="of-the-tests", tls=True) as redis:
        monkeypatch.setenv("NEXAFI_REDIS_URL", redis.url())
        assert "CERTIFICATE_VERIFY_FAILED" in _redis_of(nexafi, well=False)

        monkeypatch.setenv("NEXAFI_REDIS_CA", str(redis.authority))
        assert "version" in _redis_of(nexafi, well=True)
        redis.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        assert "set volatile-ttl" in _redis_of(nexafi, well=False)

        monkeypatch.setenv("NEXAFI_REDIS_URL", redis.url().replace("of-the-tests", "wrong"))
        assert "AuthenticationError" in _redis_of(nexafi, well=False)
    assert "ConnectionError" in _redis_of(nexafi, well=False)


def _redis_of(nexafi, *, well: bool) -> str:
    told = nexafi("doctor", "--json").stdout
    assert "of-the-tests" not in told
    (found,) = [each for each in json.loads(told) if each["what"] == "Redis"]
    assert found["is_well"] is well, found
    return found["says"]
