"""One description of the whole platform, merged from those of its services (OpenAPI 3.1).

Each service describes itself and knows nothing of the others, so names may meet: every component
and operation is given the name of its service in front. Pure: who fetches the documents stands in
`description.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

Json = dict[str, Any]

METHODS: Final = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
DATA: Final = frozenset({"const", "default", "enum", "example"})
"""Keys under which lies data that only looks like a description."""

NAMES: Final = frozenset(
    {"$defs", "dependentSchemas", "paths", "patternProperties", "properties", "schemas", "webhooks"}
)
"""Keys whose own keys are names that somebody chose, and no words of the specification."""

REFERENCE: Final = "#/components/"
PROBLEM: Final = "gateway.Problem"
DOOR: Final = {
    "400": "The request is not sound HTTP, or its path is not in its normal form.",
    "401": "The access token is not valid.",
    "408": "The body came too slowly.",
    "413": "The body is too large.",
    "414": "Path and query are too long.",
    "429": "Too many requests; Retry-After says when to go on.",
    "431": "The headers are too large.",
    "502": "The service cannot be reached, or broke off its answer.",
    "503": "The service is failing or busy and was not asked.",
    "504": "The service did not answer in time.",
}
"""What the gateway may answer in place of any service, by status."""


def merge(documents: Mapping[str, Json], missing: Mapping[str, str], *, version: str) -> Json:
    """Return one document of *documents*, each under the name of its service.

    Args:
        documents: what the services say of themselves.
        missing: the services that could not be asked, with the reason; named in the document.
        version: of the platform.

    """
    merged: Json = {
        "openapi": "3.1.0",
        "info": {
            "title": "NexaFi",
            "version": version,
            "summary": "The open financial back end for startups",
            "description": _about(documents, missing),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": {},
        "components": _own_components(),
        "tags": [],
        "x-services": sorted(documents),
        "x-missing": dict(sorted(missing.items())),
    }
    for service in sorted(documents):
        _add(merged, service, documents[service])
    return merged


def _about(documents: Iterable[str], missing: Mapping[str, str]) -> str:
    text = f"All services behind one door: {', '.join(sorted(documents)) or 'none is running'}."
    if missing:
        text += "\n\nNot described, because they did not answer: "
        text += "; ".join(f"**{name}** ({why})" for name, why in sorted(missing.items())) + "."
    return text


def _own_components() -> Json:
    return {
        "schemas": {
            PROBLEM: {
                "type": "object",
                "description": "What the gateway says when a request does not reach its service "
                "(RFC 9457).",
                "required": ["type", "title", "status", "detail", "request_id"],
                "properties": {
                    "type": {"type": "string", "format": "uri-reference"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "request_id": {"type": "string"},
                },
            }
        },
        "responses": {
            f"gateway.{status}": {
                "description": text,
                "content": {
                    "application/problem+json": {
                        "schema": {"$ref": f"#/components/schemas/{PROBLEM}"}
                    }
                },
            }
            for status, text in DOOR.items()
        },
    }


def _add(merged: Json, service: str, document: Json) -> None:
    components = document.get("components", {})
    schemes = _share_schemes(merged, service, components.get("securitySchemes", {}))
    renamed = _renamed(document, service, schemes)
    for section, entries in renamed.get("components", {}).items():
        if section != "securitySchemes":
            kept = merged["components"].setdefault(section, {})
            kept.update({f"{service}.{name}": entry for name, entry in entries.items()})
    for path, item in renamed.get("paths", {}).items():
        if _is_reachable(path, service):
            merged["paths"][path] = _item(item, service, renamed.get("security"))
    for tag in renamed.get("tags", []):
        merged["tags"].append({**tag, "name": _tag(service, tag["name"])})
    if not renamed.get("tags"):
        merged["tags"].append({"name": service})


def _is_reachable(path: str, service: str) -> bool:
    """Return whether the gateway forwards *path*: health and metrics are for the inside."""
    return path.startswith((f"/api/v1/{service}/", "/.well-known/")) or path == f"/api/v1/{service}"


def _share_schemes(merged: Json, service: str, schemes: Mapping[str, Json]) -> dict[str, str]:
    """Keep each way of signing in once, if the services mean the same; return their names."""
    kept = merged["components"].setdefault("securitySchemes", {})
    names = {}
    for name, scheme in schemes.items():
        named = name if kept.setdefault(name, scheme) == scheme else f"{service}.{name}"
        kept.setdefault(named, scheme)
        names[name] = named
    return names


def _item(item: Json, service: str, security: object) -> Json:
    """Return the operations of a path, as they are in the merged document."""
    for method, operation in item.items():
        if method not in METHODS:
            continue
        own = operation.get("operationId")
        if own and not own.startswith(f"{service}_"):
            operation["operationId"] = f"{service}_{own}"
        operation["tags"] = [_tag(service, tag) for tag in operation.get("tags") or [service]]
        if security is not None:
            operation.setdefault("security", security)
        answers = operation.setdefault("responses", {})
        for status in DOOR:
            answers.setdefault(status, {"$ref": f"#/components/responses/gateway.{status}"})
    return item


def _tag(service: str, tag: str) -> str:
    return tag if tag == service or tag.startswith(f"{service}:") else f"{service}: {tag}"


def _renamed(document: Json, service: str, schemes: Mapping[str, str]) -> Json:
    """Return a copy of *document* whose references carry the name of *service*."""
    copied: Json = _Renaming(service, schemes).walk(document)
    return copied


class _Renaming:
    """One walk through a document."""

    def __init__(self, service: str, schemes: Mapping[str, str]) -> None:
        self._service = service
        self._schemes = schemes

    def walk(self, node: Any, *, named: bool = False) -> Any:  # noqa: ANN401 - any JSON value
        """Return a copy of *node*; the keys of a *named* one are names and no words."""
        if isinstance(node, list):
            return [self.walk(each) for each in node]
        if not isinstance(node, dict):
            return node
        if named:
            return {key: self.walk(value) for key, value in node.items()}
        return {key: self._word(key, value) for key, value in node.items()}

    def _word(self, key: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        if key in DATA:
            return value
        if key == "$ref" and isinstance(value, str):
            return self._reference(value)
        if key == "mapping" and isinstance(value, dict):
            return {name: self._reference(str(to)) for name, to in value.items()}
        if key == "security" and isinstance(value, list):
            return [{self._schemes.get(n, n): s for n, s in each.items()} for each in value]
        return self.walk(value, named=key in NAMES)

    def _reference(self, text: str) -> str:
        if not text.startswith(REFERENCE):
            return text
        section, _, name = text.removeprefix(REFERENCE).partition("/")
        return f"{REFERENCE}{section}/{self._service}.{name}"
