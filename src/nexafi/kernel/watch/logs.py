"""Logs: one JSON object a line, named as the Elastic Common Schema names things.

What a line says beyond its message is given as ``extra={"ecs": {...}}``, with
dotted names. Every line passes `secrecy` last.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from typing_extensions import override

from nexafi.kernel.watch import traces
from nexafi.kernel.watch.logfile import LogFile
from nexafi.kernel.watch.secrecy import clean, clean_text

ECS_VERSION: Final = "9.2.0"
STACK_MAX: Final = 12_000

OURS: Final = frozenset({
    "@timestamp", "log.level", "ecs.version", "service.name", "log.logger", "process.pid",
    "process.thread.name", "trace.id", "span.id", "user.id", "organization.id", "event.duration",
    "http.request.method", "http.response.status_code", "parent.id", "event.action",
    "event.outcome", "url.route",
})  # fmt: skip
"""Fields that hold nothing but what we wrote into them; all others are looked through."""

QUIET: Final = {"alembic": "WARNING", "werkzeug": "WARNING", "_granian": "WARNING"}
"""Those who talk more than they say."""


class AsJson(logging.Formatter):
    """Writes a record as one line of JSON."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    @override
    def format(self, record: logging.LogRecord) -> str:
        line = _fields(record, self._service)
        if record.exc_info and record.exc_info[0]:
            line |= _error(record)
        said = {
            name: value if name in OURS else clean(value, name=name)
            for name, value in line.items()
            if value is not None
        }
        return json.dumps(said, ensure_ascii=False, default=str)


class AsText(logging.Formatter):
    """Writes a record for people who look at a terminal."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    @override
    def format(self, record: logging.LogRecord) -> str:
        line = _fields(record, self._service)
        text = (
            f"{line['@timestamp'][11:23]} {record.levelname:<7} {self._service}: {line['message']}"
        )
        told = {n: v for n, v in getattr(record, "ecs", {}).items() if v is not None}
        if told:
            text += "  " + " ".join(f"{n}={clean(v, name=n)}" for n, v in told.items())
        if record.exc_info and record.exc_info[0]:
            text += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
        return clean_text(text)


def set_up(
    service: str, *, level: str, form: str, sql: bool, to: TextIO | LogFile | None = None
) -> None:
    """Write the log of this process to *to* (standard error) in the given form from now on."""
    handler = logging.StreamHandler(to or sys.stderr)
    handler.setFormatter(AsJson(service) if form == "json" else AsText(service))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(max(logging.getLevelName(least), root.level))
    logging.getLogger("sqlalchemy.engine").setLevel("INFO" if sql else "WARNING")
    logging.captureWarnings(capture=True)


def _fields(record: logging.LogRecord, service: str) -> dict[str, Any]:
    """Return what every line says."""
    try:
        message = record.getMessage()
    except (TypeError, ValueError):
        message = str(record.msg)  # a line that was called wrongly is better than none
    moment = datetime.fromtimestamp(record.created, UTC)
    fields: dict[str, Any] = {
        "@timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "log.level": record.levelname.lower(),
        "message": message,
        "ecs.version": ECS_VERSION,
        "service.name": f"nexafi-{service}",
        "log.logger": record.name,
        "process.pid": record.process,
        "process.thread.name": record.threadName,
    }
    if trace := traces.current():
        fields |= {"trace.id": trace.trace_id, "span.id": trace.span_id, **trace.said}
        if trace.parent_id:
            fields["parent.id"] = trace.parent_id
    return fields | getattr(record, "ecs", {})


def _error(record: logging.LogRecord) -> dict[str, str]:
    """Return what is said of an exception; its own text may hold what must not be written."""
    kind, error, _ = record.exc_info or (None, None, None)
    stack = "".join(traceback.format_exception(error)) if error else ""
    return {
        "error.type": f"{kind.__module__}.{kind.__qualname__}" if kind else "",
        "error.message": str(error),
        "error.stack_trace": stack[-STACK_MAX:],
    }
