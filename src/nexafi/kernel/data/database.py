"""The database of one service, and how a Work is opened in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Session

from nexafi.kernel.data import breaches
from nexafi.kernel.data.connections import Limits, in_use
from nexafi.kernel.data.context import Clock, Context, utc_now
from nexafi.kernel.data.ownership import EVERYBODY, confined_to
from nexafi.kernel.data.postgres import Postgres
from nexafi.kernel.data.replica import Replica, Source
from nexafi.kernel.data.sqlite import Sqlite
from nexafi.kernel.data.tables import KernelBase, Organization, OutboxRow
from nexafi.kernel.data.work import Begin, Survey, Work
from nexafi.kernel.watch import traces
from nexafi.kernel.watch.counts import Count

USUAL = Limits()
OUTBOX = OutboxRow.__table__


class Database:
    """The one database of one service."""

    def __init__(
        self,
        url: str,
        base: type[DeclarativeBase],
        *,
        service: str,
        steward_url: str | None = None,
        replica_url: str | None = None,
        limits: Limits = USUAL,
        clock: Clock = utc_now,
    ) -> None:
        self.service = service
        self.clock = clock
        self.bases = (KernelBase, base)
        self.watched: Callable[[str, float], None] | None = None
        """Told of every Work: whether it was a ``read`` or a ``write``, and how many seconds."""
        self.counted: Callable[[Mapping[Count, int]], None] | None = None
        """Told what a Work did, once that is kept."""
        self.told: Callable[[], None] | None = None
        """Called when news was committed here: whoever carries it need not look for it."""
        self.read_from: Callable[[Source], None] = lambda _source: None
        """Told of every report where there is a replica: from where it is read."""
        self._kind: Sqlite | Postgres
        if url.startswith("sqlite"):
            self._kind = Sqlite(url)
            return
        replica = Replica(replica_url, limits, service, self._tell) if replica_url else None
        self._kind = Postgres(url, steward_url, limits, service, replica)

    def _tell(self, source: Source) -> None:
        self.read_from(source)

    @property
    def engine(self) -> Engine:
        """Return the engine itself, for those who migrate, check or test; nobody else."""
        return self._kind.engine

    @property
    def steward_engine(self) -> Engine:
        """Return the engine of the steward, for who copies all that there is; nobody else."""
        return self._kind.engines.get("steward", self._kind.engine)

    @property
    def each_time(self) -> dict[str, str]:
        """Return what a transaction that is opened by hand must set for itself."""
        return self._kind.each_time

    def connections(self) -> dict[str, tuple[int, int, int]]:
        """Return how many connections are in use, lie idle and may still be opened, by role."""
        return {role: in_use(engine) for role, engine in self._kind.engines.items()}

    def close(self) -> None:
        """Let go of the database."""
        self._kind.close()

    def begin_as(self, context: Context, *, writes: bool = True, report: bool = False) -> Begin:
        """Return the way to open Works for whoever acts in *context*, each at its own moment."""

        def begin(organization_id: UUID | None = None) -> AbstractContextManager[Work]:
            if organization_id in {None, context.organization_id}:
                now = replace(context, now=self.clock())
                return self.work(now, writes=writes, report=report)
            assert context.organization_id is None, "one who has an organization stays in it"
            found = self.context_for(context.actor, organization_id)
            found = replace(found, request_id=context.request_id)
            return self.work(found, writes=writes, report=report)

        return begin

    def context_for(self, actor: str, organization_id: UUID | None) -> Context:
        """Return the context of *actor* for an organization that was found, not signed in to."""
        with self.survey() as survey:
            found = survey.session.get(Organization, organization_id) if organization_id else None
        home = found.home if found else None
        return Context(actor, self.clock(), organization_id, home)

    @contextmanager
    def work(
        self, context: Context, *, writes: bool = True, report: bool = False
    ) -> Generator[Work]:
        """Open a Work; keep it when the block ends well, else leave nothing of it.

        That of a *report* reads much: its statements may take longer.
        """
        began = time.perf_counter()
        try:
            info = confined_to(context.organization_id)
            with self._kind.session(info, writes=writes, report=report) as session:
                work = Work(session, context, self.service)
                yield work
                if work.last or writes:
                    self._kind.end(session, work.last)
            if work.counted:
                self._tell_counted(work.counted)
            if self.told is not None and OUTBOX in work.last:
                self.told()
        except IntegrityError as error:
            if (problem := breaches.meaning(error, self.service)) is None:
                raise
            raise problem from error
        finally:
            kind, seconds = "write" if writes else "read", time.perf_counter() - began
            if self.watched is not None:
                self.watched(kind, seconds)
            traces.note(f"work {kind}", seconds, {"db.namespace": self.service})

    def _tell_counted(self, counts: Mapping[Count, int]) -> None:
        """Let meters and the line of the log know what was kept."""
        if self.counted is not None:
            self.counted(counts)
        if trace := traces.current():
            for count, number in counts.items():
                before = trace.said.get(f"nexafi.{count.name}", 0)
                trace.said[f"nexafi.{count.name}"] = number + int(str(before))

    @contextmanager
    def survey(self) -> Generator[Survey]:
        """Look across all organizations, as the steward, without writing."""
        with self._kind.session(EVERYBODY, writes=False) as session:
            yield Survey(session, self.clock())

    def steward(self) -> AbstractContextManager[Session]:
        """Open a session for what is nobody's: the outbox and the leases. Kernel only."""
        return self._kind.session(EVERYBODY, writes=True)
