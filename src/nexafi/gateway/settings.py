"""What can be set about the gateway: whom it forwards to, and every limit that it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    StringConstraints,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

Network = Annotated[str, AfterValidator(lambda given: str(ip_network(given)))]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$")]
Origin = Annotated[str, StringConstraints(pattern=r"^https?://[^/?#,\s]+$")]


def _several(given: Any) -> Any:  # noqa: ANN401 - whatever was set; pydantic judges it
    """Return the parts of a text with commas; anything else is left as it is."""
    return [each.strip() for each in given.split(",")] if isinstance(given, str) else given


Origins = Annotated[tuple[Origin, ...], BeforeValidator(_several), Field(min_length=1)]


class Plan(BaseModel):
    """What the organizations of a plan may do; what is left out is as for all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate_per_s: PositiveFloat | None = None
    burst: PositiveInt | None = None
    per_day: NonNegativeInt = 0
    """Calls of all its members together in a day of UTC; 0 for as many as they like."""
    per_month: NonNegativeInt = 0
    """The same in a month of UTC."""


class GatewaySettings(BaseSettings):
    """The settings of the gateway: ``NEXAFI_GATEWAY_*``, or given by who starts it."""

    model_config = SettingsConfigDict(
        env_prefix="NEXAFI_GATEWAY_", env_file=".env", extra="ignore", frozen=True
    )

    upstreams: Mapping[Name, Origins] = Field(default_factory=dict)
    """Where each service listens, by its name: ``{"ledger": "http://127.0.0.1:5002"}``; several
    instances with commas between them."""

    health_s: PositiveFloat = 1.0
    """Between two questions to each of several instances of a service whether it is ready."""

    proxies: frozenset[Network] = frozenset()
    """Addresses and networks of proxies in front of us, whose ``X-Forwarded-For`` is believed:
    ``["10.0.0.0/8"]``."""

    metrics_from: tuple[Network, ...] = ("127.0.0.0/8", "::1/128")
    """The networks that may read ``/metrics``; to all others it does not exist."""

    rate_per_s: PositiveFloat = 100.0
    """Requests a second that one user, or one address without a token, may send for long."""

    burst: PositiveInt = 400
    """Requests that one client may send at once."""

    plans: Mapping[Name, Plan] = Field(default_factory=dict)
    """What organizations may do, by the name of their plan:
    ``{"free": {"per_day": 1000, "per_month": 20000}, "team": {"rate_per_s": 300, "burst": 900}}``.
    Calls a day and a month count for all members of an organization together."""

    plan: Name | None = None
    """The plan of organizations for which `plan_of` names none; unset: no quotas."""

    plan_of: Mapping[UUID, Name] = Field(default_factory=dict)
    """The plans of organizations, by their ids."""

    clients_max: PositiveInt = 50_000
    """Clients whose use is remembered, about 200 bytes each."""

    body_max_bytes: PositiveInt = 64 * 2**20
    """The largest body of a request that is let through."""

    hold_max_bytes: PositiveInt = 2**20
    """Bodies up to this are read whole before the service hears of them, so that neither a slow nor
    a broken sender holds up one of its threads; larger ones are streamed."""

    headers_max_bytes: PositiveInt = 32 * 2**10
    """All names and values of the headers of a request together."""

    url_max_bytes: PositiveInt = 8 * 2**10
    """Path and query together, as the service will see them."""

    in_flight_max: PositiveInt = 256
    """Requests that one instance of a service works on at the same time; more are told to come
    again."""

    connect_timeout_s: PositiveFloat = 2.0
    """To reach a service."""

    first_byte_timeout_s: PositiveFloat = 30.0
    """From the end of the request to the first byte of the answer."""

    idle_timeout_s: PositiveFloat = 30.0
    """Between two pieces of a body, of the request or of the answer, either side being slow."""

    total_timeout_s: PositiveFloat = 600.0
    """For all of a request and its answer together."""

    failures_max: PositiveInt = 5
    """Failures in a row after which an instance of a service is left alone for a while."""

    rest_s: PositiveFloat = 1.0
    """How long a failing instance is first left alone; doubled each time, up to `rest_max_s`."""

    rest_max_s: PositiveFloat = 30.0
    """The longest time that a failing instance is left alone before it is tried again."""

    access_log: bool = True
    """Write one structured line for each request."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        named = {*self.plan_of.values(), *([self.plan] if self.plan else [])}
        if missing := sorted(named - set(self.plans)):
            raise ValueError(f"There is no plan {', '.join(missing)} among NEXAFI_GATEWAY_PLANS.")
        return self
