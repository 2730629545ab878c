"""`nexafi worker`: carry the news and do what the clock asks, in a process without requests."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def worker(
    names: Annotated[
        list[str] | None, typer.Argument(help="Services, such as: ledger users. None: all.")
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option(help="Where to show /metrics and /healthz; else nowhere")
    ] = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="Do what there is to do, and end")] = False,
) -> None:
    """Do the rounds of services until SIGTERM: tell others what happened, run what is due.

    For production, where services are set to NEXAFI_WORKER=separate. Several
    may run at once: each job has a lease, each batch of news a claim. Where
    RabbitMQ is set they hear the news of the others as well.

    Example: nexafi worker ledger
    """
    from nexafi.cli.platform import GATEWAY, Platform, chosen
    from nexafi.kernel.server import metrics_page
    from nexafi.kernel.server.sockets import listen
    from nexafi.kernel.service import Watch
    from nexafi.kernel.settings import Settings
    from nexafi.kernel.watch.metrics import Several

    settings = Settings()
    platform = Platform(settings)
    wanted = [name for name in chosen(names or []) if name != GATEWAY]
    platform.log_as("worker")
    platform.trace_as("worker")
    if once:
        while sum(platform.do_round(name) for name in wanted):
            pass
        platform.close()
        return
    watches = {
        name: Watch(platform.bare(name), platform.database(name), platform.link) for name in wanted
    }
    workers = platform.workers(watches)
    if metrics_port is not None:
        shown = Several(*(watch.meters for watch in watches.values())).exposition
        listening = listen(settings.host, metrics_port, backlog=16, name="the worker")
        metrics_page.show(listening, shown)
    stopped = threading.Event()
    for which in (signal.SIGTERM, signal.SIGINT):
        signal.signal(which, lambda *_: stopped.set())
    workers.start()
    stopped.wait()
    workers.stop()
    workers.join(settings.drain_s)
    platform.close()
