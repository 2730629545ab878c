"""A platform, as commands speak to it: a running one over HTTP, or the data folder itself.

Both answer the same API; a command does not see which it has. On a data folder
the applications run in this process, and whoever may read the folder acts as the
operator: with every right, in one organization, and noted as such.
"""

from __future__ import annotations

import getpass
import http.client
import json
import ssl
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlencode, urlsplit

from nexafi.cli import signed_in
from nexafi.cli.failures import CommandFailed
from nexafi.cli.signed_in import SignedIn

if TYPE_CHECKING:
    from nexafi.cli.platform import Platform
    from nexafi.kernel.data.context import Context, Home

TIMEOUT_S: Final = 120.0
JSON: Final = "application/json"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - any JSON value
        """Return the body, read."""
        return json.loads(self.body) if self.body else None


class Refused(CommandFailed):
    """The platform answered with a problem (RFC 9457); the message says it in the user's words."""

    def __init__(self, answer: Answer) -> None:
        try:
            problem = answer.json or {}
        except ValueError:
            problem = {}
        title = str(problem.get("title") or f"It answered {answer.status}").rstrip(".")
        details = [str(problem["detail"])] if problem.get("detail") else []
        faults = [
            f"{each.get('pointer') or each.get('parameter') or ''} {each.get('detail', '')}".strip()
            for each in problem.get("errors", [])
            if isinstance(each, dict)
        ]
        self.reason = " ".join([*details, *(f"[{fault}]" for fault in faults)]) or f"{title}."
        """What is wrong, without the title that a detail may lean on."""
        super().__init__(f"{title}. {self.reason}" if details else self.reason)
        self.problem: dict[str, Any] = problem
        self.status = answer.status


class Line(Protocol):
    """A way to ask: sends a request, returns whatever answer comes."""

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Send one request."""
        ...

    def close(self) -> None:
        """Let go of the line."""
        ...


class Api:
    """The API of one platform, for one caller."""

    def __init__(self, line: Line, *, where: str) -> None:
        self._line = line
        self.where = where
        """What the platform is called when one speaks of it: its URL or its folder."""

    def get(self, path: str, **query: object) -> Any:  # noqa: ANN401 - any JSON value
        """Return what a GET answers; None in the query is left out."""
        return self.ask("GET", path + _query(query)).json

    def download(self, path: str, **query: object) -> Answer:
        """Return the whole answer of a GET: a file, with its name and type."""
        return self.ask("GET", path + _query(query), accept="*/*")

    def post(self, path: str, body: object = None, **query: object) -> Any:  # noqa: ANN401
        """Return what a POST answers; it is done once, however often it is sent."""
        sent = json.dumps(body).encode() if body is not None else None
        return self.ask("POST", path + _query(query), sent, kind=JSON).json

    def patch(self, path: str, body: object) -> Any:  # noqa: ANN401
        """Return what a PATCH answers."""
        return self.ask("PATCH", path, json.dumps(body).encode(), kind=JSON).json

    def upload(self, path: str, file: Path, **query: object) -> Any:  # noqa: ANN401
        """Return what is answered to *file*, handed in as the part ``file``."""
        mark = uuid.uuid4().hex
        name = file.name.replace("\\", "\\\\").replace('"', "%22").replace("\n", " ")
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        head += "Content-Type: application/octet-stream\r\n\r\n"
        body = head.encode() + file.read_bytes() + f"\r\n--{mark}--\r\n".encode()
        kind = f"multipart/form-data; boundary={mark}"
        return self.ask("POST", path + _query(query), body, kind=kind).json

    def each(self, path: str, **query: object) -> Iterator[Any]:
        """Yield every item of a list, page after page."""
        cursor = None
        while True:
            page = self.get(path, cursor=cursor, **query)
            yield from page["items"]
            cursor = page.get("next")
            if not cursor:
                return

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        kind: str | None = None,
        accept: str = JSON,
    ) -> Answer:
        """Return the answer to one request; raise Refused if it is a problem."""
        headers = {"Accept": accept}
        if kind and body is not None:
            headers["Content-Type"] = kind
        if method == "POST":
            headers["Idempotency-Key"] = uuid.uuid4().hex
        answer = self._line.ask(method, path, headers, body)
        if answer.status >= 400:
            raise Refused(answer)
        return answer

    def close(self) -> None:
        """Let go of the platform."""
        self._line.close()


@dataclass
class Http:
    """The line to a running platform; signs in anew with the refresh token when that is due."""

    url: str
    token: str | None = None
    kept: SignedIn | None = None
    _connection: http.client.HTTPConnection | None = field(default=None, init=False)

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Send one request."""
        answer = self._send(method, path, headers, body)
        if answer.status == 401 and self.kept is not None and self._refresh():
            answer = self._send(method, path, headers, body)
        return answer

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()

    def _refresh(self) -> bool:
        assert self.kept is not None, "asked for only where there is a sign-in"
        sent = json.dumps({"refresh_token": self.kept.refresh_token}).encode()
        self.token = None
        answer = self._send("POST", "/api/v1/users/refresh", {"Content-Type": JSON}, sent)
        if answer.status >= 400:
            return False
        self.kept = self.kept.renewed(answer.json)
        signed_in.keep(self.kept)
        self.token = self.kept.access_token
        return True

    def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        sent = dict(headers)
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        base = urlsplit(self.url).path.rstrip("/")
        try:
            connection = self._open()
            connection.request(method, base + path, body=body, headers=sent)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            self._connection = None
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise CommandFailed(
                f"{self.url} cannot be reached ({why}). Is it running? Try: nexafi serve --status"
            ) from error

    def _open(self) -> http.client.HTTPConnection:
        if self._connection is None:
            where = urlsplit(self.url)
            if where.scheme not in {"http", "https"} or not where.hostname:
                raise CommandFailed(f"{self.url} is no address such as http://127.0.0.1:5000")
            if where.scheme == "https":
                self._connection = http.client.HTTPSConnection(
                    where.hostname,
                    where.port,
                    timeout=TIMEOUT_S,
                    context=ssl.create_default_context(),
                )
            else:
                self._connection = http.client.HTTPConnection(
                    where.hostname, where.port, timeout=TIMEOUT_S
                )
        return self._connection


class Embedded:
    """The line to a data folder: the applications of its services, in this process."""

    def __init__(
        self, platform: Platform, organization: str | None, first: Home | None = None
    ) -> None:
        self._platform = platform
        self._organization = organization
        self._first = first
        self._home: Home | None = None
        self._clients: dict[str, Any] = {}
        self._unclear: CommandFailed | None = None
        """Why it is not clear for which organization the operator acts; an application would
        take it for a defect."""

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Send one request to the application that it is for."""
        name = path.removeprefix("/api/v1/").partition("/")[0]
        if name not in self._clients:
            self._clients[name] = self._client(name)
        self._unclear = None
        answer = self._clients[name].open(path, method=method, headers=dict(headers), data=body)
        if self._unclear is not None:
            raise self._unclear
        return Answer(answer.status_code, dict(answer.headers), answer.data)

    def close(self) -> None:
        """Carry the news that came of it, then let go of the databases."""
        for name in self._clients:
            while self._platform.do_round(name):
                pass
        self._platform.close()

    def _client(self, name: str) -> Any:  # noqa: ANN401 - Flask's
        from nexafi.cli.migrate import bring_up_to_date
        from nexafi.cli.platform import existing

        if name not in existing():
            raise CommandFailed(f"There is no service {name}.")
        for _line in bring_up_to_date(self._platform, existing()):
            pass
        database = self._platform.database(name)
        app = self._platform.service(name).app(database, lambda: self._operator(name))
        return app.test_client()

    def _operator(self, name: str) -> Context:
        """Return the context in which the operator acts; make the organization known to *name*."""
        from nexafi.kernel.data import organizations
        from nexafi.kernel.data.context import Context, utc_now
        from nexafi.kernel.errors import NotSignedIn

        if self._home is None:
            users = self._platform.database("users")
            known = organizations.known(users)
            if self._first is not None and not known and self._organization is None:
                begun = Context("operator", utc_now(), self._first.id, self._first)
                organizations.make_known(users, begun)
                known = [self._first]
            try:
                self._home = choose(known, self._organization)
            except CommandFailed as error:
                self._unclear = error
                raise NotSignedIn("No organization was chosen.") from error
        context = Context(
            actor=f"operator:{getpass.getuser()}",
            now=utc_now(),
            organization_id=self._home.id,
            home=self._home,
            permissions=_all_permissions(),
        )
        organizations.make_known(self._platform.database(name), context)
        return context


def choose(known: list[Home], wanted: str | None) -> Home:
    """Return the organization that *wanted* names, by name or id; the only one if it is None."""
    if not known:
        raise CommandFailed("There is no organization yet. Try: nexafi user register, or a demo.")
    found = [home for home in known if wanted is None or wanted in {home.name, str(home.id)}]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{home.name} ({home.id})" for home in known[:10])
    raise CommandFailed(f"Say which organization with --organization. There are: {names}.")


def connect(
    url: str | None,
    token: str | None,
    data: Path | None = None,
    organization: str | None = None,
    *,
    first: Home | None = None,
) -> Api:
    """Return the platform that is meant.

    That of *url*; else the data folder, if one is named; else the one signed in
    to (`nexafi login`); else the data folder that is set, so that a newcomer
    needs no server at all. There *first* is made the organization, where none is yet.
    """
    kept = signed_in.found()
    if url or (kept and data is None):
        fits = kept if kept and (not url or kept.url == url.rstrip("/")) else None
        address = (url or (kept.url if kept else "")).rstrip("/")
        own = token or (fits.access_token if fits else None)
        return Api(Http(address, own, None if token else fits), where=address)
    from nexafi.cli.platform import Platform, existing
    from nexafi.kernel.settings import Settings

    settings = Settings(data=data) if data else Settings()
    settings.folder.mkdir(parents=True, exist_ok=True)
    platform = Platform(settings, near=existing())
    return Api(Embedded(platform, organization, first), where=str(settings.folder))


def _query(query: Mapping[str, object]) -> str:
    given = {name: each for name, each in query.items() if each is not None}
    said = {n: str(v).lower() if isinstance(v, bool) else v for n, v in given.items()}
    return f"?{urlencode(said, doseq=True)}" if said else ""


def _all_permissions() -> frozenset[str]:
    """Return every permission of every service."""
    from nexafi.cli.platform import existing

    found: set[str] = set()
    for name in existing():
        if find_spec(f"nexafi.contracts.{name}.permissions") is None:
            continue
        for kind in vars(import_module(f"nexafi.contracts.{name}.permissions")).values():
            if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum:
                found.update(kind)
    return frozenset(found)
