"""Fields: all that a line of our log may say, and how Elasticsearch is to keep it.

Names are those of the Elastic Common Schema; what it has no name for begins with
``nexafi.``. A test holds the log to this list and Kibana's objects as well.
"""

from __future__ import annotations

from typing import Any, Final

STREAM: Final = "logs-nexafi-default"
TEMPLATE: Final = "logs-nexafi"
PATTERN: Final = "logs-nexafi-*"
PRIORITY: Final = 200
"""Above the template that Elasticsearch brings for all logs, whose priority is 100."""

KEEP_DAYS: Final = 90

FIELDS: Final = {
    "@timestamp": "date",
    "client.ip": "ip",
    "ecs.version": "keyword",
    "error.message": "match_only_text",
    "error.stack_trace": "wildcard",
    "error.type": "keyword",
    "event.action": "keyword",
    "event.duration": "long",
    "event.outcome": "keyword",
    "http.request.id": "keyword",
    "http.request.method": "keyword",
    "http.response.body.bytes": "long",
    "http.response.status_code": "long",
    "log.level": "keyword",
    "log.logger": "keyword",
    "message": "match_only_text",
    "nexafi.entries_posted": "long",
    "nexafi.logins_failed": "long",
    "nexafi.logins_succeeded": "long",
    "nexafi.organizations_founded": "long",
    "nexafi.statement_lines_imported": "long",
    "nexafi.statements_imported": "long",
    "nexafi.charges_created": "long",
    "nexafi.captures": "long",
    "nexafi.movements": "long",
    "nexafi.refunds": "long",
    "nexafi.operations_held": "long",
    "nexafi.wallet_balances_wrong": "long",
    "nexafi.bank_files": "long",
    "nexafi.bank_answers": "long",
    "nexafi.charges_failed": "long",
    "nexafi.disputes_opened": "long",
    "nexafi.webhooks_received": "long",
    "nexafi.webhooks_delivered": "long",
    "nexafi.settlement_lines_read": "long",
    "nexafi.breaks_opened": "long",
    "organization.id": "keyword",
    "parent.id": "keyword",
    "process.pid": "long",
    "process.thread.name": "keyword",
    "service.name": "keyword",
    "service.target.name": "keyword",
    "span.id": "keyword",
    "trace.id": "keyword",
    "url.path": "wildcard",
    "url.route": "keyword",
    "user.id": "keyword",
}
"""The type of each field."""


def template(keep_days: int = KEEP_DAYS) -> dict[str, Any]:
    """Return the index template: a data stream whose backing indices go after *keep_days*."""
    return {
        "index_patterns": [PATTERN],
        "data_stream": {},
        "priority": PRIORITY,
        "template": {
            "lifecycle": {"data_retention": f"{keep_days}d"},
            "settings": {"index": {"codec": "best_compression", "mapping": {
                "ignore_malformed": True, "total_fields": {"limit": 500}}}},
            "mappings": {
                "dynamic": True,
                "dynamic_templates": [
                    {"texts": {"match_mapping_type": "string",
                               "mapping": {"type": "keyword", "ignore_above": 1024}}},
                ],
                "properties": _nested(FIELDS),
            },
        },
        "_meta": {"description": "The log of NexaFi; written from the code, as ECS names things."},
    }  # fmt: skip


def _nested(fields: dict[str, str]) -> dict[str, Any]:
    """Return dotted names as the objects that a mapping has."""
    properties: dict[str, Any] = {}
    for name, kind in sorted(fields.items()):
        *objects, last = name.split(".")
        here = properties
        for each in objects:
            here = here.setdefault(each, {"properties": {}})["properties"]
        here[last] = {"type": kind, "ignore_above": 1024} if kind == "keyword" else {"type": kind}
    return properties
