"""All that can go wrong at the door, before or instead of a service's own answer."""

from __future__ import annotations

from nexafi.kernel.errors import Malformed, NotFound, Problem, Unavailable


class Defect(Problem):
    """A fault of our own: the log says all of it and the caller is told nothing."""

    title = "A fault of ours"


class BrokenRequest(Malformed):
    """The request breaks HTTP in a way that two programs may read differently."""

    title = "The request is not sound HTTP"


class PathRefused(Malformed):
    """The path has empty, dot or control segments, which a service might read differently."""

    title = "The path is not in its normal form"


class NobodyHome(NotFound):
    """No service and no page of the gateway has this path."""

    title = "Nothing answers at this path"


class MethodRefused(Problem):
    """The pages of the gateway are read only; no service takes CONNECT or TRACE."""

    status = 405
    title = "Not with this method"


class BodyTooSlow(Problem):
    """The body of the request did not arrive in time."""

    status = 408
    title = "The body came too slowly"


class BodyTooLarge(Problem):
    """The body of the request is over the limit."""

    status = 413
    title = "The body is too large"


class PathTooLong(Problem):
    """Path and query together are over the limit."""

    status = 414
    title = "The path is too long"


class HeadersTooLarge(Problem):
    """The headers of the request are together over the limit."""

    status = 431
    title = "The headers are too large"


class TooManyRequests(Problem):
    """This client sent more than its share; Retry-After says when to go on."""

    status = 429
    title = "Too many requests"


class NoWebSockets(Problem):
    """No service speaks WebSocket."""

    status = 501
    title = "WebSockets are not spoken here"


class ServiceUnreachable(Problem):
    """The service took no connection: it is not running, or is starting again."""

    status = 502
    title = "The service cannot be reached"


class ServiceBroke(Problem):
    """The service broke off, or answered what is not HTTP."""

    status = 502
    title = "The service broke off its answer"


class ServiceResting(Unavailable):
    """The service failed several times in a row and is left alone for a moment."""

    title = "The service is failing and was not asked"


class ServiceBusy(Unavailable):
    """The service has as many requests in hand as it may."""

    title = "The service is busy"


class ClientTooSlow(Problem):
    """The client stopped reading its answer; nobody hears this, the connection is cut."""

    status = 408
    title = "The answer was not read"


class ServiceTooSlow(Problem):
    """The service did not answer in time; whether it did what was asked is not known."""

    status = 504
    title = "The service did not answer in time"
