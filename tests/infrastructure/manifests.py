"""What a container is told to run, compared with what the code has."""

from __future__ import annotations

from importlib import import_module

from typer.main import get_command

from nexafi.cli.main import COMMANDS, module
from nexafi.cli.platform import GATEWAY, GATEWAY_PORT, existing
from nexafi.kernel.settings import Settings

PAGES = {"/healthz", "/readyz", "/metrics"}


def ports(arguments: list[str]) -> set[int]:
    """Return the ports on which `nexafi` *arguments* listens; raise unless it is a command."""
    assert arguments[0] in COMMANDS, f"there is no nexafi {arguments[0]}"
    command = get_command(import_module(f"nexafi.cli.{module(arguments[0])}").app)
    given = command.make_context(arguments[0], list(arguments[1:])).params
    names = given.get("names") or []
    assert set(names) <= {GATEWAY, *existing()}, f"there is no {names}"
    found = {port for name, port in (("metrics_port", given.get("metrics_port")),) if port}
    if arguments[0] == "serve":
        usual = {GATEWAY: GATEWAY_PORT, "users": 5001, "ledger": 5002, "payments": 5003}
        every = names or [GATEWAY, *existing()]
        found |= {Settings().port(usual[name]) for name in every}
    return found
