"""OpenAPI 3.1, written from the endpoints themselves: nothing is described twice.

The models give the schemas, the docstrings the texts, `needs` the security and
what an endpoint takes the problems that it may answer with.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any

from flask import Flask, Response
from pydantic.json_schema import models_json_schema

from nexafi.kernel.trust.permissions import Anyone
from nexafi.kernel.web.endpoints import JSON, Endpoint
from nexafi.kernel.web.idempotency import HEADER, REPLAYED
from nexafi.kernel.web.problems import PROBLEM

Json = dict[str, Any]

REF = "#/components/schemas/{model}"
FILES = (
    "application/octet-stream",
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "text/csv",
    "text/plain",
)
"""What a Download may be, where the route does not say."""

IN_PATH: dict[str, Json] = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer", "minimum": 0},
    "string": {"type": "string", "minLength": 1, "pattern": "^[^/]+$"},
    "path": {"type": "string", "minLength": 1},
}
"""How the parts of a path are described, by the converter that reads them."""

PROBLEMS = {
    "400": "The request cannot be read.",
    "401": "Nobody is signed in, or no longer.",
    "403": "The caller may not do this.",
    "404": "There is no such thing, or not for this organization.",
    "406": "The answer cannot be given in a media type that is accepted.",
    "409": "The state of things has moved on, or the same request is still running.",
    "413": "The request is too large.",
    "415": "The body is not of the media type that is read here.",
    "422": "The request breaks a rule; `errors` says which part of it.",
    "429": "Too much in too short a time; Retry-After says when to go on.",
    "500": "A fault of ours, which has been written down.",
    "503": "Not possible just now; the same request may succeed later.",
}
"""The problems that an operation may answer with, and what each means."""


def document(service: str, endpoints: Iterable[Endpoint], *, version: str) -> Json:
    """Return the description of *service*: all that its *endpoints* take and give."""
    listed = list(endpoints)
    names, components = _schemas(listed)
    twice = {
        name for name, times in Counter(e.handler.__name__ for e in listed).items() if times > 1
    }
    paths: dict[str, Json] = {}
    for endpoint in listed:
        own = endpoint.handler.__name__
        operation_id = f"{_subject(endpoint)}_{own}" if own in twice else own
        described = _operation(endpoint, names) | {"operationId": operation_id}
        paths.setdefault(_path(endpoint), {})[endpoint.method.lower()] = described
    subjects = {_subject(endpoint): _about(endpoint) for endpoint in listed}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"NexaFi {service}",
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in sorted(subjects.items())],
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": {status: _problem(text) for status, text in PROBLEMS.items()},
            "headers": HEADERS,
            "parameters": {"IdempotencyKey": IDEMPOTENCY_KEY},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
        "security": [{"bearer": []}],
    }


def _schemas(endpoints: Sequence[Endpoint]) -> tuple[dict[tuple[Any, str], Json], Json]:
    """Return the schema of each model by its use, and all the parts that they refer to."""
    wanted: dict[tuple[Any, Any], None] = {}
    for endpoint in endpoints:
        for name in ("body", "query"):
            if name in endpoint.hints:
                wanted[endpoint.hints[name], "validation"] = None
        if endpoint.gives is not None:
            wanted[endpoint.gives, "serialization"] = None
    names, whole = models_json_schema(list(wanted), ref_template=REF)
    parts: Json = _shared({**whole.get("$defs", {}), "Problem": PROBLEM_SCHEMA})
    return {key: dict(schema) for key, schema in names.items()}, parts


def _shared(parts: Json) -> Json:
    """Return *parts* with money described once and referred to, wherever it stands."""
    found: Json = {}

    def walk(node: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(node, list):
            return [walk(each) for each in node]
        if not isinstance(node, dict):
            return node
        if node.get("title") == "Money" and "amount" in node.get("properties", {}):
            own = {key: node[key] for key in ("default", "examples") if key in node}
            found["Money"] = {key: value for key, value in node.items() if key != "default"}
            return {"$ref": REF.format(model="Money")} | (own if "default" in own else {})
        return {key: walk(value) for key, value in node.items()}

    return {**{name: walk(part) for name, part in parts.items()}, **found}


def _operation(endpoint: Endpoint, names: dict[tuple[Any, str], Json]) -> Json:
    summary, _, more = (inspect.getdoc(endpoint.handler) or endpoint.name).partition("\n")
    described: Json = {"tags": [_subject(endpoint)], "summary": summary}
    if more.strip():
        described["description"] = more.strip()
    if endpoint.needs is Anyone.PUBLIC:
        described["security"] = []
    elif endpoint.needs is not Anyone.SIGNED_IN:
        described["x-permission"] = str(endpoint.needs)
    if parameters := [*_in_path(endpoint), *_in_query(endpoint), *_in_headers(endpoint)]:
        described["parameters"] = parameters
    if "body" in endpoint.hints:
        schema = names[endpoint.hints["body"], "validation"]
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    if "file" in endpoint.hints:
        described["requestBody"] = {"required": True, "content": {"multipart/form-data": FILE}}
    if "message" in endpoint.hints:
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": {}}}}
    described["responses"] = _answers(endpoint, names)
    return described


def _in_path(endpoint: Endpoint) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": IN_PATH[converter]}
        for name, converter in endpoint.in_path.items()
    ]


def _in_query(endpoint: Endpoint) -> list[Json]:
    if "query" not in endpoint.hints:
        return []
    schema = _shared({"": endpoint.hints["query"].model_json_schema(ref_template="{model}")})[""]
    parts = schema.get("$defs", {})
    described = []
    for name, field in schema.get("properties", {}).items():
        inlined = _inline(field, parts)
        parameter = {"name": name, "in": "query", "required": name in schema.get("required", [])}
        if text := inlined.pop("description", ""):
            parameter["description"] = text
        described.append({**parameter, "schema": _without_null(inlined)})
    return described


def _inline(node: Any, parts: Json) -> Any:  # noqa: ANN401 - any JSON
    """Return *node* with what it refers to put in its place: parameters are small."""
    if isinstance(node, list):
        return [_inline(each, parts) for each in node]
    if not isinstance(node, dict):
        return node
    if (name := node.get("$ref")) in parts:
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return {**_inline(parts[name], parts), **rest}
    return {key: _inline(value, parts) for key, value in node.items()}


def _without_null(schema: Json) -> Json:
    """Return *schema* without the null that stands for a parameter left out."""
    ways = [way for way in schema.get("anyOf", []) if way != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in {"anyOf", "title"}}
    if rest.get("default", 0) is None:
        del rest["default"]
    if not ways:
        return rest
    return {**ways[0], **rest} if len(ways) == 1 else {**rest, "anyOf": ways}


def _in_headers(endpoint: Endpoint) -> list[Json]:
    key = {"$ref": "#/components/parameters/IdempotencyKey"}
    return [key] if endpoint.method == "POST" else []


def _answers(endpoint: Endpoint, names: dict[tuple[Any, str], Json]) -> Json:
    headers: Json = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
    if endpoint.method == "POST":
        headers[REPLAYED] = {"$ref": f"#/components/headers/{REPLAYED}"}
    good: Json = {"description": endpoint.status.phrase, "headers": headers}
    content: Json = {}
    if endpoint.gives is not None:
        content[JSON] = {"schema": names[endpoint.gives, "serialization"]}
    if endpoint.gives_files:
        content.update({kind: {"schema": {}} for kind in endpoint.files or FILES})
    if content:
        good["content"] = content
    status = HTTPStatus.OK if endpoint.gives is None and content else endpoint.status
    problems = {
        name: {"$ref": f"#/components/responses/{name}"} for name in sorted(_may_fail(endpoint))
    }
    return {str(int(status)): good, **problems}


def _may_fail(endpoint: Endpoint) -> set[str]:
    """Return with which problems *endpoint* may answer."""
    found = {"400", "404", "422", "500", "503", *(str(it.status) for it in endpoint.problems)}
    if endpoint.needs is not Anyone.PUBLIC:
        found |= {"401", "403"}
    if endpoint.gives is not None and not endpoint.gives_files:
        found |= {"406"}
    if endpoint.method != "GET":
        found |= {"409"}
    if {"body", "file"} & endpoint.hints.keys():
        found |= {"413", "415"}
    return found


def _path(endpoint: Endpoint) -> str:
    return re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", r"{\1}", endpoint.path)


def _subject(endpoint: Endpoint) -> str:
    """Return the subject whose endpoint this is: the folder of its `routes.py`."""
    return endpoint.handler.__module__.rpartition(".")[0].rpartition(".")[2]


def _about(endpoint: Endpoint) -> str:
    """Return what the package of a subject says of itself."""
    package = sys.modules.get(endpoint.handler.__module__.rpartition(".")[0])
    return ((package and package.__doc__) or "").partition("\n")[0]


def _problem(text: str) -> Json:
    return {
        "description": text,
        "headers": {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}},
        "content": {PROBLEM: {"schema": {"$ref": REF.format(model="Problem")}}},
    }


FILE: Json = {
    "schema": {
        "type": "object",
        "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
        "required": ["file"],
        "additionalProperties": False,
    }
}

FAULT: Json = {
    "type": "object",
    "properties": {
        "pointer": {"type": "string", "description": "Where in the body: a JSON pointer"},
        "parameter": {"type": "string", "description": "Which parameter of the query"},
        "detail": {"type": "string"},
    },
    "required": ["detail"],
}

PROBLEM_SCHEMA: Json = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong (RFC 9457); a kind of problem may add members of its own.",
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "examples": ["/problems/not-found"]},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "request_id": {"type": "string", "description": "Tell it to whoever looks into this"},
        "errors": {"type": "array", "items": FAULT},
    },
    "required": ["type", "title", "status", "detail", "request_id"],
}

HEADERS: Json = {
    "X-Request-Id": {
        "description": "By which the request is found in the logs of all services.",
        "schema": {"type": "string"},
    },
    REPLAYED: {
        "description": "`true` when this was answered before and is only told again.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}

IDEMPOTENCY_KEY: Json = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A name of your own for this request: sent again, it is done once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "examples": {"uuid": {"value": "01890a5d-ac96-774b-bcce-b302099a8057"}},
}


def mount(app: Flask, service: str, endpoints: Sequence[Endpoint], *, version: str) -> None:
    """Let *app* serve the description of *service*, written when it is first asked for."""

    @cache
    def body() -> bytes:
        described = document(service, endpoints, version=version)
        return json.dumps(described, ensure_ascii=False, separators=(",", ":")).encode()

    @app.get(f"/api/v1/{service}/openapi.json")
    def _description() -> Response:
        return Response(body(), mimetype=JSON)
