"""Charts to begin with, as they lie in `charts/`: one TOML file for each.

They are read and checked when the ledger starts, so that a slip in a file is
found there and not by the first who asks for it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType

from nexafi.ledger.accounts import rules
from nexafi.ledger.accounts.rules import Place
from nexafi.ledger.errors import TemplateUnknown
from nexafi.ledger.journal.recipes import Role


@dataclass(frozen=True, slots=True)
class Planned:
    """An account as a template has it."""

    code: str
    name: str
    type: str
    normal_side: str
    subtype: str | None
    parent: str | None
    """The code of the account above it, which stands before it in the template."""
    role: Role | None = None
    """What it is to money that moves; no two accounts of a template are the same."""


@dataclass(frozen=True, slots=True)
class Template:
    """A chart to begin with."""

    name: str
    title: str
    description: str
    aliases: Sequence[str]
    accounts: Sequence[Planned]


def template(name: str) -> Template:
    """Return the template of this name or alias, however it is spelled; or TemplateUnknown."""
    plain = "-".join(name.strip().lower().replace("_", " ").replace("-", " ").split())
    for each in TEMPLATES.values():
        if plain == each.name or plain in each.aliases:
            return each
    raise TemplateUnknown(f"There is no template {name[:40]!r}.", templates=list(TEMPLATES))


def _read(name: str) -> Template:
    text = files(__package__).joinpath("charts", f"{name}.toml").read_text(encoding="utf-8")
    told = tomllib.loads(text)
    accounts: dict[str, Planned] = {}
    for type_ in rules.NORMAL_SIDE:
        for row in told[type_]:
            each = Planned(
                code=row["code"],
                name=row["name"],
                type=type_,
                normal_side=rules.normal_side(type_, row.get("normal_side")),
                subtype=row.get("subtype"),
                parent=row.get("parent"),
                role=Role(row["role"]) if "role" in row else None,
            )
            assert each.code not in accounts, f"{name}: {each.code} stands twice"
            had_roles = {had.role for had in accounts.values() if had.role}
            assert each.role not in had_roles, f"{name}: two accounts are {each.role}"
            rules.check_subtype(type_, each.subtype)
            if each.parent is not None:
                chart = {
                    had.code: Place(had.code, had.type, had.parent) for had in accounts.values()
                }
                rules.check_parent(each.code, type_, None, each.parent, chart)
            accounts[each.code] = each
    return Template(
        name, told["title"], told["description"], tuple(told["aliases"]), tuple(accounts.values())
    )


NAMES = ("us-small-company", "ifrs", "freelancer")
TEMPLATES: Mapping[str, Template] = MappingProxyType({name: _read(name) for name in NAMES})
"""All templates by name, in the order in which they are offered."""
