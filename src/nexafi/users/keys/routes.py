"""The public keys over HTTP, where RFC 8615 would have one look for them."""

from __future__ import annotations

from nexafi.kernel.data.work import Work
from nexafi.kernel.trust.permissions import Anyone
from nexafi.kernel.web.endpoints import Routes
from nexafi.users.keys import queries
from nexafi.users.keys.schemas import KeysOut
from nexafi.users.settings import UsersSettings

routes = Routes("/.well-known")


@routes.get("/jwks.json", needs=Anyone.PUBLIC, gives=KeysOut)
def list_keys(work: Work, settings: UsersSettings) -> dict[str, object]:
    """Return the public keys by which access tokens are checked, as a JWK Set."""
    return {"keys": queries.published(work, settings)}
