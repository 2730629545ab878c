"""The platform as it is, or with one thing broken: ``python -m tests.reliability.program WHICH``.

The broken ones prove that the judge sees what it is there for; they exist here only. What follows
the name of the variant is for `nexafi`. A supervisor of the tests starts the dead again at once:
to wait longer and longer is right for those who die by themselves, and these are killed.
"""

from __future__ import annotations

import sys

from nexafi.cli.main import app
from nexafi.kernel.server import supervisor
from tests.reliability import broken, clocks, hearing

if __name__ == "__main__":
    supervisor.PAUSE_S = supervisor.PAUSE_MAX_S = 0.05
    clocks.believe()
    (broken.VARIANTS | hearing.VARIANTS)[sys.argv.pop(1)]()
    app()
