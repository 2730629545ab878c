"""What can be set, read once at the start from ``NEXAFI_*`` and a file ``.env``.

The environment wins over the file. Nothing else in the house looks there. A
piece that a service needs comes to it as equipment, never as the whole.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from typing_extensions import override

PREFIX: Final = "NEXAFI_"
SERVICES: Final = (
    "users", "ledger", "payments", "ai", "analytics", "credit", "documents",
)  # fmt: skip
"""All that may ever have settings of their own, in the order of their ports after the gateway."""

ELSEWHERE: Final = {"NEXAFI_URL", "NEXAFI_TOKEN", "NEXAFI_PYTHON", "NEXAFI_DATABASE_ADMIN_URL"}
"""Read by the command line and the start script."""

_OWN = re.compile(
    rf"nexafi_({'|'.join(SERVICES)})"
    r"_(database|database_owner|database_steward|database_replica|replica|)_?url"
)

_RABBITMQ = re.compile(r"amqps?://([^@/\s]*@)?[^@/\s]+(/[^/\s]*)?$")
_REDIS = re.compile(r"rediss?://[^/\s]+(/\d*)?(\?.*)?$")


class Places(BaseModel):
    """Where one service and its database are, as far as that is set for it alone."""

    model_config = ConfigDict(frozen=True)

    url: str | None = None
    """Where others reach it: ``http://host:port``; several instances with commas between."""

    database_url: SecretStr | None = None
    database_owner_url: SecretStr | None = None
    database_steward_url: SecretStr | None = None
    database_replica_url: SecretStr | None = None


class Settings(BaseSettings):
    """The settings of an installation."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        extra="ignore",
        frozen=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )

    data: Path = Path("var")
    """The folder for all that is kept without a server: databases, the secret, logs."""

    host: str = "127.0.0.1"
    """The address on which everything listens; ``0.0.0.0`` is for containers."""

    port_base: int = Field(5000, ge=1, le=65_000)
    """The port of the gateway. Users listen one above it, the ledger two, and so on."""

    database_url: SecretStr | None = None
    """One PostgreSQL for all services, a schema for each:
    ``postgresql+psycopg://nexafi_app:...@host/nexafi``. Unset: SQLite files in the data folder.
    ``NEXAFI_LEDGER_DATABASE_URL`` and so on give a service a database of its own."""

    database_owner_url: SecretStr | None = None
    """The same database as the role that migrates; unset: as for requests."""

    database_steward_url: SecretStr | None = None
    """The same database as the role that carries the news and looks across organizations
    (``BYPASSRLS``); unset: as for requests."""

    database_replica_url: SecretStr | None = None
    """A copy of the database that follows it by streaming, as the role of requests: reports are
    read there, once it has all that was kept before they were asked for. For one service:
    ``NEXAFI_LEDGER_REPLICA_URL`` or ``NEXAFI_LEDGER_DATABASE_REPLICA_URL``."""

    database_replica_wait_s: float = Field(1.0, ge=0, le=60)
    """How long a report waits for the replica to catch up before it is read from the primary."""

    database_pooler: Literal["none", "transaction"] = "none"
    """Who shares our connections: ``transaction`` for PgBouncer in transaction mode."""

    database_pool_size: int = Field(5, ge=1, le=1000)
    """Connections that each process keeps for requests, and again for the steward."""

    database_pool_overflow: int = Field(5, ge=0, le=1000)
    """Connections beyond those while many are asked for."""

    database_pool_wait_s: float = Field(3.0, ge=0.05, le=60)
    """How long a request waits for a connection before it is answered 503."""

    database_pool_recycle_s: int = Field(1800, ge=1)
    """How old a connection gets."""

    database_statement_s: float = Field(30.0, ge=0)
    """How long a statement may take before it is ended and answered 503; 0 is no limit."""

    database_report_s: float = Field(300.0, ge=0)
    """The same for the statements of reports and exports."""

    database_lock_s: float = Field(5.0, ge=0)
    """How long one waits for a lock of somebody else before it is answered 503."""

    database_idle_s: float = Field(60.0, ge=0)
    """How long a transaction may be open without doing anything."""

    secret: SecretStr | None = None
    """The root of all keys: 32 characters or more, by chance. Unset: the file ``secret`` in the
    data folder, made at the first start. Whoever loses it loses all passwords and seals."""

    redis_url: SecretStr | None = None
    """A Redis that all processes share: ``redis://:password@host:6379/0``, with TLS ``rediss://``.
    Unset: each process counts and remembers for itself. What it is for, and what happens when it
    is away, says the guide."""

    redis_prefix: str = Field("nexafi", pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    """What the names of all keys in Redis begin with; installations that share one differ here."""

    redis_ca: Path | None = None
    """A PEM file with the certificate of the authority that signed that of Redis; unset: those
    that the system trusts."""

    redis_timeout_ms: int = Field(50, ge=5, le=2_000)
    """How long an answer of Redis may take before we go on without it."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least of what is written to the log."""

    log_format: Literal["json", "text"] = "json"
    """One JSON object a line with the names of the Elastic Common Schema, or text for people."""

    log_to: Literal["console", "file"] = "console"
    """Where the log goes: to standard error, or to the file ``nexafi.log`` in the data folder,
    always as JSON, which `nexafi logs` searches."""

    log_file_bytes: int = Field(64 * 2**20, ge=2**16)
    """The size at which the log file is put aside and another is begun."""

    log_files_max: int = Field(16, ge=2, le=10_000)
    """How many log files are kept; the oldest are removed."""

    certificates: tuple[Path, ...] = ()
    """PEM files of certificates whose end `/metrics` tells: of the proxy in front, of servers
    that are called. A list in JSON: ``["/etc/ssl/nexafi.pem"]``."""

    elasticsearch_url: SecretStr | None = None
    """Where the log is carried to from its file, by a process of its own: ``https://host:9200``.
    The log goes to the file then, whatever ``NEXAFI_LOG_TO`` says."""

    elasticsearch_api_key: SecretStr | None = None
    """As whom we come there: an API key, as Elasticsearch encodes it; it needs ``create_doc`` and
    ``auto_configure`` on ``logs-nexafi-*``."""

    elasticsearch_user: str | None = None
    """As whom we come there without an API key."""

    elasticsearch_password: SecretStr | None = None
    """The password of that user."""

    elasticsearch_ca: Path | None = None
    """A file of certificates to trust there, if the system trusts none that it shows."""

    otlp_url: str | None = None
    """A collector of traces, over HTTP (OTLP): ``http://127.0.0.1:4318``. Unset: none are sent."""

    otlp_headers: dict[str, SecretStr] = Field(default_factory=dict)
    """Headers by which the collector knows us, in JSON: ``{"Authorization": "Bearer ..."}``."""

    otlp_ratio: float = Field(0.1, gt=0, le=1)
    """Which share of the traces that begin here is sent; one that a client began is sent if the
    client says so (W3C ``traceparent``)."""

    sql: bool = False
    """Write every SQL statement to the log, without its values."""

    threads: int = Field(4, ge=1, le=64)
    """Requests that one service works on at the same time; more than 8 cost throughput."""

    backlog: int = Field(512, ge=16, le=65_535)
    """Connections that wait for a service before new ones are refused."""

    drain_s: float = Field(8.0, ge=0, le=600)
    """How long a service that is told to stop may take to finish what it has begun."""

    lingers: bool = False
    """Whether who is told to stop goes on for a second on the connections that stand, while new
    ones are refused: so no request is lost where it is one of several behind a gateway."""

    worker: Literal["embedded", "separate"] = "embedded"
    """Who carries the news and does what the clock asks: each service beside its requests, or
    a process of its own (``nexafi worker``)."""

    poll_s: float = Field(0.3, ge=0.05, le=60)
    """How long a worker that found nothing to do waits before it looks again."""

    rabbitmq_url: SecretStr | None = None
    """A RabbitMQ that carries the news: ``amqp://user:password@host:5672/vhost``, of a cluster
    all nodes (``amqps://user:password@one:5671,two:5671,three:5671/vhost``), with TLS ``amqps://``.
    Unset: each service carries its news straight to those who listen."""

    rabbitmq_prefix: str = Field("nexafi", pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    """How the names of all our exchanges and queues begin; installations that share a vhost
    differ in it."""

    rabbitmq_ca: Path | None = None
    """Who must have signed the certificate of RabbitMQ; unset: whom the system trusts."""

    rabbitmq_heartbeat_s: int = Field(30, ge=5, le=600)
    """How often we and RabbitMQ say that we are there; who is silent twice as long is gone."""

    rabbitmq_prefetch: int = Field(20, ge=1, le=1_000)
    """How many messages a consumer is sent before it has done the first."""

    rabbitmq_consumers: int = Field(1, ge=1, le=16)
    """How many consumers each process of a service has, each a connection and a thread."""

    idempotency_hours: int = Field(24, ge=24, le=24 * 90)
    """How long the answer to a POST with an ``Idempotency-Key`` is kept for whoever asks again."""

    news_days: int = Field(90, ge=7, le=3650)
    """How long an event that was sent is kept. A backup that is older can be restored, but what it
    had not heard yet is no longer told again."""

    issuer: str = "nexafi"
    """Who issues access tokens, as they say it (``iss``)."""

    audience: str = "nexafi"
    """For whom access tokens are, as they say it (``aud``)."""

    bcrypt_cost: int = Field(12, ge=4, le=20)
    """What a password costs; each step doubles the time of a guess, and of a log-in."""

    access_token_s: int = Field(900, ge=10, le=86_400)
    """How long an access token is good."""

    payments_sandbox: bool = True
    """Whether the sandbox, whose outcomes are scripted, can be charged. An installation that takes
    real money may turn it off."""

    payments_stripe_url: str = Field("https://api.stripe.com", pattern=r"^https?://[^\s]+$")
    """Where Stripe is reached."""

    payments_paypal_url: str = Field("https://api-m.paypal.com", pattern=r"^https?://[^\s]+$")
    """Where PayPal is reached; its own sandbox is ``https://api-m.sandbox.paypal.com``."""

    payments_private_urls: bool = False
    """Whether webhooks may be sent to addresses of private networks: for tests and first steps."""

    services: dict[str, Places] = Field(default_factory=dict)
    """What is set for one service alone: ``NEXAFI_<SERVICE>_DATABASE_URL``,
    ``_DATABASE_OWNER_URL``, ``_DATABASE_STEWARD_URL``, ``_REPLICA_URL``, and ``_URL``, where
    others reach it: several instances with commas between them."""

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read what is set for one service, too."""
        own = _EachService(settings_cls, env_settings, dotenv_settings)
        return init_settings, own, env_settings, dotenv_settings, file_secret_settings

    @model_validator(mode="after")
    def _check(self) -> Self:
        places: list[Settings | Places] = [self, *self.services.values()]
        for each in places:
            named = each.database_url
            if named is None and (each.database_owner_url or each.database_steward_url):
                raise ValueError("A database of an owner or steward needs that of requests too.")
            replica = each.database_replica_url
            if replica and not replica.get_secret_value().startswith("postgresql+psycopg:"):
                raise ValueError("A replica is postgresql+psycopg://...")
            for url in (named, each.database_owner_url, each.database_steward_url):
                scheme = url.get_secret_value().partition(":")[0] if url else "sqlite"
                if scheme not in {"sqlite", "postgresql+psycopg"}:
                    raise ValueError(
                        f"A database is postgresql+psycopg://... or sqlite:///..., not {scheme}:"
                    )
        if self.rabbitmq_url and not _RABBITMQ.match(self.rabbitmq_url.get_secret_value()):
            raise ValueError("A RabbitMQ is amqp://user:password@host:5672/, or amqps:// with TLS.")
        if self.redis_url and not _REDIS.match(self.redis_url.get_secret_value()):
            raise ValueError("A Redis is redis://host:6379/0, or rediss:// with TLS.")
        if self.database_url and self.database_url.get_secret_value().startswith("sqlite"):
            raise ValueError("On SQLite each service has a file of its own: leave the URL out.")
        return self

    @property
    def is_logged_to_file(self) -> bool:
        """Return whether the log goes to the file in the data folder."""
        return self.log_to == "file" or self.elasticsearch_url is not None

    @cached_property
    def folder(self) -> Path:
        """Return the data folder, in full."""
        return self.data.expanduser().resolve()

    def port(self, service_port: int) -> int:
        """Return where the service whose usual port is *service_port* listens here."""
        return self.port_base + service_port - 5000

    def origins(self, name: str, service_port: int) -> tuple[str, ...]:
        """Return where others reach the instances of a service, each ``http://host:port``."""
        if (places := self.services.get(name)) and places.url:
            return tuple(each.strip().rstrip("/") for each in places.url.split(","))
        return (self.here(service_port),)

    def here(self, service_port: int) -> str:
        """Return where a service that runs on this machine is reached from it."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{self.port(service_port)}"

    def replica(self, name: str) -> str | None:
        """Return the URL of the replica that reports of service *name* may be read from."""
        own = self.services.get(name, Places())
        shared = own.database_url is None
        url = own.database_replica_url or (self.database_replica_url if shared else None)
        return None if url is None else self._within(url, name, shared=shared)

    def address(self, name: str, role: Literal["app", "owner", "steward"] = "app") -> str:
        """Return the URL of the database of service *name* for those who come as *role*.

        In a PostgreSQL that all share, the service's schema is its search path.
        """
        own = self.services.get(name, Places())
        shared = own.database_url is None
        place: Settings | Places = self if shared else own
        urls = {
            "app": place.database_url,
            "owner": place.database_owner_url,
            "steward": place.database_steward_url,
        }
        url = urls[role] or place.database_url
        if url is None:
            return f"sqlite:///{self.folder / f'{name}.db'}"
        return self._within(url, name, shared=shared)

    def _within(self, url: SecretStr, name: str, *, shared: bool) -> str:
        """Return *url* with the schema of service *name* in a database that all share."""
        text = url.get_secret_value()
        if not shared or text.startswith("sqlite"):
            return text
        return f"{text}{'&' if '?' in text else '?'}options=-csearch_path%3D{name}"


class _EachService(PydanticBaseSettingsSource):
    """Gathers ``NEXAFI_LEDGER_DATABASE_URL`` and its kind from the environment and the file."""

    def __init__(
        self, settings_cls: type[BaseSettings], *sources: PydanticBaseSettingsSource
    ) -> None:
        super().__init__(settings_cls)
        self._sources = [each for each in sources if isinstance(each, EnvSettingsSource)]

    @override
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    @override
    def __call__(self) -> dict[str, Any]:
        found: dict[str, dict[str, str]] = {}
        for source in reversed(self._sources):  # the environment comes last, and wins
            for variable, value in source.env_vars.items():
                if value and (match := _OWN.fullmatch(variable.lower())):
                    place = "database_replica" if match[2] == "replica" else match[2]
                    what = f"{place}_url" if place else "url"
                    found.setdefault(match[1], {})[what] = value
        return {"services": found} if found else {}


def unknown(*others: str) -> list[str]:
    """Return the variables that begin like ours and that nobody reads: slips of the pen.

    *others* are prefixes of settings that stand elsewhere.
    """
    mine = {f"{PREFIX}{name}".upper() for name in Settings.model_fields} | ELSEWHERE
    source = EnvSettingsSource(Settings)
    ours = (name.upper() for name in source.env_vars if name.upper().startswith(PREFIX))
    elsewhere = tuple(f"{PREFIX}{name}_" for name in ("GATEWAY", "TEST", *others))
    return sorted(
        name
        for name in ours
        if name not in mine and not _OWN.fullmatch(name.lower()) and not name.startswith(elsewhere)
    )
