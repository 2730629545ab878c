"""Kibana's saved objects, written from a short description of what one wants to see.

    python -m scripts.reference              # writes infrastructure/kibana/nexafi.ndjson, too

They are the kinds that Kibana has imported since its version 7 and still migrates: a data view,
searches, visualizations and dashboards. What they ask for stands in `kernel/watch/fields.py`;
a test holds them to it.
"""

from __future__ import annotations

import json
from typing import Any

VIEW = "nexafi-logs"
PATTERN = "logs-nexafi-*"
SOURCE = "kibanaSavedObjectMeta.searchSourceJSON.index"
VERSIONS = {"index-pattern": "8.0.0", "search": "8.0.0", "visualization": "8.5.0",
            "dashboard": "8.9.0"}  # fmt: skip
WIDTH, HEIGHT = 24, 12
"""Of a panel, in the grid of a dashboard, which is 48 wide."""

COLUMNS = ["service.name", "log.level", "message"]
ERRORS = "log.level: (error or critical)"
REQUESTS = "http.response.status_code: *"
AT_GATEWAY = 'service.name: "nexafi-gateway" and http.response.status_code: *'
DEEDS = "event.action: *"

SEARCHES = {
    "errors": ("Errors", ERRORS, [*COLUMNS, "error.type", "error.message", "http.request.id"]),
    "slow": (
        "Slow requests",
        f"{REQUESTS} and event.duration > 500000000",
        ["service.name", "http.request.method", "url.path", "event.duration", "http.request.id"],
    ),
    "audit": (
        "Who did what",
        DEEDS,
        ["user.id", "organization.id", "event.action", "event.outcome", "url.path", "client.ip"],
    ),
    "refused": (
        "Refused deeds and log-ins",
        'event.outcome: "failure" and http.response.status_code: (401 or 403 or 429)',
        ["user.id", "client.ip", "http.response.status_code", "url.path", "http.request.id"],
    ),
    "postings": (
        "Requests that posted or imported",
        "nexafi.entries_posted > 0 or nexafi.statement_lines_imported > 0",
        ["organization.id", "user.id", "nexafi.entries_posted",
         "nexafi.statement_lines_imported", "url.path"],
    ),
}  # fmt: skip
"""Title, question and columns of each."""

VISUALIZATIONS: dict[str, tuple[str, str, str, list[tuple[str, str]], str | None]] = {
    "requests": ("Requests by service", "histogram", REQUESTS, [("count", "")], "service.name"),
    "statuses": ("Answers by status", "histogram", AT_GATEWAY, [("count", "")],
                 "http.response.status_code"),
    "durations": ("Duration of requests (ns)", "line", AT_GATEWAY,
                  [("percentiles", "event.duration")], None),
    "levels": ("Lines by level", "histogram", "", [("count", "")], "log.level"),
    "errors-by-type": ("Errors by type", "histogram", ERRORS, [("count", "")], "error.type"),
    "errors-by-logger": ("Where errors come from", "table", ERRORS, [("count", "")], "log.logger"),
    "slow-by-route": ("Slowest routes (ns)", "table", "url.route: *",
                      [("max", "event.duration"), ("avg", "event.duration"), ("count", "")],
                      "url.route"),
    "slow-by-organization": ("Time by organization (ns)", "table", "organization.id: *",
                             [("sum", "event.duration"), ("count", "")], "organization.id"),
    "deeds": ("Deeds", "histogram", DEEDS, [("count", "")], "event.action"),
    "deeds-by-user": ("Who does most", "table", DEEDS, [("count", "")], "user.id"),
    "logins": ("Log-ins", "histogram", "nexafi.logins_failed > 0 or nexafi.logins_succeeded > 0",
               [("sum", "nexafi.logins_failed"), ("sum", "nexafi.logins_succeeded")], None),
    "entries": ("Entries posted", "histogram", "nexafi.entries_posted > 0",
                [("sum", "nexafi.entries_posted")], "organization.id"),
    "statement-lines": ("Statement lines imported", "histogram",
                        "nexafi.statement_lines_imported > 0",
                        [("sum", "nexafi.statement_lines_imported"),
                         ("sum", "nexafi.statements_imported")], None),
    "organizations": ("Sign-ups", "histogram", "nexafi.organizations_founded > 0",
                      [("sum", "nexafi.organizations_founded")], None),
}  # fmt: skip
"""Title, kind, question, what is measured, and by which field it is split."""

DASHBOARDS = {
    "overview": ("Service overview", ["requests", "statuses", "durations", "levels"], []),
    "errors": ("Errors", ["errors-by-type", "errors-by-logger"], ["errors"]),
    "slow": ("Slow requests", ["slow-by-route", "slow-by-organization"], ["slow"]),
    "audit": ("Audit", ["deeds", "deeds-by-user", "logins"], ["audit", "refused"]),
    "money": ("Money flow", ["entries", "statement-lines", "organizations"], ["postings"]),
}
"""Title, visualizations and searches of each."""


def objects() -> list[dict[str, Any]]:
    """Return all saved objects, those first to which others refer."""
    return [
        _object("index-pattern", VIEW, {"title": PATTERN, "name": "NexaFi", "timeFieldName":
                "@timestamp", "sourceFilters": "[]", "fieldAttrs": "{}", "fieldFormatMap":
                json.dumps({"event.duration": {"id": "duration", "params": {
                    "inputFormat": "nanoseconds", "outputFormat": "humanizePrecise"}}}),
                "runtimeFieldMap": "{}"}),
        *(_search(name, *each) for name, each in SEARCHES.items()),
        *(_visualization(name, *each) for name, each in VISUALIZATIONS.items()),
        *(_dashboard(name, *each) for name, each in DASHBOARDS.items()),
    ]  # fmt: skip


def ndjson() -> str:
    """Return the file that Kibana imports."""
    return "".join(json.dumps(each, sort_keys=True) + "\n" for each in objects())


def _object(
    kind: str, name: str, attributes: dict[str, Any], references: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    return {
        "type": kind,
        "id": name,
        "attributes": attributes,
        "references": references or [],
        "coreMigrationVersion": "8.8.0",
        "typeMigrationVersion": VERSIONS[kind],
        "managed": False,
    }


def _source(query: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return the question to our data view, and the reference that it is asked by."""
    source = {"query": {"query": query, "language": "kuery"}, "filter": [], "indexRefName": SOURCE}
    refers = [{"name": SOURCE, "type": "index-pattern", "id": VIEW}]
    return {"searchSourceJSON": json.dumps(source)}, refers


def _search(name: str, title: str, query: str, columns: list[str]) -> dict[str, Any]:
    meta, refers = _source(query)
    attributes = {
        "title": f"NexaFi: {title}",
        "description": "",
        "columns": columns,
        "sort": [["@timestamp", "desc"]],
        "grid": {},
        "hideChart": False,
        "kibanaSavedObjectMeta": meta,
    }
    return _object("search", f"nexafi-search-{name}", attributes, refers)


def _visualization(  # noqa: PLR0917 - the columns of the list above
    name: str, title: str, kind: str, query: str, measures: list[tuple[str, str]], split: str | None
) -> dict[str, Any]:
    meta, refers = _source(query)
    state = {
        "title": f"NexaFi: {title}",
        "type": kind,
        "aggs": _aggregations(kind, measures, split),
        "params": _params(kind, measures),
    }
    attributes = {
        "title": f"NexaFi: {title}",
        "description": "",
        "visState": json.dumps(state),
        "uiStateJSON": "{}",
        "version": 1,
        "kibanaSavedObjectMeta": meta,
    }
    return _object("visualization", f"nexafi-visualization-{name}", attributes, refers)


def _aggregations(
    kind: str, measures: list[tuple[str, str]], split: str | None
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for place, (what, of) in enumerate(measures, 1):
        params: dict[str, Any] = {"field": of} if of else {}
        if what == "percentiles":
            params["percents"] = [50, 95, 99]
        found.append({"id": str(place), "enabled": True, "type": what, "schema": "metric",
                      "params": params})  # fmt: skip
    if kind != "table":
        found.append({"id": "10", "enabled": True, "type": "date_histogram", "schema": "segment",
                      "params": {"field": "@timestamp", "interval": "auto", "min_doc_count": 0,
                                 "useNormalizedEsInterval": True}})  # fmt: skip
    if split:
        found.append({"id": "11", "enabled": True, "type": "terms",
                      "schema": "bucket" if kind == "table" else "group",
                      "params": {"field": split, "size": 15, "order": "desc",
                                 "orderBy": "1"}})  # fmt: skip
    return found


def _params(kind: str, measures: list[tuple[str, str]]) -> dict[str, Any]:
    if kind == "table":
        return {"perPage": 15, "showTotal": False, "totalFunc": "sum"}
    series = [
        {"data": {"id": str(place), "label": " ".join(filter(None, each))}, "type": kind,
         "mode": "stacked" if kind == "histogram" else "normal", "show": True,
         "valueAxis": "value", "drawLinesBetweenPoints": True, "showCircles": True}
        for place, each in enumerate(measures, 1)
    ]  # fmt: skip
    axis = {"id": "value", "name": "value", "type": "value", "position": "left", "show": True,
            "style": {}, "scale": {"type": "linear", "mode": "normal"},
            "labels": {"show": True}, "title": {"text": ""}}  # fmt: skip
    time = {"id": "time", "type": "category", "position": "bottom", "show": True, "style": {},
            "scale": {"type": "linear"}, "labels": {"show": True}, "title": {}}  # fmt: skip
    return {"type": kind, "addLegend": True, "addTooltip": True, "legendPosition": "right",
            "seriesParams": series, "valueAxes": [axis], "categoryAxes": [time],
            "grid": {"categoryLines": False}}  # fmt: skip


def _dashboard(
    name: str, title: str, visualizations: list[str], searches: list[str]
) -> dict[str, Any]:
    shown = [("visualization", each) for each in visualizations]
    shown += [("search", each) for each in searches]
    panels, refers, left, top = [], [], 0, 0
    for place, (kind, each) in enumerate(shown):
        is_wide = kind == "search"
        if is_wide and left:
            left, top = 0, top + HEIGHT
        grid = {"x": left, "y": top, "w": 2 * WIDTH if is_wide else WIDTH, "h": HEIGHT,
                "i": str(place)}  # fmt: skip
        panels.append({"type": kind, "panelIndex": str(place), "gridData": grid,
                       "embeddableConfig": {}, "panelRefName": f"panel_{place}"})  # fmt: skip
        refers.append({"name": f"{place}:panel_{place}", "type": kind,
                       "id": f"nexafi-{kind}-{each}"})  # fmt: skip
        left += WIDTH
        if is_wide or left > WIDTH:
            left, top = 0, top + HEIGHT
    source = {"query": {"query": "", "language": "kuery"}, "filter": []}
    attributes = {
        "title": f"NexaFi: {title}",
        "description": "",
        "panelsJSON": json.dumps(panels),
        "optionsJSON": json.dumps({"useMargins": True, "hidePanelTitles": False}),
        "timeRestore": True,
        "timeFrom": "now-24h",
        "timeTo": "now",
        "version": 1,
        "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps(source)},
    }
    return _object("dashboard", f"nexafi-dashboard-{name}", attributes, refers)
