"""The platform put together, on one PostgreSQL that all services share."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

from nexafi.cli.migrate import bring_up_to_date, missing
from nexafi.cli.platform import Platform, existing
from nexafi.kernel.data.postgres import APP, OWNER, STEWARD
from nexafi.kernel.data.revisions import bystander
from nexafi.kernel.settings import Settings
from tests.conftest import NEEDS_POSTGRES, POSTGRES
from tests.databases import PASSWORD, Cluster

pytestmark = NEEDS_POSTGRES


@pytest.fixture
def settings(tmp_path):
    """Settings of an installation on a database of its own, with the three roles."""
    Cluster(POSTGRES).close()  # makes the roles, if they are not there
    name = f"nexafi_test_{uuid4().hex}"
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} OWNER {OWNER}"))
    urls = {
        role: make_url(POSTGRES)
        .set(username=role, password=PASSWORD, database=name)
        .render_as_string(hide_password=False)
        for role in (APP, OWNER, STEWARD)
    }
    yield Settings(
        _env_file=None,
        data=tmp_path,
        database_url=urls[APP],
        database_owner_url=urls[OWNER],
        database_steward_url=urls[STEWARD],
        bcrypt_cost=4,
    )
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def test_services_share_a_database_and_keep_to_their_schemas(settings):
    platform = Platform(settings, near=existing())
    assert [name for name in existing() if missing(platform, name)] == existing()

    told = list(bring_up_to_date(platform, existing()))
    again = list(bring_up_to_date(platform, existing()))

    assert len(told) == len(existing())
    assert again == []
    body = {
        "email": "ada@example.com",
        "password": "correct horse battery 9",
        "organization": {"name": "Ada's Engines", "country": "US"},
    }
    signed = platform.app("users").test_client().post("/api/v1/users/register", json=body)
    assert signed.status_code == 201, signed.text
    bearer = {"Authorization": f"Bearer {signed.json['access_token']}"}
    ledger = platform.app("ledger").test_client()
    asked = ledger.get("/api/v1/ledger/accounts", headers=bearer)
    assert asked.status_code == 200, asked.text
    assert ledger.get("/readyz").status_code == 200

    with platform.database("ledger").engine.connect() as connection:
        schemas = connection.scalars(
            text("SELECT DISTINCT schemaname FROM pg_tables WHERE tableowner = :owner"),
            {"owner": OWNER},
        )
        assert set(schemas) == set(existing())
    seconds, is_above = bystander(platform.database("ledger"))
    assert abs(seconds) < 5
    assert not is_above, "the wall holds those who make requests"
    platform.close()
