"""A process that dies while it answers: ``python -m tests.kernel.dying URL ORGANIZATION WHEN``."""

from __future__ import annotations

import os
import sys
from uuid import UUID

from flask import Flask
from pydantic import BaseModel

from nexafi.kernel.data.context import Context, utc_now
from nexafi.kernel.data.database import Database
from nexafi.kernel.data.work import Begin, Work
from nexafi.kernel.service import Service
from nexafi.kernel.trust import audit
from nexafi.kernel.trust.permissions import Anyone
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.web import edge
from nexafi.kernel.web.endpoints import Routes
from nexafi.ledger.tables import Base
from tests.kernel.rows import row
from tests.pgbouncers import LIMITS

PATH = "/api/v1/ledger/x"
SECRET = Secret(b"of the tests of a process that dies")
routes = Routes(PATH)


class Named(BaseModel):
    code: str


class Fate:
    """When this process dies, if it does."""

    when = ""

    def comes(self, when: str) -> None:
        if when == self.when:
            os._exit(9)


@routes.post("", needs=Anyone.SIGNED_IN, gives=Named)
def make(work: Work, body: Named, fate: Fate) -> Named:
    work.session.add(row(body.code))
    audit.note(work, "ledger:row:make", body.code)
    work.session.flush()
    fate.comes("in the middle")
    return body


@routes.post("/ask", needs=Anyone.SIGNED_IN, gives=Named)
def ask(begin: Begin, body: Named, fate: Fate) -> Named:
    fate.comes("in the middle")
    with begin() as work:
        work.session.add(row(body.code))
    return body


def app(database: Database, fate: Fate, context: Context) -> Flask:
    service = Service("ledger", 5002, Base, routes=[routes], equipment=[fate])
    return service.equip(SECRET).app(database, lambda: context)


def post(application: Flask, path: str):
    headers = {"Idempotency-Key": "k"}
    return application.test_client().post(PATH + path, json={"code": "1"}, headers=headers)


if __name__ == "__main__":
    url, organization, path, when = sys.argv[1:]
    fate = Fate()
    fate.when = when
    sent = edge._response

    def _response(*args: object):
        fate.comes("before the answer is sent")
        return sent(*args)

    edge._response = _response
    database = Database(url, Base, service="ledger", limits=LIMITS)
    context = Context("ada@example.com", utc_now(), UUID(organization))
    post(app(database, fate, context), "" if path == "/" else path)
