"""The gateway as granian serves it here: settings from the environment, tokens made up."""

from __future__ import annotations

import logging

from typing_extensions import override

from nexafi.gateway.app import Gateway, build
from nexafi.gateway.settings import GatewaySettings
from nexafi.kernel.errors import NotSignedIn, Unavailable


async def judge(token: str) -> str:
    """Know whoever's token says `good-<name>`."""
    if token == "nobody-can-tell":
        raise Unavailable("We cannot tell just now who is calling.")
    if not token.startswith("good-"):
        raise NotSignedIn("The access token is not valid.")
    return token.removeprefix("good-")


def app() -> Gateway:
    return Gateway(GatewaySettings(), judge)


def real_app() -> Gateway:
    """Judge by what the users service says."""
    return build(GatewaySettings())


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
