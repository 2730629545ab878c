"""The edge: what is done for every request, once, around the function that answers it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cache, partial

from flask import Flask, Request, Response
from flask import request as current
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import NotAcceptable, UnsupportedMediaType

from nexafi.kernel.data.connections import is_clash
from nexafi.kernel.data.context import Context
from nexafi.kernel.data.database import Database
from nexafi.kernel.data.work import Begin
from nexafi.kernel.equipment import Equipment
from nexafi.kernel.errors import Malformed, NotFound
from nexafi.kernel.trust import permissions
from nexafi.kernel.trust.permissions import Anyone
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.watch import traces
from nexafi.kernel.web import idempotency, reading
from nexafi.kernel.web.endpoints import (
    BODY_BYTES_MAX,
    JSON,
    READS,
    Endpoint,
    Identify,
    Message,
    location,
)
from nexafi.kernel.web.frame import REQUEST_ID
from nexafi.kernel.web.idempotency import HEADER, REPLAYED, Answer, Claim
from nexafi.kernel.web.uploads import Upload

log = logging.getLogger(__name__)

ACCEPT, KEY = "HTTP_ACCEPT", "HTTP_IDEMPOTENCY_KEY"


_body_of, _query_of = cache(reading.Body), cache(reading.Query)
"""What reads a model is the same in every application: made once in a process."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where endpoints are mounted: what is the same for all of them."""

    database: Database
    equipment: Equipment
    identify: Identify
    secret: Secret
    endpoints: Collection[Endpoint]


def mount(app: Flask, endpoint: Endpoint, site: Site) -> None:
    """Let *app* answer the requests that *endpoint* describes."""
    app.add_url_rule(
        endpoint.path,
        endpoint=endpoint.name,
        view_func=_view(endpoint, site),
        methods=[endpoint.method],
    )


def _view(endpoint: Endpoint, site: Site) -> Callable[..., Response]:
    """Return what Flask calls; all that can be known before the first request is found here."""
    tools = site.equipment.fit(endpoint.handler, endpoint.given())
    read = _reader(endpoint)
    run = _run_begin if "begin" in endpoint.hints else _run_work
    writes = endpoint.method not in READS
    prefix = location(endpoint, site.endpoints)

    def view(**path_values: object) -> Response:
        request: Request = current._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
        caller = _caller(endpoint, site, request)
        if ACCEPT in request.environ:
            _check_accept(endpoint, request)
        values = read(request, path_values)
        claim = _claim(endpoint, site, caller, request) if KEY in request.environ else None
        begin = site.database.begin_as(caller, writes=writes, report=endpoint.report)
        call = partial(endpoint.handler, **path_values, **tools, **values)
        return _response(run(endpoint, begin, call, claim), prefix)

    return view


def _run_work(
    endpoint: Endpoint, begin: Begin, call: Callable[..., object], claim: Claim | None
) -> Answer:
    """Do it in one Work, and once more if it failed only because others were there too.

    A read is also done again when its connection was lost. What was uploaded can
    be read once, so that is left to the caller.
    """
    try:
        return _run_once(endpoint, begin, call, claim)
    except DBAPIError as error:
        reads = endpoint.method in READS
        if "file" in endpoint.hints or not (
            is_clash(error) or (reads and error.connection_invalidated)
        ):
            raise
        log.warning("%s is done again", endpoint.name, exc_info=error)
    return _run_once(endpoint, begin, call, claim)


def _run_once(
    endpoint: Endpoint, begin: Begin, call: Callable[..., object], claim: Claim | None
) -> Answer:
    """Do it all in one Work: the key, the deed and the answer are kept together or not at all."""
    with begin() as work:
        if claim is not None and (before := claim.start(work)):
            return before
        answer = endpoint.write(call(work=work))
        if claim is not None:
            claim.finish(work, answer)
    return answer


def _run_begin(
    endpoint: Endpoint, begin: Begin, call: Callable[..., object], claim: Claim | None
) -> Answer:
    """Let the endpoint open its Works itself; note before that it runs, and after how it ended."""
    if claim is None:
        return endpoint.write(call(begin=begin))
    with begin() as work:
        if before := claim.start(work):
            return before
    try:
        answer = endpoint.write(call(begin=begin))
    except Exception:
        with begin() as work:
            claim.forget(work)
        raise
    with begin() as work:
        claim.finish(work, answer)
    return answer


def _caller(endpoint: Endpoint, site: Site, request: Request) -> Context:
    request_id = request.environ.get(REQUEST_ID, "")
    if endpoint.needs is Anyone.PUBLIC:
        return Context("public", site.database.clock(), request_id=request_id)
    context = site.identify()
    if trace := traces.current():
        trace.said |= {"user.id": context.actor, "organization.id": context.organization_id}
    permissions.check(context, endpoint.needs)
    return context if context.request_id else replace(context, request_id=request_id)


def _claim(endpoint: Endpoint, site: Site, caller: Context, request: Request) -> Claim | None:
    if endpoint.method != "POST":
        return None
    return idempotency.claim(
        request, endpoint.name, caller, site.secret, is_sealed=endpoint.secret_answer
    )


def _check_accept(endpoint: Endpoint, request: Request) -> None:
    """Raise if the caller takes no JSON; who may be given a file is asked nothing."""
    wanted = request.environ[ACCEPT]
    if not wanted or wanted in {"*/*", JSON} or endpoint.gives_files:
        return
    if not request.accept_mimetypes.best_match([JSON]) and endpoint.gives is not None:
        raise NotAcceptable("The answer can only be application/json.")


def _reader(endpoint: Endpoint) -> Callable[[Request, dict[str, object]], dict[str, object]]:
    """Return what reads the parts of a request that *endpoint* asks for."""
    hints = endpoint.hints
    body = _body_of(hints["body"]) if "body" in hints else None
    query = _query_of(hints["query"]) if "query" in hints else None
    texts = [name for name, kind in endpoint.in_path.items() if kind in {"string", "path"}]

    def read(request: Request, path_values: dict[str, object]) -> dict[str, object]:
        found: dict[str, object] = {}
        if endpoint.bytes_max != BODY_BYTES_MAX:
            request.max_content_length = endpoint.bytes_max
        if any("\0" in str(path_values[name]) for name in texts):
            raise NotFound("No name has NUL in it.")
        if query is not None:
            found["query"] = query.read(request)
        elif request.query_string:
            reading.refuse_query(request)
        if body is not None:
            found["body"] = body.read(request)
        if "file" in hints:
            found["file"] = _file(request)
        if "message" in hints:
            headers = {name.lower(): value for name, value in request.headers.items()}
            found["message"] = Message(request.get_data(), headers)
        if "key" in hints:
            found["key"] = request.headers.get(HEADER)
        return found

    return read


def _file(request: Request) -> Upload:
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType("The file must come as multipart/form-data.")
    files = request.files.getlist("file")
    if len(files) != 1 or len(request.files) != 1 or request.form:
        raise Malformed("The request must have one part, a file that is called file.")
    return Upload(files[0])


def _response(answer: Answer, prefix: str) -> Response:
    headers = []
    if answer.media_type:
        headers.append(("Content-Type", answer.media_type))
    if answer.disposition:
        headers.append(("Content-Disposition", answer.disposition))
    if prefix and answer.made:
        headers.append(("Location", prefix + answer.made))
    if answer.is_replay:
        headers.append((REPLAYED, "true"))
    response = Response(answer.body, answer.status, headers)
    if not answer.media_type:
        del response.headers["Content-Type"]
    return response
