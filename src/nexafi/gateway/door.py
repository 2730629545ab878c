"""What comes to the door: each request read once, refused or made fit to be passed on.

granian (hyper) refuses by itself what it cannot frame: two different lengths, folded headers, a
space before a colon, an unknown transfer coding. What it lets through although two programs might
read it differently is refused here, and so is whatever only the platform may say.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final, Protocol
from urllib.parse import quote

from nexafi.gateway import errors
from nexafi.gateway.tracing import Trace

Fields = list[tuple[str, str]]


class Headers(Protocol):
    """The headers of a request as granian gives them: lower-case names, in their order."""

    def items(self) -> Fields:
        """Return all of them, those that occur twice as well, but none that is not ASCII."""
        ...

    def keys(self) -> list[str]:
        """Return each name once, of those that are not ASCII too."""
        ...


class Scope(Protocol):
    """What RSGI says of a request; the path comes with its percent-encoding undone."""

    proto: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str
    authority: str | None

    @property
    def headers(self) -> Headers:
        """Return the headers."""
        ...


class Kind(Enum):
    """What becomes of a header."""

    PASSED = auto()
    DROPPED = auto()
    HOST = auto()
    LENGTH = auto()
    CODING = auto()
    CONNECTION = auto()
    UPGRADE = auto()
    AUTHORIZATION = auto()
    FORWARDED_FOR = auto()
    REQUEST_ID = auto()
    TRACEPARENT = auto()
    TRACESTATE = auto()
    EXPECT = auto()


NAMED: Final = {
    "host": Kind.HOST,
    "content-length": Kind.LENGTH,
    "transfer-encoding": Kind.CODING,
    "connection": Kind.CONNECTION,
    "upgrade": Kind.UPGRADE,
    "authorization": Kind.AUTHORIZATION,
    "x-forwarded-for": Kind.FORWARDED_FOR,
    "x-request-id": Kind.REQUEST_ID,
    "traceparent": Kind.TRACEPARENT,
    "tracestate": Kind.TRACESTATE,
    # hop by hop (RFC 9110, section 7.6.1) and settled between us and the client
    "expect": Kind.EXPECT,
    "keep-alive": Kind.DROPPED,
    "proxy-authenticate": Kind.DROPPED,
    "proxy-authorization": Kind.DROPPED,
    "proxy-connection": Kind.DROPPED,
    "te": Kind.DROPPED,
    "trailer": Kind.DROPPED,
    # what only a proxy in front of a service may say
    "forwarded": Kind.DROPPED,
    "x-client-ip": Kind.DROPPED,
    "x-cluster-client-ip": Kind.DROPPED,
    "x-http-method": Kind.DROPPED,
    "x-http-method-override": Kind.DROPPED,
    "x-method-override": Kind.DROPPED,
    "x-original-url": Kind.DROPPED,
    "x-real-ip": Kind.DROPPED,
    "x-rewrite-url": Kind.DROPPED,
}
OURS: Final = re.compile(
    r"x-(forwarded|user|organization|org|tenant|actor|role|permission|session|auth|nexafi|internal)"
    r"s?($|-)"
)
"""Names of headers by which a platform tells its services who calls; nobody else may use them."""

HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._~-]+)(:[0-9]{1,5})?", re.ASCII | re.IGNORECASE)
PLAIN: Final = re.compile(r"[A-Za-z0-9/_.~:@-]+", re.ASCII)
NOT_NORMAL: Final = re.compile(r"//|/\.{1,2}(?:[/;]|$)|[\x00-\x1f\x7f\\\ufffd]")
QUERY_REFUSED: Final = re.compile(r"[^\x21-\x7e]")
SAFE_IN_PATH: Final = "/:@!$&'()*+,;=~"
REFUSED_METHODS: Final = frozenset({"CONNECT", "TRACE", "TRACK"})
METHOD: Final = re.compile(r"[A-Z]{1,20}", re.ASCII)
NAMES_MAX: Final = 2_000

_kinds: dict[str, Kind] = dict(NAMED)
"""The kinds of names that have been met; forgotten, but for the known ones, when there are many."""


def kind(name: str) -> Kind:
    """Return what becomes of the header *name*, in lower case."""
    found = _kinds.get(name)
    if found is None:
        # A WSGI service cannot tell Content_Length from Content-Length.
        refused = "_" in name or OURS.match(name)
        found = Kind.DROPPED if refused else Kind.PASSED
        if len(_kinds) >= NAMES_MAX:
            _kinds.clear()
            _kinds.update(NAMED)
        _kinds[name] = found
    return found


class Request:
    """One request, read: what the service will see of it, and what we must know ourselves."""

    __slots__ = (
        "address",
        "client",
        "coded",
        "expects",
        "fields",
        "host",
        "length",
        "method",
        "path",
        "scheme",
        "target",
        "token",
        "trace",
    )

    def __init__(self, scope: Scope) -> None:
        self.method = scope.method
        self.scheme = scope.scheme
        self.path = scope.path
        self.target = ""
        self.fields: Fields = []
        self.host: str | None = None
        self.client = scope.client
        self.address = scope.client.rpartition(":")[0].strip("[]")
        self.token: str | None = None
        self.length: int | None = None
        self.coded = False
        self.expects = False
        self.trace = Trace()

    @property
    def has_body(self) -> bool:
        """Return whether a body follows, be it an empty one."""
        return self.coded or bool(self.length)


class _Reading:
    """What is found in the headers on the way through them."""

    __slots__ = ("authorizations", "codings", "forwarded", "hosts", "named", "state", "upgrades")

    def __init__(self) -> None:
        self.hosts: list[str] = []
        self.codings: list[str] = []
        self.named: set[str] = set()
        self.forwarded: list[str] = []
        self.authorizations = 0
        self.upgrades = False
        self.state: str | None = None


class Door:
    """Where requests are read and, if need be, refused.

    Args:
        proxies: addresses and networks whose word on where a request came from is believed.
        headers_max: bytes that names and values of the headers may have together.
        url_max: bytes that path and query may have together.

    """

    def __init__(self, proxies: frozenset[str], headers_max: int, url_max: int) -> None:
        self._proxies = [ip_network(each) for each in proxies]
        self._headers_max = headers_max
        self._url_max = url_max

    def read(self, request: Request, scope: Scope) -> None:
        """Fill *request* from *scope*, or raise the problem for which it is refused."""
        found = _Reading()
        items = scope.headers.items()
        size = _read_headers(request, items, found)
        if lost := set(scope.headers.keys()) - {name for name, _ in items}:
            raise errors.BrokenRequest(f"Not in ASCII: the header {min(lost)}.")
        if size > self._headers_max:
            raise errors.HeadersTooLarge(f"All together have {self._headers_max} bytes at most.")
        if not METHOD.fullmatch(request.method) or request.method in REFUSED_METHODS:
            raise errors.MethodRefused("This method is not spoken here.")
        request.host = _host(scope, found.hosts)
        if found.forwarded and self._is_proxy(request.address):
            request.address = self._origin(request.address, found.forwarded)
        if found.codings and found.codings != ["chunked"]:
            raise errors.BrokenRequest("The only transfer coding is chunked, given once.")
        if found.authorizations > 1:
            raise errors.BrokenRequest("A request has one Authorization header at most.")
        if found.upgrades:
            raise errors.NoWebSockets("Ask again without Upgrade.")
        if found.named:
            if "authorization" in found.named:
                raise errors.BrokenRequest("Authorization is for the service, not for one hop.")
            request.fields = [field for field in request.fields if field[0] not in found.named]
        request.trace.state = found.state if request.trace.is_given else None
        request.coded = bool(found.codings)
        request.target = target(scope.path, scope.query_string, self._url_max)

    def _origin(self, peer: str, forwarded: list[str]) -> str:
        """Return the last address that a proxy we believe has seen, and that is none of them."""
        for part in reversed(",".join(forwarded).split(",")):
            try:
                address = str(ip_address(part.strip()))
            except ValueError:
                break
            if not self._is_proxy(address):
                return address
        return peer

    def _is_proxy(self, address: str) -> bool:
        found = ip_address(address)
        return any(found in network for network in self._proxies)


def _read_headers(request: Request, items: Fields, found: _Reading) -> int:
    """Go through the headers once and return how many bytes they have."""
    size = 0
    passed = request.fields
    for field in items:
        name, value = field
        size += len(name) + len(value)
        what = _kinds.get(name) or kind(name)
        if what is Kind.PASSED:
            passed.append(field)
        elif what is Kind.AUTHORIZATION:
            found.authorizations += 1
            scheme, _, token = value.partition(" ")
            request.token = token.strip() if scheme.lower() == "bearer" else None
            passed.append(field)
        elif what is Kind.HOST:
            found.hosts.append(value)
        elif what is Kind.LENGTH:
            request.length = _length(value)
        elif what is not Kind.DROPPED:
            _read_other(request, what, value, found)
    return size


def _read_other(request: Request, what: Kind, value: str, found: _Reading) -> None:
    """Note one of the headers that come less often."""
    if what is Kind.CODING:
        found.codings.append(value.strip().lower())
    elif what is Kind.CONNECTION:
        names = {name.strip().lower() for name in value.split(",")}
        found.upgrades = found.upgrades or "upgrade" in names
        found.named |= names - {"close", "keep-alive", "upgrade", ""}
    elif what is Kind.FORWARDED_FOR:
        found.forwarded.append(value)
    elif what is Kind.REQUEST_ID:
        request.trace.name(value)
    elif what is Kind.TRACEPARENT:
        request.trace.follow(value)
    elif what is Kind.EXPECT:
        request.expects = True
    elif what is Kind.TRACESTATE:
        found.state = value if found.state is None else f"{found.state},{value}"


def _length(value: str) -> int:
    if not (value.isascii() and value.isdigit()) or len(value) > 18:
        raise errors.BrokenRequest("The Content-Length is not a number.")
    return int(value)


def _host(scope: Scope, hosts: list[str]) -> str:
    """Return the one Host (RFC 9112, section 3.2), or raise."""
    if len(hosts) != 1:
        raise errors.BrokenRequest("A request has exactly one Host header.")
    host = hosts[0]
    if len(host) > 260 or not HOST.fullmatch(host):
        raise errors.BrokenRequest("The Host header names no host.")
    if scope.authority is not None and scope.authority.lower() != host.lower():
        raise errors.BrokenRequest("The request line asks for another host than the Host header.")
    return host


def target(path: str, query: str, url_max: int) -> str:
    """Return path and query in the one form in which the service sees them, or raise.

    The path comes decoded, so an encoded slash is a slash from here on, for us and for the
    service alike; whatever could still be read in two ways is refused.
    """
    if not path.startswith("/") or NOT_NORMAL.search(path):
        raise errors.PathRefused("No empty segments, dot segments, backslashes or controls.")
    whole = path if PLAIN.fullmatch(path) else quote(path, safe=SAFE_IN_PATH)
    if query:
        if QUERY_REFUSED.search(query):
            raise errors.PathRefused("The query has characters that must be percent-encoded.")
        whole = f"{whole}?{query}"
    if len(whole) > url_max:
        raise errors.PathTooLong(f"Path and query together have {url_max} bytes at most.")
    return whole


def neighbourhood(address: str) -> str:
    """Return who shares a bucket with *address*: itself, or its /64 in IPv6, which one line has."""
    if ":" not in address:
        return address
    try:
        found = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    return str(found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64))
