"""What an organization's plan grants; plans are data of the settings, not code."""

from __future__ import annotations

from nexafi.gateway.limits import Terms
from nexafi.gateway.settings import GatewaySettings


class Plans:
    """The terms of every organization, and of who has none."""

    def __init__(self, settings: GatewaySettings) -> None:
        self.common = Terms(settings.rate_per_s, settings.burst)
        """What whoever has not signed in may do."""
        granted = {
            name: Terms(
                plan.rate_per_s or settings.rate_per_s,
                plan.burst or settings.burst,
                plan.per_day,
                plan.per_month,
            )
            for name, plan in settings.plans.items()
        }
        self._usual = granted[settings.plan] if settings.plan else self.common
        self._of = {str(id_): granted[name] for id_, name in settings.plan_of.items()}

    def of(self, organization: str | None) -> Terms:
        """Return the terms of an organization; None for who calls without one."""
        if organization is None:
            return self.common
        return self._of.get(organization, self._usual)
