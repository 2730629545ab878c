"""A platform whose services tell each other by RabbitMQ, as they are started."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from nexafi.cli.migrate import bring_up_to_date
from nexafi.cli.platform import Platform
from nexafi.contracts.users.events import OrganizationChanged
from nexafi.kernel.data.context import Context, utc_now
from nexafi.kernel.news.outbox import tell
from nexafi.kernel.news.rabbitmq.link import RabbitAt
from nexafi.kernel.service import Watch
from nexafi.kernel.settings import Settings
from tests.conftest import HOME
from tests.kernel.news.conftest import rabbit, until

__all__ = ["rabbit"]


@pytest.fixture
def platform(tmp_path, rabbit: RabbitAt):
    settings = Settings(
        data=tmp_path,
        rabbitmq_url=SecretStr(rabbit.url),
        rabbitmq_prefix=rabbit.prefix,
        poll_s=60,
    )
    platform = Platform(settings)
    list(bring_up_to_date(platform, ["users", "ledger"]))
    yield platform
    platform.close()


def test_what_one_service_decides_another_knows_without_anybody_looking(platform):
    watches = {
        name: Watch(platform.bare(name), platform.database(name)) for name in ("users", "ledger")
    }
    workers = platform.workers(watches)
    shown = watches["ledger"].meters.exposition().decode()
    for side in ("relay", "consumer"):
        assert f'nexafi_broker_connected{{service="ledger",side="{side}"}} 0.0' in shown
    workers.start()
    try:
        until(lambda: watches["ledger"].health.ask().as_json()["status"] == "ready")
        context = Context("tests", utc_now(), HOME.id, HOME)
        with platform.database("users").work(context) as work:
            tell(work, OrganizationChanged(home=HOME, revision=1))
        until(lambda: platform.database("ledger").context_for("tests", HOME.id).home is not None)
    finally:
        workers.stop()
        workers.join(30)

    verdict = watches["ledger"].health.ask()
    assert verdict.is_ready
    assert verdict.as_json()["status"] == "degraded"
    assert "RabbitMQ is away" in verdict.as_json()["checks"]["broker"]
