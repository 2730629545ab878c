"""`nexafi login`: sign in to a running platform, so that other commands speak to it."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from nexafi.cli import signed_in
from nexafi.cli.client import Api, Http
from nexafi.cli.options import AsJson
from nexafi.cli.signed_in import SignedIn

app = typer.Typer()


@app.command()
def login(
    email: Annotated[str, typer.Option(prompt="Email")],
    url: Annotated[str, typer.Option(envvar="NEXAFI_URL")] = "http://127.0.0.1:5000",
    *,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Sign in to a running platform; the tokens are kept where only you can read them.

    Example: nexafi login --url http://127.0.0.1:5000 --email ada@example.com
    """
    if password_stdin:
        password = typer.get_text_stream("stdin").readline().rstrip("\n")
    else:
        password = typer.prompt("Password", hide_input=True)
    api = Api(Http(url.rstrip("/")), where=url)
    told = api.post("/api/v1/users/login", {"email": email, "password": password})
    api.close()
    signed_in.keep(
        SignedIn(
            url=url.rstrip("/"),
            email=email,
            access_token=told["access_token"],
            refresh_token=told["refresh_token"],
            expires_at=time.time() + told["expires_in"],
        )
    )
    text = f"Signed in to {url} as {email}. Commands speak to it until: nexafi logout"
    print(json.dumps({"url": url, "email": email}) if as_json else text)
