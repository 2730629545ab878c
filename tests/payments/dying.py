"""A process that dies at a chosen step of a request: ``python -m tests.payments.dying SETTINGS``.

It builds the payments service once and then forks for each line that it is given, so that a
thousand deaths cost no thousand starts. Steps are counted: each opening, end and commit of a Work
is one, and so is each side of the provider's deed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission
from nexafi.kernel.data.context import Context, Home
from nexafi.kernel.data.database import Database
from nexafi.kernel.data.work import Work
from nexafi.kernel.trust.secrets import Secret
from nexafi.payments.app import service
from nexafi.payments.providers.port import Providers
from tests.payments.remembering import Remembering
from tests.pgbouncers import LIMITS

SECRET = Secret(b"of the tests of a process that dies")


@dataclass
class Fate:
    """Counts steps, and ends this process by SIGKILL at one of them."""

    at: int = 0
    step: int = 0

    def comes(self, _moment: str = "") -> None:
        self.step += 1
        if self.step == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


class Mortal(Database):
    """A database whose Works are steps of a fate."""

    fate: Fate

    @contextmanager
    def work(self, context: Context, **how: Any) -> Generator[Work]:
        self.fate.comes()
        with super().work(context, **how) as work:
            yield work
            self.fate.comes()
        self.fate.comes()


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(given: dict[str, Any]) -> None:
    fate = Fate()
    now = datetime.fromisoformat(given["now"])
    database = Mortal(
        given["url"],
        service.tables,
        service="payments",
        limits=LIMITS,
        clock=lambda: datetime.fromisoformat(asked["now"]) if asked else now,
    )
    database.fate = fate
    provider = Remembering(Path(given["books"]), at=fate.comes)
    home = Home(**given["home"] | {"id": UUID(given["home"]["id"])})
    caller = Context("ada@example.com", now, home.id, home, frozenset(PaymentsPermission))
    equipment = [*service.equipment, Providers(provider), SECRET]
    ready = replace(service, equipment=equipment, expects=())
    app = ready.app(database, lambda: replace(caller, now=database.clock()))
    asked: dict[str, Any] = {}
    say("ready")
    for line in sys.stdin:
        child = os.fork()
        if child:
            _, status = os.waitpid(child, 0)
            say(str(status))
            continue
        asked.update(json.loads(line))
        fate.at, fate.step = asked["step"], 0
        headers = {"Idempotency-Key": asked["key"]}
        answer = app.test_client().post(asked["path"], json=asked["body"], headers=headers)
        os._exit(0 if answer.status_code < 300 else 1)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
