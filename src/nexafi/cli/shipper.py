"""The process that carries the log to Elasticsearch, alone or beside the services."""

from __future__ import annotations

import fcntl
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from nexafi.cli.failures import CommandFailed
from nexafi.kernel.server.signals import LEAVE
from nexafi.kernel.watch import logfile

if TYPE_CHECKING:
    from nexafi.kernel.settings import Settings
    from nexafi.kernel.watch.elasticsearch import Access

NAME: Final = "shipper"
PLACE: Final = "shipped.json"
"""Where it keeps how far it is, in the data folder."""
TURN_S: Final = 0.2
"""How often one that waits for another looks whether it has ended."""


def access(settings: Settings) -> Access:
    """Return where Elasticsearch is and as whom we come; raise if that is not set."""
    from nexafi.kernel.watch.elasticsearch import Access

    url = settings.elasticsearch_url
    if url is None:
        raise CommandFailed("NEXAFI_ELASTICSEARCH_URL is not set: https://host:9200.")
    key, password = settings.elasticsearch_api_key, settings.elasticsearch_password
    return Access(
        url=url.get_secret_value(),
        api_key=key.get_secret_value() if key else None,
        user=settings.elasticsearch_user,
        password=password.get_secret_value() if password else None,
        ca=settings.elasticsearch_ca,
    )


def run(
    settings: Settings,
    log_as: Callable[[str], None],
    listening: socket.socket | None,
    begun: Callable[[], None] = lambda: None,
) -> None:
    """Be the process: ship until SIGTERM, and show how far it is.

    One at a time does: a second waits until the first has ended, as it does when it is replaced.
    """
    from nexafi.kernel.server import metrics_page
    from nexafi.kernel.watch.elasticsearch import Documents
    from nexafi.kernel.watch.metrics import Metrics
    from nexafi.kernel.watch.shipping import QUESTIONS, Shipper
    from nexafi.kernel.watch.tailing import Tail

    folder = settings.folder
    log_as(NAME)
    client = access(settings).client()
    tail = Tail(folder / logfile.NAME, folder / PLACE)
    shipper = Shipper(tail, Documents(client).create)
    meters = Metrics(NAME)
    meters.ask(QUESTIONS, shipper.figures)
    for which in (signal.SIGTERM, signal.SIGINT, LEAVE):
        signal.signal(which, lambda *_: shipper.stop())
    if listening is not None:
        metrics_page.show(listening, meters.exposition)
    begun()
    with (folder / f"{PLACE}.lock").open("w", encoding="utf-8") as held:
        while not shipper.is_stopped(TURN_S):
            with suppress(BlockingIOError):
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                tail.go_on()
                shipper.run()
    client.close()
