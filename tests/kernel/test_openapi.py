"""What a service says of itself is OpenAPI 3.1, whole, and what it then does."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from uuid import UUID

import pytest
import schemathesis
from flask import Flask, request
from hypothesis import HealthCheck, Phase, given, settings
from pydantic import BaseModel, ConfigDict, Field
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from nexafi.kernel.data.context import Context
from nexafi.kernel.data.work import Work
from nexafi.kernel.errors import NotSignedIn
from nexafi.kernel.service import Service
from nexafi.kernel.trust.permissions import Anyone
from nexafi.kernel.values.money import Money
from nexafi.kernel.web import openapi
from nexafi.kernel.web.downloads import Download
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page, PageQuery
from nexafi.kernel.web.uploads import Upload
from nexafi.ledger.app import service as ledger
from nexafi.ledger.tables import Base
from tests.conftest import LONG, on_sqlite

SOURCE = Path(__file__).parents[2] / "src" / "nexafi"
EXAMPLES = 8 if LONG else 4
BEARER = {"Authorization": "Bearer of-the-tests"}

routes = Routes("/api/v1/ledger/x")


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")

    price: Money
    discount: Money | None = None
    on: date | None = None


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=20, examples=["Ada"])
    parts: list[Part] = Field(max_length=5)
    total: Money


class Filter(PageQuery):
    colour: Colour | None = None
    tags: list[str] = Field([], max_length=3)
    since: date | None = Field(None, alias="from", description="No day before this")


class May(StrEnum):
    MAKE = "ledger:whole:make"


@routes.post("", needs=May.MAKE, gives=Whole)
def make(work: Work, body: Whole) -> Whole:
    """Make a whole.

    It is made of parts.
    """
    return body


@routes.get("", needs=Anyone.SIGNED_IN, gives=Page[Whole])
def look(work: Work, query: Filter) -> Page[Whole]:
    """Return a page of wholes."""
    return Page[Whole](items=[], next=None)


@routes.get("/<uuid:whole_id>/<string:part>", needs=Anyone.PUBLIC, gives=Whole, files=["text/csv"])
def export(work: Work, whole_id: UUID, part: str) -> Whole | Download:
    """Return a whole as a file."""
    return Download(b"a;b", "text/csv", "b\xfc.csv")


@routes.post("/file", needs=Anyone.SIGNED_IN, gives=None)
def send(work: Work, file: Upload) -> None:
    """Take a file."""


@routes.delete("/<uuid:whole_id>", needs=Anyone.SIGNED_IN)
def remove(work: Work, whole_id: UUID) -> None:
    """Remove a whole."""


HERE = Service("ledger", 5002, Base, routes=[routes])
SERVICES = [
    found
    for path in sorted(SOURCE.glob("*/app.py"))
    if (found := getattr(import_module(f"nexafi.{path.parent.name}.app"), "service", None))
]


@pytest.fixture
def described() -> dict:
    return openapi.document("ledger", HERE.endpoints(), version="1")


def test_an_operation_says_what_it_takes_gives_and_needs(described):
    made = described["paths"]["/api/v1/ledger/x"]["post"]

    assert made["operationId"] == "make"
    assert (made["summary"], made["description"]) == ("Make a whole.", "It is made of parts.")
    assert made["x-permission"] == "ledger:whole:make"
    assert made["parameters"] == [{"$ref": "#/components/parameters/IdempotencyKey"}]
    assert made["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("Whole")
    assert {"201", "400", "401", "403", "409", "413", "415", "422"} <= made["responses"].keys()


def test_money_is_described_once_with_its_currencies(described):
    schemas = described["components"]["schemas"]

    assert schemas["Whole"]["properties"]["total"] == {"$ref": "#/components/schemas/Money"}
    assert {"EUR", "JPY", "KWD", "CLF"} < set(schemas["Money"]["properties"]["currency"]["enum"])
    assert schemas["Money"]["examples"] == [{"amount": "96.80", "currency": "EUR"}]


def test_a_parameter_is_described_as_it_is_written(described):
    looked = described["paths"]["/api/v1/ledger/x"]["get"]
    by_name = {each["name"]: each for each in looked["parameters"]}

    assert by_name.keys() == {"limit", "cursor", "colour", "tags", "from"}
    assert by_name["from"]["schema"] == {"type": "string", "format": "date"}
    assert by_name["colour"]["schema"]["enum"] == ["red", "blue"]
    assert by_name["limit"]["schema"]["maximum"] == 200
    assert by_name["from"]["description"] == "No day before this"


def test_files_go_in_and_come_out(described):
    paths = described["paths"]
    sent = paths["/api/v1/ledger/x/file"]["post"]["requestBody"]["content"]
    given = paths["/api/v1/ledger/x/{whole_id}/{part}"]["get"]

    assert sent["multipart/form-data"]["schema"]["required"] == ["file"]
    assert given["responses"]["200"]["content"].keys() == {"application/json", "text/csv"}
    assert given["security"] == []
    assert {"400", "404", "422"} <= given["responses"].keys()


def signed_in(app: Service, database, context: Context) -> Flask:
    def identify() -> Context:
        if request.headers.get("Authorization") != BEARER["Authorization"]:
            raise NotSignedIn("Sign in first.")
        return context

    return app.app(database, identify)


@on_sqlite
@pytest.mark.parametrize("service", [HERE, *SERVICES], ids=lambda service: service.name)
def test_what_a_service_says_of_itself_is_openapi_3_1(service, open_database, context):
    described = openapi.document(service.name, service.endpoints(), version="1")

    schemathesis.openapi.from_dict(described).validate()

    ids = [o["operationId"] for path in described["paths"].values() for o in path.values()]
    assert len(ids) == len(set(ids)) == len(service.endpoints())


def test_a_description_that_is_none_is_found_out(described):
    described["paths"]["/api/v1/ledger/x"]["get"]["responses"] = []

    with pytest.raises(Exception, match="is not of type"):
        schemathesis.openapi.from_dict(described).validate()


@on_sqlite
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("service", [HERE, ledger], ids=["here", "ledger"])
def test_a_service_does_what_it_says(service, mode, open_database, context):
    context = replace(context, permissions=frozenset(_needed(service)))
    app = signed_in(service, open_database(ledger), context)
    schema = schemathesis.openapi.from_wsgi(f"/api/v1/{service.name}/openapi.json", app)
    wrong = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        try:
            attempt(operation, mode)
        except Exception as error:  # noqa: BLE001 - all operations are tried, then all is told
            wrong[operation.label] = str(error)
    assert not wrong, "\n\n".join(f"{label}: {said}" for label, said in wrong.items())


def attempt(operation, mode: GenerationMode) -> None:
    """Send an operation what its description allows, or forbids, and judge the answers."""
    unfit, tried = _unfit(operation), []

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def run(case):
        tried.append(case.call_and_validate(headers=BEARER, excluded_checks=unfit))

    run()
    assert tried


def _unfit(operation) -> list:
    """Return the checks that do not fit: a schema knows no rules of the domain.

    So what it allows may be refused. What it forbids must be; but `?tags=a` is
    a list of one, which the judge does not know, a file may hold whatever it
    takes for a number, and a batch tells of each entry that is not as described
    in an answer that is.
    """
    has_list = any(
        parameter.definition.get("schema", {}).get("type") == "array"
        for parameter in operation.query
    )
    is_file = "multipart/form-data" in operation.get_request_payload_content_types()
    if has_list or is_file or operation.path.endswith("/batch"):
        return [positive_data_acceptance, negative_data_rejection]
    return [positive_data_acceptance]


def _needed(service: Service) -> set[str]:
    return {endpoint.needs for endpoint in service.endpoints()}
