"""The parts of the reference that are written from the code.

    python -m scripts.reference              # writes docs/reference/*.md, docs/events/*.json
                                             # and infrastructure/{elasticsearch,kibana}

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
            if getattr(command, "invoke_without_command", False):
                parts.append(_command(command))
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


API = """# The API of the service {name}

Every call, as the service describes itself in `/api/v1/{name}/openapi.json`. What holds for all of
them (money, problems, pages, idempotency keys) stands in [the guide](../guides/api.md). Written
from the code by `make docs`: do not edit.

"""


def services() -> list[str]:
    """Return the services that answer requests by themselves."""
    from nexafi.cli.platform import GATEWAY, chosen

    return [name for name in chosen([]) if name != GATEWAY]


def api(name: str) -> str:
    """Return the page of all calls of a service."""
    from importlib import import_module

    from nexafi.kernel.web.openapi import document

    service = import_module(f"nexafi.{name}.app").service
    described = document(name, service.endpoints(), version="")
    needs = {(e.method.lower(), _curly(e.path)): e.needs for e in service.endpoints()}
    parts = []
    tag = ""
    for path, calls in sorted(described["paths"].items()):
        for method, call in calls.items():
            if call["tags"][0] != tag:
                tag = call["tags"][0]
                parts.append(f"## {tag}\n")
            parts.append(_call(path, method, call, needs.get((method, path))))
    return API.format(name=name) + "\n".join(parts)


def _curly(path: str) -> str:
    import re

    return re.sub(r"<(?:[^:>]+:)?(\w+)>", r"{\1}", path)


def _call(path: str, method: str, call: dict, needs: object) -> str:
    text = "\n\n".join(filter(None, (call.get("summary"), call.get("description"))))
    lines = [f"### {method.upper()} {path}\n", f"{text}\n"]
    if needs is not None:
        lines.append(f"Needs: {needs}\n")
    rows = [
        f"| `{each['name']}` | {each['in']}{', required' if each.get('required') else ''} |"
        f" {each.get('description', '')} |"
        for each in call.get("parameters", [])
        if "$ref" not in each and each["in"] != "header"
    ]
    if rows:
        lines.append("\n".join(["| parameter | in | |", "|---|---|---|", *rows]) + "\n")
    if body := call.get("requestBody"):
        lines.append(f"Body: {_kinds(body['content'])}\n")
    answers = [
        f"`{status}` {_kinds(answer['content']) if 'content' in answer else ''}".strip()
        for status, answer in call["responses"].items()
        if status.startswith("2")
    ]
    lines.append(f"Answers: {', '.join(answers)}\n")
    return "\n".join(lines)


def _kinds(content: dict) -> str:
    names = []
    for media, kind in content.items():
        schema = kind.get("schema", {})
        name = schema.get("$ref", "").rpartition("/")[2] or schema.get("title", "")
        names.append(f"`{media}` {name}".strip())
    return ", ".join(names)


def events() -> dict[str, str]:
    """Return the JSON schema of each event, by its name."""
    import json
    from importlib import import_module

    from nexafi.kernel.news.events import Event

    found = {}
    root = FOLDER.parent.parent / "src" / "nexafi" / "contracts"
    for place in sorted(root.glob("*/events.py")):
        module = import_module(f"nexafi.contracts.{place.parent.name}.events")
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event:
                schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
                schema |= kind.model_json_schema(mode="serialization")
                named = f"{kind.name}.v{kind.version}"
                found[named] = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    return found


def infrastructure() -> dict[Path, str]:
    """Return what Elasticsearch and Kibana are told of our log."""
    import json

    from nexafi.kernel.watch.fields import template
    from scripts import kibana

    folder = FOLDER.parent.parent / "infrastructure"
    return {
        folder / "elasticsearch" / "index-template.json": json.dumps(template(), indent=2) + "\n",
        folder / "kibana" / "nexafi.ndjson": kibana.ndjson(),
    }


def pages() -> dict[Path, str]:
    """Return all that is written from the code, by the file that it stands in."""
    docs = FOLDER.parent
    return {
        FOLDER / "settings.md": settings(),
        FOLDER / "commands.md": commands(),
        **{FOLDER / f"api-{name}.md": api(name) for name in services()},
        **infrastructure(),
        **{docs / "events" / f"{name}.json": text for name, text in events().items()},
    }


def main() -> int:
    """Write all of it."""
    for path, text in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(FOLDER.parent.parent))
    return 0


if __name__ == "__main__":
    sys.exit(main())
