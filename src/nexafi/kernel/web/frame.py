"""The frame around every answer: a request id, and headers that browsers obey.

It stands outside Flask, so that unknown paths and defects have it as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from secrets import token_hex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse

REQUEST_ID = "nexafi.request_id"
"""Where the request's id lies in the WSGI environment."""

STRICT = [
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
]
"""Answers are data of one caller: nobody keeps them, guesses their type or frames them."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", re.ASCII)
_TRACE = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
Application = Callable[[Environ, "StartResponse"], Iterable[bytes]]


class Frame:
    """A WSGI application that puts the frame around another."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def answer(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does, with the id that the request has or is given."""
        environ[REQUEST_ID] = found = request_id(environ)

        def start_framed(
            status: str, headers: Headers, exc_info: OptExcInfo | None = None
        ) -> Callable[[bytes], object]:
            given = {name.lower() for name, _ in headers}
            headers = [*headers, *(each for each in STRICT if each[0].lower() not in given)]
            return start_response(status, [*headers, ("X-Request-Id", found)], exc_info)

        return self._application(environ, start_framed)


def request_id(environ: Environ) -> str:
    """Return the id that came with a request if it is sane, else its trace's, else a new one."""
    came = environ.get("HTTP_X_REQUEST_ID", "")
    if _ID.fullmatch(came):
        return str(came)
    if trace := _TRACE.fullmatch(environ.get("HTTP_TRACEPARENT", "")):
        return trace[1]
    return token_hex(16)
