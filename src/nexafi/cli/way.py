"""The way of one request through the platform, put together from what it left behind. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from nexafi.kernel.data.footprints import Deed, Told

Line = Mapping[str, Any]


@dataclass
class Step:
    """Something that happened, and what it led to."""

    at: datetime
    service: str
    what: str
    kind: str
    """``request``, ``line``, ``deed``, ``event`` or ``handled``."""
    ms: float | None = None
    is_ill: bool = False
    said: dict[str, Any] = field(default_factory=dict)
    span_id: str = ""
    parent_id: str = ""
    steps: list[Step] = field(default_factory=list)

    def all(self) -> Iterator[Step]:
        """Return this and all below."""
        yield self
        for step in self.steps:
            yield from step.all()

    def as_json(self) -> dict[str, Any]:
        """Return it as it is told to machines."""
        return {
            "at": self.at.isoformat(),
            "service": self.service,
            "kind": self.kind,
            "what": self.what,
            "ms": self.ms,
            "is_ill": self.is_ill,
            **self.said,
            "steps": [step.as_json() for step in self.steps],
        }


@dataclass(frozen=True)
class Traces:
    """What each service's database has of the request, by its name."""

    deeds: Mapping[str, Sequence[Deed]]
    told: Mapping[str, Sequence[Told]]
    heard: Mapping[str, Mapping[UUID, datetime]]


def follow(lines: Sequence[Line], traces: Traces) -> list[Step]:
    """Return the steps at the top, each with all that it led to, in the order of time."""
    requests = [step for line in lines if (step := _request(line)) is not None]
    by_span = {step.span_id: step for step in requests if step.span_id}
    top: list[Step] = []
    for step in requests:
        _under(by_span.get(step.parent_id), step, top)
    for line in lines:
        if _request(line) is None:
            _under(by_span.get(str(line.get("span.id"))), _other(line), top)
    events = [_event(service, it, traces) for service, own in traces.told.items() for it in own]
    for step in events:
        _under(by_span.get(step.parent_id) or _of(step.service, step.at, requests), step, top)
    handled = [each for step in events for each in step.steps]
    for service, deeds in traces.deeds.items():
        for deed in deeds:
            step = _deed(service, deed)
            _under(_of(service, step.at, [*requests, *handled]), step, top)
    for step in top:
        _sort(step)
    return sorted(top, key=lambda step: step.at)


def _under(place: Step | None, step: Step, top: list[Step]) -> None:
    (place.steps if place is not None and place is not step else top).append(step)


def _of(service: str, at: datetime, places: Sequence[Step]) -> Step | None:
    """Return where a service was at work at that moment: the last that had begun by then."""
    own = [step for step in places if step.service == service]
    begun = [step for step in own if step.at <= at + timedelta(milliseconds=5)]
    return max(begun or own, key=lambda step: step.at, default=None)


def _sort(step: Step) -> None:
    step.steps.sort(key=lambda each: each.at)
    for each in step.steps:
        _sort(each)


def _request(line: Line) -> Step | None:
    """Return the request that a line speaks of, from its begin; None if it is another line."""
    if "http.response.status_code" not in line or "event.duration" not in line:
        return None
    ms = line["event.duration"] / 1e6
    status = line["http.response.status_code"]
    path = line.get("url.route") or line.get("url.path") or ""
    return Step(
        at=_moment(line) - timedelta(milliseconds=ms),
        service=_service(line),
        what=f"{line.get('http.request.method', '')} {path} {status}",
        kind="request",
        ms=round(ms, 1),
        is_ill=status >= 500,
        said=_some(line, "user.id", "organization.id", "client.ip", "trace.id"),
        span_id=str(line.get("span.id", "")),
        parent_id=str(line.get("parent.id", "")),
    )


def _other(line: Line) -> Step:
    level = str(line.get("log.level", ""))
    return Step(
        at=_moment(line),
        service=_service(line),
        what=f"{level}: {line.get('message', '')}",
        kind="line",
        is_ill=level in {"error", "critical"},
        said=_some(line, "error.type", "error.message"),
    )


def _event(service: str, event: Told, traces: Traces) -> Step:
    """Return an event, and below it who has handled it."""
    fate, ms = "waits", None
    if event.parked_at:
        fate = f"given up after {event.tries} tries: {event.reason}"
    elif event.sent_at:
        fate, ms = "carried", round((event.sent_at - event.at).total_seconds() * 1e3, 1)
    elif event.reason:
        fate = f"waits after {event.tries} tries: {event.reason}"
    return Step(
        at=event.at,
        service=service,
        what=f"told {event.name}, {fate}",
        kind="event",
        ms=ms,
        is_ill=event.parked_at is not None,
        said={"event_id": str(event.id)},
        parent_id=event.span_id,
        steps=[
            _handled(listener, event, when[event.id])
            for listener, when in traces.heard.items()
            if event.id in when
        ],
    )


def _handled(listener: str, event: Told, at: datetime) -> Step:
    ms = round((at - event.at).total_seconds() * 1e3, 1)
    return Step(at, listener, f"handled {event.name}", "handled", ms)


def _deed(service: str, deed: Deed) -> Step:
    return Step(deed.at, service, f"did {deed.deed}", "deed",
                said={"target": deed.target, "actor": deed.actor})  # fmt: skip


def _moment(line: Line) -> datetime:
    return datetime.fromisoformat(str(line["@timestamp"]))


def _service(line: Line) -> str:
    return str(line.get("service.name", "")).removeprefix("nexafi-")


def _some(line: Line, *names: str) -> dict[str, Any]:
    return {name: line[name] for name in names if name in line}
