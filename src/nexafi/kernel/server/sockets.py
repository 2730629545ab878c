"""Sockets: opened before anything is started, so that a port that is taken is known at once."""

from __future__ import annotations

import errno
import socket


class CannotListen(Exception):
    """The address cannot be listened on; the message says why in one line."""


def listen(host: str, port: int, *, backlog: int, name: str) -> socket.socket:
    """Return a socket that listens for *name* on *port* of *host*; callers queue from now on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(backlog)
        listening.setblocking(False)  # noqa: FBT003 - the name of the standard library
    except OSError as error:
        listening.close()
        raise CannotListen(_why(error, host, port, name)) from error
    return listening


def _why(error: OSError, host: str, port: int, name: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port}, where {name} would listen, is taken; choose others by --port-base."
    if error.errno == errno.EACCES:
        return f"Port {port}, where {name} would listen, is for the administrator only."
    return f"{name} cannot listen on {host}, port {port}: {error.strerror}."
