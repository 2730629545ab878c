"""The gateway, put together: an RSGI application.

`build` gives the application; granian runs it with the interface ``rsgi``, HTTP/1.1 only and
without WebSockets (`tests/gateway/test_framing.py` says what then never comes here).
"""

from __future__ import annotations

import asyncio
import logging
import time
from importlib.metadata import version
from ipaddress import ip_address, ip_network
from typing import Final

from pyreqwest.client import Client

from nexafi.contracts.users.client import SIGN_IN
from nexafi.gateway import door, errors, limits, pages
from nexafi.gateway.bodies import drain
from nexafi.gateway.door import Door, Request, Scope
from nexafi.gateway.identity import Caller, Identity, Judge
from nexafi.gateway.instances import Rounds
from nexafi.gateway.limits import Alone
from nexafi.gateway.plans import Plans
from nexafi.gateway.proxy import Proxy
from nexafi.gateway.publisher import UsersService
from nexafi.gateway.reply import Protocol_, Reply
from nexafi.gateway.settings import GatewaySettings
from nexafi.gateway.sharing import Together
from nexafi.gateway.survey import Survey
from nexafi.gateway.upstreams import Upstream, client
from nexafi.gateway.watching import METRICS, Watching
from nexafi.gateway.wire import Wire
from nexafi.kernel.data.context import utc_now
from nexafi.kernel.errors import Malformed, NotSignedIn, Problem, Unavailable
from nexafi.kernel.shared.link import Link, RedisAt
from nexafi.kernel.trust.revocations import Hearer
from nexafi.kernel.trust.tokens import Realm, Verifier

API: Final = "/api/v1/"
KEYS: Final = "/.well-known/jwks.json"
AWAY: Final = "away: calls are counted by each gateway alone"
READS: Final = frozenset({"GET", "HEAD"})
UNREAD: Final = (Malformed, errors.BodyTooLarge, errors.BodyTooSlow, errors.HeadersTooLarge)
"""After these it is not known where the next request begins, so there is none."""

log = logging.getLogger(__name__)


def build(
    settings: GatewaySettings, realm: Realm | None = None, redis: RedisAt | None = None
) -> Gateway:
    """Return the application, which asks the users service who may call.

    Args:
        settings: where the services are, and every limit; ``users`` must be among them for
            anybody to be known.
        realm: who issues the tokens of this installation, and for whom.
        redis: where calls are counted together with other gateways; None: each counts alone.

    """
    asking = client(settings)
    link = Link(redis) if redis is not None else None
    origins = settings.upstreams.get("users")
    if origins is None:
        return Gateway(settings, _nobody_known, asking, link)
    hearer = Hearer(link, utc_now) if link is not None else None
    verifier = Verifier(realm or Realm())
    identity = Identity(verifier, UsersService(asking, origins), utc_now, hearer)
    return Gateway(settings, identity.judge, asking, link, hearer)


async def _nobody_known(_token: str) -> Caller:
    raise Unavailable("The users service is not part of this installation.")


class Gateway:
    """The application that granian calls.

    Args:
        settings: where the services are, and every limit.
        judge: says who calls with a token, or raises NotSignedIn.
        asking: the pooled client, if it is shared with the judge.
        redis: where calls are counted together with other gateways.
        hearer: who hears through Redis what was revoked; begins and ends with the application.

    """

    def __init__(
        self,
        settings: GatewaySettings,
        judge: Judge,
        asking: Client | None = None,
        redis: Link | None = None,
        hearer: Hearer | None = None,
    ) -> None:
        self._judge = judge
        self._door = Door(settings.proxies, settings.headers_max_bytes, settings.url_max_bytes)
        self._plans = Plans(settings)
        self._alone = Alone(self._plans.common, settings.clients_max)
        self._together = Together(redis, self._alone) if redis else None
        self._watching = Watching(access_log=settings.access_log)
        if self._together is not None:
            self._watching.watch(self._together)
        self._hearer = hearer
        self._networks = [ip_network(each) for each in settings.metrics_from]
        self._version = version("nexafi")
        self._is_leaving = False
        self.upstreams = {
            name: Upstream(name, origins, settings) for name, origins in settings.upstreams.items()
        }
        self._client = asking or client(settings)
        self._proxy = Proxy(self._client, settings)
        self._survey = Survey(self._client, self.upstreams, self._version)
        self._rounds = Rounds(self._client, self.upstreams.values(), settings.health_s)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to look after what is behind us; granian calls this before the first request."""
        self._rounds.start(loop)
        if self._together is not None:
            loop.run_until_complete(self._together.begin())
        if self._hearer is not None:
            self._hearer.start()

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close the connections to the services; granian calls this when all is answered."""
        self._rounds.stop()
        self._watching.close()
        if self._hearer is not None:
            self._hearer.stop()
        if self._together is not None:
            loop.run_until_complete(self._together.close())
        loop.run_until_complete(self._client.close())

    def leave(self) -> None:
        """Close each connection after its next answer: another process takes our place."""
        self._is_leaving = True

    async def __rsgi__(self, scope: Scope, protocol: Protocol_) -> None:
        """Answer one request."""
        if scope.proto != "http":
            protocol.close(403)  # type: ignore[attr-defined]  # a WebSocket's other half
            return
        began = time.perf_counter()
        request = Request(scope)
        reply = Reply(request, protocol, closing=self._is_leaving)
        try:
            self._door.read(request, scope)
            await self._welcome(request, reply)
            await self._route(request, reply)
        except Problem as problem:
            if isinstance(problem, errors.BodyTooLarge):
                await drain(request, protocol)
            self._refuse(reply, problem, scope.client)
        except RuntimeError as error:
            if not type(error).__name__.startswith("RSGI"):
                self._defect(reply, scope.client, error)
            # else the client went away, and there is nobody left to be answered
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller is owed an answer
            self._defect(reply, scope.client, error)
        finally:
            self._watching.note(reply, time.perf_counter() - began)

    async def _welcome(self, request: Request, reply: Reply) -> None:
        """Find out who calls, and whether they call too often; raise if they may not."""
        who = door.neighbourhood(request.address)
        if request.token is None:
            await self._count(reply, who)
            return
        try:
            caller = await self._judge(request.token)
        except NotSignedIn:
            await self._count(reply, who)
            if request.path in SIGN_IN:
                return
            raise
        reply.user = caller.user
        await self._count(reply, f"user {caller.user}", caller.organization)

    async def _count(self, reply: Reply, who: str, organization: str | None = None) -> None:
        terms = self._plans.of(organization)
        if self._together is not None:
            taken = await self._together.take(who, organization, terms)
        else:
            taken = self._alone.take(who, organization, terms, time.monotonic())
        reply.fields += limits.fields(taken)
        if not taken.is_allowed:
            raise errors.TooManyRequests("Come again when Retry-After has passed.")

    async def _route(self, request: Request, reply: Reply) -> None:
        path = request.path
        if path.startswith(API):
            name = path[len(API) :].partition("/")[0]
            upstream = self.upstreams.get(name)
            if upstream is not None:
                reply.service = name
                await self._proxy.pass_on(request, reply, upstream)
                return
        elif path == KEYS and (users := self.upstreams.get("users")) is not None:
            reply.service = "users"
            await self._proxy.pass_on(request, reply, users)
            return
        await self._page(request, reply)

    async def _page(self, request: Request, reply: Reply) -> None:
        path = request.path
        pages_ = {
            "/": self._home,
            "/docs": self._docs,
            "/api/v1/openapi.json": self._description,
            "/healthz": self._health,
            "/readyz": self._ready,
            "/metrics": self._metrics,
        }
        shown = pages_.get(path.rstrip("/") or "/")
        if shown is None and path.startswith("/docs/"):
            shown = self._asset
        if shown is None:
            known = ", ".join(sorted(self.upstreams)) or "none"
            raise errors.NobodyHome(f"Services here: {known}. The reference is at /docs.")
        if request.method not in READS:
            raise errors.MethodRefused("This page can only be read.")
        await shown(request, reply)

    async def _home(self, request: Request, reply: Reply) -> None:
        states = await self._survey.states.get()
        extra = {"cache-control": "no-cache", "vary": "accept"}
        if pages.prefers_html(_value(request, "accept")):
            extra |= {"content-security-policy": pages.HOME_POLICY}
            reply.document(200, pages.HTML, pages.home_html(self._version, states), extra)
        else:
            reply.document(200, pages.JSON, pages.home_json(self._version, states), extra)

    async def _docs(self, _request: Request, reply: Reply) -> None:
        extra = {
            "cache-control": "no-cache",
            "content-security-policy": pages.DOCS_POLICY,
            "referrer-policy": "no-referrer",
        }
        reply.document(200, pages.HTML, pages.DOCS.encode(), extra)

    async def _asset(self, request: Request, reply: Reply) -> None:
        asset = pages.asset(request.path.removeprefix("/docs/"))
        if asset is None:
            raise errors.NobodyHome("The reference has no such file.")
        extra = {"cache-control": "max-age=3600", "etag": asset.etag, "vary": "accept-encoding"}
        if asset.etag in _value(request, "if-none-match"):
            reply.empty(304, list(extra.items()))
        elif "gzip" in _value(request, "accept-encoding"):
            reply.document(200, asset.kind, asset.packed, extra | {"content-encoding": "gzip"})
        else:
            reply.document(200, asset.kind, asset.body, extra)

    async def _description(self, request: Request, reply: Reply) -> None:
        body, etag = await self._survey.description.get()
        extra = {"cache-control": "no-cache", "etag": etag}
        if etag in _value(request, "if-none-match"):
            reply.empty(304, list(extra.items()))
        else:
            reply.document(200, pages.JSON, body, extra)

    async def _health(self, _request: Request, reply: Reply) -> None:
        reply.document(200, pages.JSON, b'{"status": "ok"}', {"cache-control": "no-store"})

    async def _ready(self, _request: Request, reply: Reply) -> None:
        """Say how each service fares; 503 only if none is there: the others need the door."""
        states = await self._survey.states.get()
        ready = [name for name, state in states.items() if state.startswith("ready")]
        shared = self._shared()
        is_whole = shared != AWAY and all(state == "ready" for state in states.values())
        status = "ready" if is_whole else "degraded" if ready or not states else "not ready"
        body = pages.states_json(status, states, shared)
        extra = {"cache-control": "no-store"}
        reply.document(200 if ready or not states else 503, pages.JSON, body, extra)

    def _shared(self) -> str | None:
        """Say whether Redis is there, and look whether it is back; None if there is to be none."""
        if self._together is None:
            return None
        self._together.look()
        return "ready" if self._together.presence.is_there else AWAY

    async def _metrics(self, request: Request, reply: Reply) -> None:
        address = ip_address(request.address)
        if not any(address in network for network in self._networks):
            raise errors.NobodyHome("The reference is at /docs.")
        for name, upstream in self.upstreams.items():
            self._watching.in_flight.labels(name).set(upstream.in_flight)
            self._watching.circuit.labels(name).set(upstream.is_resting)
            self._watching.instances_out.labels(name).set(upstream.out)
        self._watching.clients.set(len(self._alone))
        self._shared()
        reply.document(200, METRICS, self._watching.exposition(), {"cache-control": "no-store"})

    def _refuse(self, reply: Reply, problem: Problem, client: str) -> None:
        """Answer with *problem*, or cut the connection if half of an answer has gone out."""
        if reply.has_begun:
            log.warning("an answer of %s broke off: %s", reply.service, problem)
            self._watching.cut(reply)
            with Wire.to(client) as wire:
                wire.cut()
        else:
            reply.problem(problem, closing=isinstance(problem, UNREAD))

    def _defect(self, reply: Reply, client: str, error: Exception) -> None:
        log.error("a defect", exc_info=error)
        self._refuse(reply, errors.Defect("This is our fault; it has been written down."), client)


def _value(request: Request, name: str) -> str:
    """Return the value of a header that was passed, or nothing."""
    return ",".join(value for found, value in request.fields if found == name)
