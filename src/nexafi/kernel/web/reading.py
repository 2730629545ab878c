"""Reading: the body and the query of a request, exactly as their models describe them.

What pydantic would kindly guess is refused here: a day is written
``2026-03-31`` and never ``20260331``, which it takes for seconds since 1970; a
number is no text and a text is no number. Each fault is told with its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Request
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError, SchemaValidator, core_schema
from werkzeug.exceptions import UnsupportedMediaType

from nexafi.kernel.errors import Invalid, Malformed
from nexafi.kernel.web import faults, strict_json
from nexafi.kernel.web.endpoints import JSON

PACKED = "HTTP_CONTENT_ENCODING"


@dataclass(frozen=True, slots=True)
class Form:
    """How a text must look to be read as a value of some kind, and what then reads it."""

    pattern: re.Pattern[str]
    complaint: str
    reader: SchemaValidator

    def read(self, value: object) -> object:
        """Return what a text says; what is no text is somebody else's to judge."""
        if not isinstance(value, str):
            return value
        if not self.pattern.fullmatch(value):
            raise PydanticCustomError("form", "{complaint}", {"complaint": self.complaint})
        return self.reader.validate_python(value)


BODY_FORMS = {
    "date": Form(
        re.compile(r"\d{4}-\d\d-\d\d", re.ASCII),
        "This must be a day such as 2026-03-31.",
        SchemaValidator(core_schema.date_schema()),
    ),
    "datetime": Form(
        re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d.*", re.ASCII),
        "This must be a moment such as 2026-03-31T12:00:00Z.",
        SchemaValidator(core_schema.datetime_schema()),
    ),
}
QUERY_FORMS = BODY_FORMS | {
    "bool": Form(
        re.compile("true|false"),
        "This must be true or false.",
        SchemaValidator(core_schema.bool_schema()),
    ),
    "int": Form(
        re.compile(r"-?[0-9]{1,19}", re.ASCII),
        "This must be a whole number.",
        SchemaValidator(core_schema.int_schema()),
    ),
}
"""How a text must look to be read as what its field is."""


class Body:
    """Reads bodies of one kind; made once, when an endpoint is mounted."""

    def __init__(self, kind: Any) -> None:  # noqa: ANN401 - any type that pydantic knows
        self._validator = _validator(kind, BODY_FORMS)

    def read(self, request: Request) -> Any:  # noqa: ANN401 - what `kind` says
        """Return the body, or raise a problem that names each fault by its JSON pointer."""
        _check_media_type(request)
        raw = request.get_data()
        if not raw.strip():
            raise Malformed("The body is empty; it must be JSON.")
        said = strict_json.read(raw)
        try:
            return self._validator.validate_json(raw, strict=True)
        except ValidationError as error:
            raise Invalid(
                "The request is not as described.", errors=faults.in_body(error, said)
            ) from error


class Query:
    """Reads queries of one kind; made once, when an endpoint is mounted."""

    def __init__(self, kind: Any) -> None:  # noqa: ANN401 - a model
        schema = TypeAdapter(kind).json_schema()
        self._lists = {
            name for name, field in schema.get("properties", {}).items() if _is_list(field)
        }
        self._validator = _validator(kind, QUERY_FORMS)

    def read(self, request: Request) -> Any:  # noqa: ANN401 - what `kind` says
        """Return the query, or raise a problem that names each parameter at fault."""
        given = request.args.to_dict(flat=False)
        check_texts(given)
        values = {
            name: each if name in self._lists or len(each) > 1 else each[0]
            for name, each in given.items()
        }
        try:
            return self._validator.validate_python(values)
        except ValidationError as error:
            raise Invalid(
                "The query is not as described.", errors=faults.in_query(error)
            ) from error


def refuse_query(request: Request) -> None:
    """Raise if there is a query where none is read: it would be passed over in silence."""
    if request.query_string:
        raise Invalid(
            "This takes no query.",
            errors=[faults.unknown_parameter(name) for name in list(request.args)[:20]],
        )


def check_texts(given: Mapping[str, object]) -> None:
    """Raise if a name or value has what no database keeps, such as NUL."""
    for name, value in given.items():
        strict_json.refuse_nul(name, where="?")
        strict_json.refuse_nul(value, where=f"?{name}")


def _check_media_type(request: Request) -> None:
    if request.environ.get("CONTENT_TYPE") == JSON and PACKED not in request.environ:
        return  # as nearly all say it
    options = request.mimetype_params
    if request.mimetype != JSON:
        raise UnsupportedMediaType("The body must be application/json.")
    if options and options.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
        raise UnsupportedMediaType("The body must be in UTF-8.")
    if request.environ.get(PACKED, "identity") != "identity":
        raise UnsupportedMediaType("The body must not be compressed.")


def _is_list(field: dict[str, Any]) -> bool:
    ways = field.get("anyOf", [field])
    return any(way.get("type") == "array" for way in ways)


def _validator(kind: Any, forms: Mapping[str, Form]) -> SchemaValidator:  # noqa: ANN401
    """Return what reads *kind*, built anew: that of the model itself knows none of the forms."""
    return SchemaValidator(_formed(TypeAdapter(kind).core_schema, forms), _use_prebuilt=False)


def _formed(schema: Any, forms: Mapping[str, Form]) -> Any:  # noqa: ANN401 - a tree of schemas
    """Return *schema* with the forms put before all that they are for."""
    if isinstance(schema, list):
        return [_formed(each, forms) for each in schema]
    if isinstance(schema, tuple):
        return tuple(_formed(each, forms) for each in schema)
    if not isinstance(schema, dict):
        return schema
    formed = {name: _part(name, each, forms) for name, each in schema.items()}
    form = forms.get(formed.get("type", "")) if isinstance(formed.get("type"), str) else None
    return core_schema.no_info_before_validator_function(form.read, formed) if form else formed


def _part(name: str, part: Any, forms: Mapping[str, Form]) -> Any:  # noqa: ANN401 - of a tree
    if name in NO_SCHEMAS:
        return part
    if name in CHOSEN_NAMES and isinstance(part, dict):
        return {each: _formed(schema, forms) for each, schema in part.items()}
    return _formed(part, forms)


CHOSEN_NAMES = frozenset({"fields", "choices"})
"""The parts whose own names somebody chose: a field may be called `metadata`, or `type`."""

NO_SCHEMAS = frozenset({"default", "serialization", "metadata", "config", "expected", "cls"})
"""The parts of a core schema that hold no schemas to be read by."""
