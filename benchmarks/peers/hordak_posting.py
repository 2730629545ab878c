"""django-hordak posting a sale of three legs, in as many processes as asked: a peer to measure.

    PYTHON-WITH-HORDAK hordak_posting.py PROCESSES SECONDS

Makes a database on the PostgreSQL that NEXAFI_TEST_POSTGRES names, and drops it. Prints entries a
second. Run by benchmarks/posting.py in an environment of its own; it imports nothing of ours.
"""

from __future__ import annotations

import multiprocessing as mp
import os
import sys
import time
import uuid
from urllib.parse import urlsplit

import psycopg

SERVER = urlsplit(os.environ["NEXAFI_TEST_POSTGRES"].replace("+psycopg", ""))
NAME = os.environ.setdefault("HORDAK_DB", f"nexafi_bench_peer_{uuid.uuid4().hex[:10]}")


def set_up() -> None:
    """Configure Django on our database."""
    import django
    from django.conf import settings

    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": NAME,
                "HOST": SERVER.hostname,
                "PORT": SERVER.port or 5432,
                "USER": SERVER.username or "postgres",
                "PASSWORD": SERVER.password or "",
            }
        },
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "hordak"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DEFAULT_CURRENCY="EUR",
        CURRENCIES=["EUR"],
        HORDAK_DECIMAL_PLACES=2,
        SECRET_KEY="of a peer in a benchmark",
        USE_TZ=True,
    )
    django.setup()


def post(place: int, go, seconds: float, counts) -> None:  # noqa: ANN001
    """Post until the time is up."""
    set_up()
    from django.db import transaction
    from hordak.models import Account, Leg, Transaction
    from moneyed import Money

    accounts = list(Account.objects.order_by("pk"))
    count = 0
    go.wait()
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        n = place * 100_003 + count
        sale = accounts[n % 50], accounts[50 + n % 40], accounts[90 + n % 10]
        with transaction.atomic():
            made = Transaction.objects.create(description="A sale", date="2026-03-31")
            Leg.objects.create(transaction=made, account=sale[0], debit=Money(119, "EUR"))
            Leg.objects.create(transaction=made, account=sale[1], credit=Money(100, "EUR"))
            Leg.objects.create(transaction=made, account=sale[2], credit=Money(19, "EUR"))
        count += 1
    counts[place] = count


def main() -> None:
    """Make the database, let the processes post, drop it."""
    processes, seconds = int(sys.argv[1]), float(sys.argv[2])
    where = dict(host=SERVER.hostname, port=SERVER.port or 5432, user=SERVER.username or "postgres")
    with psycopg.connect(**where, dbname="postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {NAME}")
    try:
        set_up()
        from django.core.management import call_command
        from django.db import connections
        from hordak.models import Account

        call_command("migrate", verbosity=0)
        for place in range(100):
            Account.objects.create(
                name=f"Account {place}", code=str(place), type="AS", currencies=["EUR"]
            )
        connections.close_all()
        context = mp.get_context("spawn")
        go, counts = context.Event(), context.Array("i", processes)
        args = [(place, go, seconds, counts) for place in range(processes)]
        workers = [context.Process(target=post, args=each) for each in args]
        for worker in workers:
            worker.start()
        time.sleep(4)
        go.set()
        for worker in workers:
            worker.join()
        print(sum(counts) / seconds)
    finally:
        with psycopg.connect(**where, dbname="postgres", autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


if __name__ == "__main__":
    main()
