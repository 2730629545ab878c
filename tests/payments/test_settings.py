"""What an installation sets of payments reaches the service."""

from __future__ import annotations

from nexafi.cli.platform import Platform
from nexafi.kernel.equipment import Equipment
from nexafi.kernel.settings import Settings
from nexafi.payments.providers.port import Providers
from nexafi.payments.settings import PaymentsSettings


def given(tmp_path, **more) -> tuple[PaymentsSettings, Providers]:
    service = Platform(Settings(_env_file=None, data=tmp_path, **more)).service("payments")

    def ask(settings: PaymentsSettings, providers: Providers) -> None:
        """Say what is asked for."""

    asked = Equipment(service.equipment).fit(ask, ())
    return asked["settings"], asked["providers"]


def test_by_default_there_is_a_sandbox_and_real_money_goes_to_its_providers(tmp_path):
    settings, providers = given(tmp_path)
    assert settings == PaymentsSettings()
    assert {"sandbox", "stripe"} <= set(providers.names)


def test_an_installation_may_have_no_sandbox_and_other_addresses(tmp_path):
    settings, providers = given(
        tmp_path,
        payments_sandbox=False,
        payments_stripe_url="http://127.0.0.1:8420",
        payments_private_urls=True,
    )
    assert "sandbox" not in providers
    assert settings.stripe_url == "http://127.0.0.1:8420"
    assert settings.takes_private_urls
