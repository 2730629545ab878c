"""The parts of the reference that are written from the code.

    python -m scripts.reference              # writes docs/reference/settings.md and commands.md

A test fails when what is written is not what the code says.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"

SETTINGS = """# Settings

What can be set, in the environment or in a file `.env` where NexaFi is started; the environment
wins. Written from the code by `make docs`: do not edit.

"""

COMMANDS = """# Commands

What `nexafi` can do, as it says itself with `--help`. Written from the code by `make docs`: do not
edit. Exit codes: 0 done, 1 done and not all is well, 2 not done, 3 part of it was refused.

"""


def settings() -> str:
    """Return the page of all settings."""
    from nexafi.gateway.settings import GatewaySettings
    from nexafi.kernel.settings import Settings

    kinds: list[tuple[str, type[BaseSettings]]] = [
        ("The installation", Settings),
        ("The gateway", GatewaySettings),
    ]
    return SETTINGS + "\n".join(f"## {title}\n\n{_table(kind)}" for title, kind in kinds)


def _table(kind: type[BaseSettings]) -> str:
    texts = _texts(kind)
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    prefix = kind.model_config["env_prefix"]
    for name, field in kind.model_fields.items():
        variable = f"`{prefix}{name.upper()}`"
        if name == "services":
            variable = "`NEXAFI_<SERVICE>_...`"
        default = field.default
        if default is PydanticUndefined or default is None or name == "services":
            shown = ""
        else:
            shown = f"`{sorted(default) if isinstance(default, frozenset) else default}`"
        text = (field.description or texts.get(name, "")).replace("\n", " ").replace("``", "`")
        rows.append(f"| {variable} | {shown} | {text.replace('|', chr(92) + '|')} |")
    return "\n".join(rows) + "\n"


def _texts(kind: type) -> dict[str, str]:
    """Return the docstring under each field, by its name."""
    import ast
    import textwrap

    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        is_text = isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and is_text:
            found[field.target.id] = inspect.cleandoc(str(text.value.value))
    return found


def commands() -> str:
    """Return the page of all commands."""
    from importlib import import_module

    import typer

    from nexafi.cli.main import COMMANDS as NAMES

    parts = []
    for name, about in NAMES.items():
        command = typer.main.get_command(import_module(f"nexafi.cli.{_module(name)}").app)
        subs = getattr(command, "commands", None)
        parts.append(f"## nexafi {name}\n\n{about}\n")
        if subs is None:
            parts.append(_command(command))
        else:
            for sub, found in subs.items():
                parts.append(f"### nexafi {name} {sub}\n\n{_command(found)}")
    return COMMANDS + "\n".join(parts)


def _module(name: str) -> str:
    from nexafi.cli.main import module

    return module(name)


def _command(command: object) -> str:
    help_ = inspect.cleandoc(getattr(command, "help", "") or "")
    rows = []
    for each in getattr(command, "params", ()):
        is_option = type(each).__name__.endswith("Option")
        shown = ", ".join(each.opts + each.secondary_opts) if is_option else each.name.upper()
        text = getattr(each, "help", "") or ""
        if shown not in {"--help", "--install-completion", "--show-completion"}:
            rows.append(f"| `{shown}` | {text} |")
    table = "\n".join(["| | |", "|---|---|", *rows]) + "\n" if rows else ""
    return f"{help_}\n\n{table}"


def main() -> int:
    """Write both pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "settings.md").write_text(settings(), encoding="utf-8")
    (FOLDER / "commands.md").write_text(commands(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
