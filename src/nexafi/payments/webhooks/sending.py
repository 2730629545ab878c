"""Sending of webhooks: a few endpoints at once, each by itself, with no transaction open.

An endpoint that does not answer costs one timeout, and is then left alone for a while.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

from pyreqwest.client import SyncClient, SyncClientBuilder
from pyreqwest.exceptions import PyreqwestError

from nexafi.kernel.data.work import Begin
from nexafi.kernel.trust.secrets import Secret
from nexafi.payments.errors import UrlUnfit
from nexafi.payments.webhooks import actions, addresses
from nexafi.payments.webhooks.actions import Parcel, Round, Sent
from nexafi.payments.webhooks.addresses import Address

SENDERS_MAX: Final = 8
TIMEOUT: Final = timedelta(seconds=10)
CONNECT_TIMEOUT: Final = timedelta(seconds=5)
ROUND_S: Final = 15.0
"""After so long a round begins no more."""
RESPONSE_BYTES_MAX: Final = 4_000


def send_due(begin: Begin, secret: Secret, *, takes_private: bool) -> None:
    """Send what is due, and write down what came of it once all endpoints are through."""
    with begin() as work:
        rounds = actions.claim(work, secret)
    if not rounds:
        return

    def send(each: Round) -> Sequence[Sent]:
        return _send_round(each, takes_private=takes_private)

    with ThreadPoolExecutor(min(len(rounds), SENDERS_MAX)) as senders:
        results = list(senders.map(send, rounds))
    for gone, sent in zip(rounds, results, strict=True):
        with begin() as work:
            actions.note(work, gone, sent)


def _send_round(each: Round, *, takes_private: bool) -> list[Sent]:
    """Send to one endpoint, one after the other, until one has no answer or time is up."""
    began, done = time.monotonic(), list[Sent]()
    try:
        address = addresses.resolve(each.url, takes_private=takes_private)
    except UrlUnfit as problem:
        return [Sent(each.parcels[0].id, None, reason=problem.detail)]
    with _client(address) as client:
        for parcel in each.parcels:
            if done and time.monotonic() - began > ROUND_S:
                break
            sent = _send(client, each.url, parcel)
            done.append(sent)
            if sent.status is None:
                break
    return done


def _client(address: Address) -> SyncClient:
    """Return a client that connects to the address that was looked at, and to no other."""
    return (
        SyncClientBuilder()
        .no_proxy()
        .follow_redirects(False)  # noqa: FBT003 - so it is called
        .resolve(address.host, address.ip, address.port)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .user_agent("NexaFi-Webhooks/1")
        .build()
    )


def _send(client: SyncClient, url: str, parcel: Parcel) -> Sent:
    began = time.monotonic()
    try:
        request = (
            client.post(url)
            .headers({**parcel.headers, "content-type": "application/json"})
            .body_bytes(parcel.body)
            .build_streamed()
        )
        with request as response:
            read = response.body_reader.read(RESPONSE_BYTES_MAX)
            status, text = response.status, bytes(read or b"").decode(errors="replace")
    except PyreqwestError as error:
        # Carrying on: the receiver may have it or not; it is sent again with the same id.
        return Sent(parcel.id, None, reason=type(error).__name__, took_ms=_ms(began))
    reason = "" if 200 <= status < 300 else f"It answered {status}."
    return Sent(parcel.id, status, text, reason, _ms(began))


def _ms(began: float) -> int:
    return round((time.monotonic() - began) * 1_000)
