"""A process that takes the place of another: ``python -m nexafi.cli.anew WHAT FDS``.

It imports everything itself, so that it runs the code and the settings that are there now, and not
those of the supervisor, which may be older. Who calls it is the supervisor, after a fork.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import threading


def main(what: str, tells_up: int, is_alive: int, listens: int | None = None) -> None:
    """Be the process of a program, as JSON says which, on what was opened before."""
    from nexafi.cli.platform import Platform
    from nexafi.kernel.server.supervisor import end_with
    from nexafi.kernel.settings import Settings

    threading.Thread(target=end_with, args=(is_alive,), daemon=True).start()
    told = json.loads(what)
    platform = Platform(Settings(**told["settings"]), running=told["running"])
    listening = None if listens is None else socket.socket(fileno=listens)
    program = platform.program(told["name"], listening)
    program.run(listening, lambda: _tell(tells_up))
    logging.shutdown()
    os._exit(0)  # as those that were forked do: no thread is waited for


def _tell(pipe: int) -> None:
    os.write(pipe, str(os.getpid()).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
