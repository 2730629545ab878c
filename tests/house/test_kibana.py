"""Kibana's objects: whole, tied together, and asking for nothing that our log does not say.

Kibana itself takes a dashboard without attributes and then shows nothing; so it is checked here.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from nexafi.kernel.watch.fields import FIELDS, PATTERN, STREAM, template
from tests.house.test_house import SERVICES

INFRASTRUCTURE = Path(__file__).parents[2] / "infrastructure"
LINES = (INFRASTRUCTURE / "kibana" / "nexafi.ndjson").read_text(encoding="utf-8").splitlines()
OBJECTS = [json.loads(line) for line in LINES]
NEEDED = {
    "index-pattern": {"title", "timeFieldName"},
    "search": {"title", "columns", "sort", "kibanaSavedObjectMeta"},
    "visualization": {"title", "visState", "uiStateJSON", "version", "kibanaSavedObjectMeta"},
    "dashboard": {"title", "panelsJSON", "optionsJSON", "version", "kibanaSavedObjectMeta"},
}
each_object = pytest.mark.parametrize("found", OBJECTS, ids=lambda found: found["id"])


def source(found: dict) -> dict:
    meta = found["attributes"].get("kibanaSavedObjectMeta", {})
    return json.loads(meta.get("searchSourceJSON", "{}"))


def asked(query: str) -> set[str]:
    """Return the fields that a question in KQL names."""
    return set(re.findall(r"([@a-z_][a-z0-9_.]*)\s*(?::|[<>]=?)", query))


def aggregations(found: dict) -> list[dict]:
    return json.loads(found["attributes"].get("visState", "{}")).get("aggs", [])


@each_object
def test_an_object_has_what_kibana_needs_to_show_it(found):
    assert set(found["attributes"]) >= NEEDED[found["type"]]
    assert found["attributes"]["title"]
    for name, value in found["attributes"].items():
        if name.endswith("JSON") or name == "visState":
            json.loads(value)


@each_object
def test_what_an_object_refers_to_is_there_and_was_before_it(found):
    before = {(each["type"], each["id"]) for each in OBJECTS[: OBJECTS.index(found)]}
    for reference in found["references"]:
        assert (reference["type"], reference["id"]) in before
    names = {reference["name"] for reference in found["references"]}
    if wanted := source(found).get("indexRefName"):
        assert wanted in names
    panels = json.loads(found["attributes"].get("panelsJSON", "[]"))
    assert {f"{p['panelIndex']}:{p['panelRefName']}" for p in panels} == names - {wanted}


@each_object
def test_an_object_asks_for_fields_that_our_log_has(found):
    fields = asked(source(found).get("query", {}).get("query", ""))
    fields |= set(found["attributes"].get("columns", []))
    fields |= {name for name, _ in found["attributes"].get("sort", [])}
    fields |= {each["params"]["field"] for each in aggregations(found) if "field" in each["params"]}

    assert fields <= set(FIELDS)


@each_object
def test_what_is_measured_are_numbers_and_what_splits_are_words_or_numbers(found):
    for each in aggregations(found):
        kind = FIELDS.get(each["params"].get("field"))
        if each["type"] in {"sum", "max", "avg", "percentiles"}:
            assert kind == "long"
        if each["type"] == "terms":
            assert kind in {"keyword", "long"}, "no words of a text can be counted"
            assert each["params"]["orderBy"] in {e["id"] for e in aggregations(found)}


def test_panels_do_not_cover_each_other():
    for found in OBJECTS:
        taken = set()
        for panel in json.loads(found["attributes"].get("panelsJSON", "[]")):
            grid = panel["gridData"]
            area = {
                (x, y)
                for x in range(grid["x"], grid["x"] + grid["w"])
                for y in range(grid["y"], grid["y"] + grid["h"])
            }
            assert not taken & area
            assert max(x for x, _ in area) < 48
            taken |= area


def test_the_five_dashboards_are_there():
    titles = {each["attributes"]["title"] for each in OBJECTS if each["type"] == "dashboard"}

    assert titles == {
        f"NexaFi: {each}"
        for each in ("Service overview", "Errors", "Slow requests", "Audit", "Money flow")
    }
    assert OBJECTS[0]["attributes"]["title"] == PATTERN


def test_the_template_has_each_field_and_each_count_of_each_service():
    def flat(properties: dict, before: str = "") -> dict[str, str]:
        found = {}
        for name, about in properties.items():
            if "properties" in about:
                found |= flat(about["properties"], f"{before}{name}.")
            else:
                found[f"{before}{name}"] = about["type"]
        return found

    assert flat(template()["template"]["mappings"]["properties"]) == FIELDS
    counts = {f"nexafi.{count.name}" for service in SERVICES for count in service.counts}
    assert {name for name in FIELDS if name.startswith("nexafi.")} == counts


def test_filebeat_reads_the_same_files_and_writes_to_the_same_stream():
    config = yaml.safe_load((INFRASTRUCTURE / "filebeat" / "filebeat.yml").read_text())
    (source_,) = config["filebeat.inputs"]

    assert [path.rpartition("/")[2] for path in source_["paths"]] == ["nexafi.log", "nexafi.log.2*"]
    assert config["output.elasticsearch"]["index"] == STREAM
    assert config["processors"][0]["fingerprint"]["target_field"] == "@metadata._id"
