"""`nexafi logout`: end the session and forget the tokens."""

from __future__ import annotations

import typer

from nexafi.cli import signed_in
from nexafi.cli.client import Api, Http
from nexafi.cli.failures import CommandFailed

app = typer.Typer()


@app.command()
def logout() -> None:
    """End the session on the platform that you are signed in to, and forget it here.

    Example: nexafi logout
    """
    kept = signed_in.found()
    if kept is None:
        print("You are not signed in.")
        return
    signed_in.forget()
    try:
        api = Api(Http(kept.url, kept.access_token, None), where=kept.url)
        api.post("/api/v1/users/logout")
    except CommandFailed as error:
        print(f"Forgotten here; the session there ends by itself. ({error})")
        return
    print(f"Signed out of {kept.url}.")
