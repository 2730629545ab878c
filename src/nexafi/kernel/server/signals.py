"""The signals by which processes are replaced, apart from what it takes to serve."""

from __future__ import annotations

import signal
from typing import Final

RELOAD: Final = signal.SIGUSR1
"""Asks the supervisor for a new process in the place of each; so does a hangup (SIGHUP) where
there is no terminal."""

LEAVE: Final = signal.SIGUSR1
"""Tells a process that another has taken its place on the same socket: it closes each connection
after its next answer, so that nobody sends a request on one that is about to be closed, and stops
after LINGER_S."""

LINGER_S: Final = 1.0
