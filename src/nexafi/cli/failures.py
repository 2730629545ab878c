"""Failures on the command line: one line that helps, and an exit code that a script can trust."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from enum import IntEnum

import typer


class Code(IntEnum):
    """What a command ends with."""

    DONE = 0
    FOUND = 1
    """It was done, and what it found is not well."""
    FAILED = 2
    """It could not be done: wrong options, no connection, no right."""
    REFUSED = 3
    """Part of what was handed in was refused."""


class CommandFailed(Exception):
    """A command could not be done; the message says why, and what helps."""

    def __init__(self, message: str, code: Code = Code.FAILED) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def told() -> Generator[None]:
    """Turn what operators meet into one line on standard error; what is our fault stays loud."""
    try:
        yield
    except CommandFailed as error:
        _say(str(error), error.code)
    except BrokenPipeError:
        raise typer.Exit(Code.DONE) from None  # who read us has read enough
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except Exception as error:
        if (message := _meaning(error)) is None:
            raise
        _say(message, Code.FAILED)


def _say(message: str, code: Code) -> None:
    typer.secho(message, err=True, fg=typer.colors.RED)
    raise typer.Exit(int(code)) from None


def _meaning(error: Exception) -> str | None:
    """Return what *error* means to an operator; None for what nobody should meet.

    Looked up by name, so that a command that needs no database loads none.
    """
    names = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    if "pydantic_core._pydantic_core.ValidationError" in names:
        faults = error.errors(include_input=False, include_url=False)  # type: ignore[attr-defined]
        told_ = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'settings'}: {each['msg']}" for each in faults
        )
        return f"The settings (NEXAFI_*, .env) cannot be used. {told_}"
    if "nexafi.kernel.news.rabbitmq.link.BrokerAway" in names:
        return str(error)
    if "sqlalchemy.exc.OperationalError" in names:
        cause = str(getattr(error, "orig", error)).strip().splitlines()
        return f"The database cannot be reached or used: {cause[0] if cause else error}"
    if "sqlalchemy.exc.DBAPIError" in names:
        cause = str(getattr(error, "orig", error)).strip().splitlines()
        return f"The database refused: {cause[0] if cause else error}"
    known = (
        "nexafi.kernel.server.sockets.CannotListen",
        "nexafi.cli.platform.UnknownService",
        "nexafi.kernel.trust.secrets.SecretUnusable",
        "nexafi.kernel.data.migrations.ground.GroundMissing",
    )
    if names & set(known) or isinstance(error, PermissionError):
        return str(error)
    return None
