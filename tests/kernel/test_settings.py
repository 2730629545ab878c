"""Settings are read once, typed, and keep their secrets."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from nexafi.kernel.settings import Settings, unknown
from nexafi.kernel.shared.link import RedisAt

SHARED = "postgresql+psycopg://nexafi_app:geheim@db.example.com/nexafi"


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("NEXAFI_DATA", "NEXAFI_DATABASE_URL", "NEXAFI_SECRET", "NEXAFI_PORT_BASE"):
        monkeypatch.delenv(name, raising=False)


def test_with_nothing_set_each_service_has_a_file_of_its_own(tmp_path):
    settings = Settings()

    assert settings.address("ledger") == f"sqlite:///{tmp_path}/var/ledger.db"
    assert settings.address("users", "owner") == f"sqlite:///{tmp_path}/var/users.db"


def test_one_postgresql_has_a_schema_for_each(monkeypatch):
    monkeypatch.setenv("NEXAFI_DATABASE_URL", SHARED)
    monkeypatch.setenv("NEXAFI_DATABASE_OWNER_URL", SHARED.replace("_app", "_owner"))
    settings = Settings()

    assert settings.address("ledger") == f"{SHARED}?options=-csearch_path%3Dledger"
    assert "nexafi_owner" in settings.address("users", "owner")
    assert settings.address("users", "steward") == settings.address("users")


def test_a_service_may_have_a_database_of_its_own(monkeypatch):
    monkeypatch.setenv("NEXAFI_DATABASE_URL", SHARED)
    monkeypatch.setenv("NEXAFI_LEDGER_DATABASE_URL", "postgresql+psycopg://x@books/ledger")
    monkeypatch.setenv("NEXAFI_USERS_URL", "http://users.example.com/")
    settings = Settings()

    assert settings.address("ledger") == "postgresql+psycopg://x@books/ledger"
    assert settings.address("users").startswith(SHARED)
    assert settings.origins("users", 5001) == ("http://users.example.com",)
    assert settings.origins("ledger", 5002) == ("http://127.0.0.1:5002",)


def test_a_service_may_run_as_several_instances(monkeypatch):
    monkeypatch.setenv("NEXAFI_LEDGER_URL", "http://a:5002, http://b:5002/")

    assert Settings().origins("ledger", 5002) == ("http://a:5002", "http://b:5002")


def test_the_environment_wins_over_the_file(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text(
        "NEXAFI_PORT_BASE=7000\nNEXAFI_HOST=127.0.0.2\nNEXAFI_LEDGER_URL=http://a\n"
    )
    monkeypatch.setenv("NEXAFI_PORT_BASE", "8000")
    monkeypatch.setenv("NEXAFI_LEDGER_URL", "http://b")
    settings = Settings()

    assert (settings.port_base, settings.host) == (8000, "127.0.0.2")
    assert settings.origins("ledger", 5002) == ("http://b",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NEXAFI_PORT_BASE", "many"),
        ("NEXAFI_PORT_BASE", "0"),
        ("NEXAFI_DATABASE_URL", "mysql://root:geheim@db/x"),
        ("NEXAFI_DATABASE_URL", "sqlite:///one-for-all.db"),
        ("NEXAFI_DATABASE_OWNER_URL", SHARED),
        ("NEXAFI_LOG_FORMAT", "xml"),
    ],
)
def test_what_makes_no_sense_is_refused_without_showing_it(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError) as refusal:
        Settings()
    assert "geheim" not in str(refusal.value)


def test_settings_do_not_show_their_secrets_and_do_not_change(monkeypatch):
    monkeypatch.setenv("NEXAFI_SECRET", "geheim" * 6)
    monkeypatch.setenv("NEXAFI_DATABASE_URL", SHARED)
    settings = Settings()

    assert "geheim" not in repr(settings) + settings.model_dump_json()
    with pytest.raises(ValidationError):
        settings.host = "0.0.0.0"  # noqa: S104


def test_a_slip_of_the_pen_is_found(monkeypatch):
    monkeypatch.setenv("NEXAFI_PROT_BASE", "1")
    monkeypatch.setenv("NEXAFI_LEDGER_DATABASE_URL", "sqlite:///x")
    monkeypatch.setenv("NEXAFI_GATEWAY_BURST", "1")

    assert [name for name in unknown() if "PROT" in name] == ["NEXAFI_PROT_BASE"]
    assert "NEXAFI_LEDGER_DATABASE_URL" not in unknown()


@pytest.mark.parametrize("url", ["127.0.0.1:6379", "http://redis", "redis://", "redis://h/first"])
def test_what_is_no_address_of_a_redis_is_refused(monkeypatch, url):
    monkeypatch.setenv("NEXAFI_REDIS_URL", url)
    with pytest.raises(ValidationError, match="A Redis is redis://"):
        Settings()


def test_the_password_of_redis_is_never_shown(monkeypatch):
    monkeypatch.setenv("NEXAFI_REDIS_URL", "rediss://:geheim@redis.example.com:6380/2")
    settings = Settings()

    assert settings.redis_url is not None
    redis = RedisAt(settings.redis_url.get_secret_value(), settings.redis_prefix)
    assert "geheim" not in f"{settings!r} {redis!r}"
    assert redis.shown == "rediss://redis.example.com:6380/2"
