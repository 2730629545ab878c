"""Descriptions of several services become one, and no name of one is taken for another's."""

from __future__ import annotations

from nexafi.gateway.openapi import merge


def document(service: str, schema: dict[str, object], **more: object) -> dict[str, object]:
    answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
    operation = {"operationId": "list_things", "tags": ["things"], "responses": {"200": answer}}
    return {
        "openapi": "3.1.0",
        "info": {"title": service, "version": "1"},
        "paths": {f"/api/v1/{service}/things": {"get": operation}},
        "components": {"schemas": {"Thing": schema}},
        **more,
    }


def test_components_of_the_same_name_stay_apart():
    merged = merge(
        {"one": document("one", {"type": "string"}), "two": document("two", {"type": "integer"})},
        {},
        version="1",
    )

    schemas = merged["components"]["schemas"]
    assert schemas["one.Thing"] == {"type": "string"}
    assert schemas["two.Thing"] == {"type": "integer"}
    for service in ("one", "two"):
        get = merged["paths"][f"/api/v1/{service}/things"]["get"]
        schema = get["responses"]["200"]["content"]["application/json"]["schema"]
        assert schema == {"$ref": f"#/components/schemas/{service}.Thing"}
        assert get["operationId"] == f"{service}_list_things"
        assert get["tags"] == [f"{service}: things"]


def test_what_only_looks_like_a_description_is_left_alone():
    schema = {
        "type": "object",
        "properties": {
            "$ref": {"type": "string", "default": {"$ref": "#/components/schemas/Thing"}},
            "default": {"$ref": "#/components/schemas/Thing"},
            "security": {"type": "array"},
        },
        "example": {"$ref": "#/components/schemas/Thing"},
        "discriminator": {
            "propertyName": "kind",
            "mapping": {"a": "#/components/schemas/Thing", "b": "elsewhere"},
        },
    }
    merged = merge({"one": document("one", schema)}, {}, version="1")

    found = merged["components"]["schemas"]["one.Thing"]
    assert found["properties"]["$ref"] == schema["properties"]["$ref"]
    assert found["properties"]["default"] == {"$ref": "#/components/schemas/one.Thing"}
    assert found["properties"]["security"] == {"type": "array"}
    assert found["example"] == schema["example"]
    assert found["discriminator"]["mapping"] == {
        "a": "#/components/schemas/one.Thing",
        "b": "elsewhere",
    }


def test_ways_of_signing_in_are_shared_if_they_are_the_same():
    bearer = {"type": "http", "scheme": "bearer"}
    basic = {"type": "http", "scheme": "basic"}
    documents = {
        name: document(name, {}, security=[{"signed": []}]) for name in ("one", "two", "zzz")
    }
    for name, scheme in (("one", bearer), ("two", bearer), ("zzz", basic)):
        documents[name]["components"]["securitySchemes"] = {"signed": scheme}
    public = documents["two"]["paths"]["/api/v1/two/things"]["get"]
    public["security"] = []

    merged = merge(documents, {}, version="1")

    assert merged["components"]["securitySchemes"] == {"signed": bearer, "zzz.signed": basic}
    needed = {path: item["get"]["security"] for path, item in merged["paths"].items()}
    assert needed == {
        "/api/v1/one/things": [{"signed": []}],
        "/api/v1/two/things": [],
        "/api/v1/zzz/things": [{"zzz.signed": []}],
    }


def test_only_what_can_be_reached_is_described():
    told = document("one", {})
    told["paths"] |= {path: {"get": {}} for path in ("/healthz", "/metrics", "/api/v1/two/x")}
    told["paths"] |= {"/.well-known/x": {"get": {}}, "/api/v1/one": {"get": {}}}

    merged = merge({"one": told}, {}, version="1")

    assert sorted(merged["paths"]) == ["/.well-known/x", "/api/v1/one", "/api/v1/one/things"]


def test_the_documents_that_came_in_are_left_as_they_were():
    told = document("one", {"type": "string"})
    before = repr(told)

    merge({"one": told}, {}, version="1")

    assert repr(told) == before


def test_a_service_that_is_missing_is_named_with_its_reason():
    merged = merge({}, {"two": "not running"}, version="1")

    assert merged["x-missing"] == {"two": "not running"}
    assert "**two** (not running)" in merged["info"]["description"]
    assert merged["paths"] == {}
