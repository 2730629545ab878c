"""The gateway as granian serves it here: settings from the environment, tokens made up."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from typing_extensions import override

from nexafi.gateway.app import Gateway, build
from nexafi.gateway.identity import Caller
from nexafi.gateway.settings import GatewaySettings
from nexafi.kernel.errors import NotSignedIn, Unavailable
from nexafi.kernel.shared.link import Link, RedisAt


async def judge(token: str) -> Caller:
    """Know whoever's token says `good-<name>`, or `good-<name>@<organization>`."""
    if token == "nobody-can-tell":
        raise Unavailable("We cannot tell just now who is calling.")
    if not token.startswith("good-"):
        raise NotSignedIn("The access token is not valid.")
    user, _, organization = token.removeprefix("good-").partition("@")
    return Caller(user, organization or None)


def redis() -> RedisAt | None:
    """Return where the test has a Redis, if it has one."""
    url = os.environ.get("NEXAFI_TEST_GATEWAY_REDIS")
    authority = os.environ.get("NEXAFI_TEST_GATEWAY_REDIS_CA")
    prefix = os.environ.get("NEXAFI_TEST_GATEWAY_REDIS_PREFIX", "nexafi")
    if url is None:
        return None
    # more patient than in life: the machine is busy with other tests
    return RedisAt(url, prefix, Path(authority) if authority else None, timeout_s=1.0)


def app() -> Gateway:
    at = redis()
    return Gateway(GatewaySettings(), judge, redis=Link(at) if at else None)


def real_app() -> Gateway:
    """Judge by what the users service says."""
    return build(GatewaySettings(), redis=redis())


def logging_app() -> Gateway:
    """Write what is logged, with all that a formatter could be given."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Everything())
    logging.getLogger("nexafi").addHandler(handler)
    logging.getLogger("nexafi").setLevel(logging.DEBUG)
    return app()


class _Everything(logging.Formatter):
    @override
    def format(self, record: logging.LogRecord) -> str:
        return repr(vars(record))
