"""`nexafi`: one command for each thing one can do. A command is loaded when it is used."""

from __future__ import annotations

import keyword
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typing_extensions import override

from nexafi.cli.failures import told

COMMANDS = {
    "serve": "Start services and keep them going.",
    "migrate": "Bring databases up to date.",
    "database": "Prepare a PostgreSQL server: roles, database, schemas.",
    "worker": "Carry the news and do what the clock asks, without serving.",
    "distribute": "Spread the books over several machines by Citus.",
    "backup": "Copy all that there is into one file, while it goes on.",
    "restore": "Restore a backup into an empty place, and prove it.",
    "doctor": "Say what is missing, and what to do about it.",
    "events": "Show events that could not be delivered, and tell them again.",
    "logs": "Search the log of this installation.",
    "trace": "Show the way of one request through services and events.",
    "login": "Sign in to a running platform.",
    "logout": "Forget the sign-in to a platform.",
    "user": "People of an organization.",
    "demo": "Make a sample company with a year of life.",
    "import": "Hand in files of banks.",
    "report": "Show a report, or write it to a file.",
    "ledger": "Prove the books, and export their hash chain.",
    "export": "Write the books for hledger or beancount.",
    "payments": "Apply webhooks of providers once more.",
    "openapi": "Print the description of the API.",
}
"""Each is a file beside this one, with an `app` in it; the words are for the list of commands."""


def module(name: str) -> str:
    """Return the file of a command: `import` is a word of the language, so it has a line after."""
    return f"{name}_" if keyword.iskeyword(name) else name.replace("-", "_")


class Commands(TyperGroup):
    """All commands; the list needs none of them loaded."""

    @override
    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    @override
    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name])

    @override
    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        if name in COMMANDS:
            command = typer.main.get_command(import_module(f"nexafi.cli.{module(name)}").app)
            command.name = name
        return name, command, rest

    @override
    def invoke(self, ctx: Any) -> Any:
        with told():
            return super().invoke(ctx)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(value: bool) -> None:  # noqa: FBT001 - called by Typer
    if value:
        print(f"nexafi {version('nexafi')}")
        raise typer.Exit


@app.callback()
def nexafi(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Say the version"),
    ] = False,
) -> None:
    """Run and use NexaFi, the open financial back end for startups.

    Begin with: nexafi serve --all
    """


if __name__ == "__main__":
    app()
