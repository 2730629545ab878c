"""localstripe, an independent Stripe, as a program on the loopback: ``python -m ... PORT``.

Its own command listens on all addresses and keeps its state in a file; this one does neither. What
stands here is ours and judges nothing: localstripe ignores idempotency keys, so they are kept
before it, as Stripe keeps them; and it refuses as unexpected what it lacks (`UNHEARD`, the metadata
of a capture, the time of a list), so that is taken out or done beside it. It has no search, no
`amount_received` and one kind of next action, and it refunds more than was paid.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from aiohttp import web
from localstripe import resources, server

UNHEARD = {
    "/v1/payment_intents": {
        "description", "return_url", "automatic_payment_methods", "mandate_data",
    },
    "/v1/refunds": {"reason"},
}  # fmt: skip
UNSAVED = {401, 429}

_answers: dict[str, tuple[str, int, bytes]] = {}
_asking: dict[str, asyncio.Lock] = {}
_read = server.get_post_data


async def _post_data(request: web.Request, remove_auth: bool = True) -> Any:  # noqa: FBT001, FBT002
    """Take out what localstripe has not got."""
    data = await _read(request, remove_auth)
    if not data or not remove_auth:
        return data
    if request.path.endswith("/capture"):
        data.pop("final_capture", None)
        given = data.pop("metadata", {})
        resources.PaymentIntent._api_retrieve(request.match_info["id"]).metadata.update(given)
    unheard = UNHEARD.get(request.path, set())
    return {name: value for name, value in data.items() if name not in unheard}


@web.middleware
async def _once(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answer what comes again under the same key as it was answered, as Stripe does."""
    key = request.headers.get("Idempotency-Key")
    if request.method != "POST" or key is None:
        return await handler(request)
    said = f"{request.path}\n{(await request.read()).decode()}"
    async with _asking.setdefault(key, asyncio.Lock()):
        if key not in _answers:
            answer = await handler(request)
            if answer.status in UNSAVED:
                return answer
            _answers[key] = (said, answer.status, answer.body)
            return answer
    first, status, body = _answers[key]
    if first != said:
        return web.json_response({"error": {"type": "idempotency_error"}}, status=400)
    headers = {"Idempotent-Replayed": "true", "Content-Type": "application/json"}
    return web.Response(status=status, body=body, headers=headers)


class _Intents(resources.PaymentIntent):
    @classmethod
    def _api_list_all(cls, url: str, created: Any = None, **given: Any) -> Any:
        """List by time, the newest first, as Stripe does."""
        since = int((created or {}).get("gte", 0))
        found = resources.PaymentIntent._plain_list_all(url, **given)
        found._list = sorted(
            (each for each in found._list if each.created >= since),
            key=lambda each: -each.created,
        )
        return found


def main(port: int) -> None:
    """Serve until the process is ended."""
    resources.Store.dump_to_disk = lambda _store: None
    resources.PaymentIntent._plain_list_all = resources.PaymentIntent._api_list_all
    resources.PaymentIntent._api_list_all = _Intents._api_list_all
    server.get_post_data = _post_data
    server.app.middlewares.insert(0, _once)
    web.run_app(server.app, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
