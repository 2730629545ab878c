"""`nexafi user`: people of an organization."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from nexafi.cli import operating
from nexafi.cli.client import connect
from nexafi.cli.failures import CommandFailed
from nexafi.cli.options import AsJson, Data, Organization, Token, Url

app = typer.Typer(no_args_is_help=True, help="People of an organization.")
PATH = "/api/v1/users"

app.command("everybody")(operating.everybody)
app.command("reset-password")(operating.reset_password)
app.command("rotate-keys")(operating.rotate_keys)


@app.command()
def register(
    email: str,
    organization: Annotated[str, typer.Option(help="Its name", prompt="Organization")],
    country: Annotated[str, typer.Option(help="Two letters of ISO 3166, such as US")] = "US",
    base_currency: Annotated[
        str | None, typer.Option(help="Three letters of ISO 4217; else that of the country")
    ] = None,
    fiscal_year_start: Annotated[str | None, typer.Option(help="Month and day: 01-01")] = None,
    url: Url = None,
    token: Token = None,
    data: Data = None,
    *,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a user and their organization, which they own.

    Example: nexafi user register ada@example.com --organization "Ada's Engines" --country GB
    """
    if password_stdin:
        password = typer.get_text_stream("stdin").readline().rstrip("\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    asked = {
        "name": organization,
        "country": country,
        "base_currency": base_currency,
        "fiscal_year_start": fiscal_year_start,
    }
    body = {
        "email": email,
        "password": password,
        "organization": {name: value for name, value in asked.items() if value is not None},
    }
    api = connect(url, token, data)
    try:
        told = api.post(f"{PATH}/register", body)
    finally:
        api.close()
    shown = {"user": told["user"], "organization": told["organization"]}
    text = f"{email} owns {told['organization']['name']} ({told['organization']['id']})."
    print(json.dumps(shown) if as_json else text)


@app.command("list")
def list_(
    url: Url = None,
    token: Token = None,
    data: Data = None,
    organization: Organization = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List the members of the organization, and their roles.

    Example: nexafi user list
    """
    api = connect(url, token, data, organization)
    try:
        members = list(api.each(f"{PATH}/members"))
    finally:
        api.close()
    if as_json:
        print(json.dumps(members))
        return
    for each in members:
        print(f"{each['email']:<40} {each['role']:<12} {'invited' if each['is_invited'] else ''}")


@app.command()
def add(
    email: str,
    role: Annotated[str, typer.Option(help="owner, accountant or viewer")] = "viewer",
    url: Url = None,
    token: Token = None,
    data: Data = None,
    organization: Organization = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Add someone to the organization; who is new is given an invitation to hand on.

    Example: nexafi user add bob@example.com --role accountant
    """
    api = connect(url, token, data, organization)
    try:
        told = api.post(f"{PATH}/members", {"email": email, "role": role})
    finally:
        api.close()
    if as_json:
        print(json.dumps(told))
        return
    print(f"{email} is {role} now.")
    if told["invitation"]:
        print(f"Their invitation, shown this once: {told['invitation']}")


@app.command()
def role(
    email: str,
    role: Annotated[str, typer.Argument(help="owner, accountant or viewer")],
    url: Url = None,
    token: Token = None,
    data: Data = None,
    organization: Organization = None,
) -> None:
    """Give a member another role.

    Example: nexafi user role bob@example.com viewer
    """
    api = connect(url, token, data, organization)
    try:
        member = _member(list(api.each(f"{PATH}/members")), email)
        api.patch(f"{PATH}/members/{member['id']}", {"role": role})
    finally:
        api.close()
    print(f"{email} is {role} now.")


@app.command()
def remove(
    email: str,
    url: Url = None,
    token: Token = None,
    data: Data = None,
    organization: Organization = None,
) -> None:
    """Take a member out of the organization.

    Example: nexafi user remove bob@example.com
    """
    api = connect(url, token, data, organization)
    try:
        member = _member(list(api.each(f"{PATH}/members")), email)
        api.ask("DELETE", f"{PATH}/members/{member['id']}")
    finally:
        api.close()
    print(f"{email} is no longer a member.")


def _member(members: list[dict[str, Any]], email: str) -> dict[str, Any]:
    found = next((each for each in members if each["email"].lower() == email.lower()), None)
    if found is None:
        raise CommandFailed(f"{email} is no member. See: nexafi user list")
    return found
