"""Users do what their description says, whatever is sent."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
import schemathesis
from flask import request
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from nexafi.contracts.users.client import SIGN_IN
from nexafi.kernel.errors import NotSignedIn
from nexafi.kernel.trust.permissions import Anyone
from nexafi.users.app import service
from nexafi.users.roles.rules import Role, permissions
from tests.conftest import on_sqlite
from tests.kernel.test_openapi import BEARER, attempt


@on_sqlite
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_users_do_what_they_say(users, ada, context, mode):
    caller = replace(
        context,
        actor=f"user:{ada.tokens['user']['id']}",
        organization_id=UUID(ada.tokens["organization"]["id"]),
        session_id=UUID(ada.claims["sid"]),
        permissions=permissions(Role.OWNER),
    )

    def identify():
        if request.headers.get("Authorization") != BEARER["Authorization"]:
            raise NotSignedIn("Sign in first.")
        return caller

    app = users.service.app(users.database, identify)
    wrong = {}
    for found in schemathesis.openapi.from_wsgi(
        "/api/v1/users/openapi.json", app
    ).get_all_operations():
        operation = found.ok()
        try:
            attempt(operation, mode)
        except Unsatisfiable:
            assert operation.path == "/.well-known/jwks.json", "it takes nothing that may be wrong"
        except Exception as error:  # noqa: BLE001 - all operations are tried, then all is told
            wrong[operation.label] = str(error)
    assert not wrong, "\n\n".join(f"{label}: {said}" for label, said in wrong.items())


def test_others_know_where_one_signs_in():
    asked_nothing = {
        each.path
        for each in service.endpoints()
        if each.method == "POST" and each.needs is Anyone.PUBLIC
    }

    assert asked_nothing == SIGN_IN
