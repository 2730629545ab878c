"""Idempotency keys: a POST that is sent twice is done once (draft-ietf-httpapi-idempotency-key).

The key, a keyed hash of the request and the answer are written in the very
transaction that does the deed, so there is no moment at which one stands
without the other. Who sends the same again is given the same answer, marked
as replayed; another request under the same key is refused, and so is one that
comes while the first still runs. A problem is not kept: it left nothing
behind, so the request may be tried again.

An endpoint that takes `begin` commits that it runs before it begins. Should
its process die, the key is free again after LEASE.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, cast
from uuid import UUID

from flask import Request
from sqlalchemy import (
    ColumnElement,
    Executable,
    Table,
    and_,
    bindparam,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from nexafi.kernel.data.context import Context
from nexafi.kernel.data.tables import NOBODY, IdempotencyRow
from nexafi.kernel.data.work import Begin, Survey, Work
from nexafi.kernel.errors import Conflict, Invalid, Malformed
from nexafi.kernel.news.forgetting import SENT_KEPT
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.watch import secrecy

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LEASE = timedelta(minutes=2)
"""How long an endpoint that takes `begin` may run before its key is thought abandoned."""
WAIT = "8s"
"""How long PostgreSQL waits for another who holds the key, or any other lock of this Work."""
KEPT_MIN = timedelta(hours=24)
"""How long an answer is kept at least, whatever is set."""
BATCH_MAX = 5_000
PURPOSE = "idempotency"

TABLE = cast("Table", IdempotencyRow.__table__)
COLUMNS = ("organization_id", "key", "fingerprint", "started_at")

OF_CLAIM = {name: bindparam(f"its_{name}", type_=TABLE.c[name].type) for name in COLUMNS}


def inserts(wait: str) -> dict[str, Executable]:
    """Return what claims a key unless it is taken, by database.

    On PostgreSQL it waits for whoever is just claiming it, but no longer than
    *wait*; on SQLite those who write take turns.
    """
    bounded = select(func.set_config("lock_timeout", wait, True)).cte("bounded")  # noqa: FBT003
    chosen = select(*OF_CLAIM.values()).select_from(bounded)
    return {
        "sqlite": sqlite.insert(TABLE).on_conflict_do_nothing().returning(TABLE.c.key),
        "postgresql": postgresql.insert(TABLE)
        .from_select(COLUMNS, chosen)
        .on_conflict_do_nothing()
        .returning(TABLE.c.key),
    }


INSERT = inserts(WAIT)
MINE = and_(TABLE.c.organization_id == OF_CLAIM["organization_id"], TABLE.c.key == OF_CLAIM["key"])
RUNNING = and_(MINE, TABLE.c.status.is_(None))
READ = select(TABLE.c.fingerprint, TABLE.c.status, TABLE.c.answer).where(MINE)
KEEP = (
    update(TABLE)
    .where(MINE)
    .values(
        status=bindparam("its_status"), answer=bindparam("its_answer"), done_at=bindparam("its_end")
    )
)
FORGET = delete(TABLE).where(RUNNING)
TAKE_OVER = (
    update(TABLE)
    .where(RUNNING, TABLE.c.started_at <= bindparam("abandoned_at"))
    .values(started_at=bindparam("its_start"))
)

_KEY = re.compile(r"[!-~]{1,255}", re.ASCII)
_LOCK_NOT_AVAILABLE = "55P03"


class KeyMalformed(Malformed):
    """The idempotency key is empty, too long or has characters that one cannot see."""

    title = "The idempotency key cannot be used"


class KeyReused(Invalid):
    """The same idempotency key came before, with another request."""

    title = "The idempotency key was used for another request"


class StillRunning(Conflict):
    """The first request with this idempotency key has not ended yet."""

    title = "The same request is still running"


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long answers and news are kept; every service takes it."""

    kept: timedelta = KEPT_MIN
    """Answers, for whoever asks again with the same key."""
    news: timedelta = SENT_KEPT
    """Events that were sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back, and kept for whoever asks again."""

    status: int
    body: bytes
    media_type: str = "application/json"
    disposition: str = ""
    made: str = ""
    """The id of what was made, if anything was."""
    is_replay: bool = False

    def packed(self) -> bytes:
        """Return the answer as it is kept; plain JSON, which most are, as it is."""
        if not self.disposition:
            return self.body
        return b"\0" + json.dumps([self.media_type, self.disposition]).encode() + b"\n" + self.body

    @classmethod
    def unpacked(cls, status: int, kept: bytes) -> Answer:
        """Return what was kept."""
        if not kept.startswith(b"\0"):
            shown = json.loads(kept) if status == HTTPStatus.CREATED else {}
            return cls(status, kept, made=str(shown.get("id", "")), is_replay=True)
        head, _, body = kept[1:].partition(b"\n")
        media_type, disposition = json.loads(head)
        return cls(status, body, media_type, disposition, is_replay=True)


@dataclass(frozen=True, slots=True)
class Claim:
    """A request that says under which key it is to be done once."""

    organization_id: UUID
    key: str
    fingerprint: str
    secret: Secret
    is_sealed: bool = False
    """Whether the answer holds tokens, and is kept encrypted."""

    def start(self, work: Work) -> Answer | None:
        """Claim the key in *work*, or return what was answered to the same request."""
        if self._insert(work):
            return None
        row = work.session.connection().execute(READ, self._which()).one_or_none()
        if row is None:
            raise StillRunning("The same request has just failed, or its key has expired.")
        if not hmac.compare_digest(row.fingerprint, self.fingerprint):
            raise KeyReused(f"This {HEADER} came before with another request, or from another.")
        if row.status is None:
            self._take_over(work)
            return None
        return Answer.unpacked(row.status, self._opened(row.answer))

    def finish(self, work: Work, answer: Answer) -> None:
        """Keep *answer*, if and only if *work* is kept."""
        body = answer.packed()
        if self.is_sealed:
            body = self.secret.seal(PURPOSE, body, place=self._place())
        kept = {"its_status": answer.status, "its_answer": body, "its_end": work.context.now}
        work.session.connection().execute(KEEP, self._which() | kept)

    def forget(self, work: Work) -> None:
        """Free the key again: the request failed and may be tried anew."""
        work.session.connection().execute(FORGET, self._which())

    def _insert(self, work: Work) -> bool:
        """Write the row unless it is there; wait for whoever is just writing it."""
        values = {
            "organization_id": self.organization_id,
            "key": self.key,
            "fingerprint": self.fingerprint,
            "started_at": work.context.now,
        }
        dialect = work.session.get_bind().dialect.name
        if dialect == "postgresql":
            values = {f"its_{name}": value for name, value in values.items()}
        try:
            done = work.session.connection().execute(INSERT[dialect], values)
            return done.first() is not None
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") != _LOCK_NOT_AVAILABLE:
                raise
            raise StillRunning("The same request has not ended yet; ask again.") from error

    def _take_over(self, work: Work) -> None:
        """Claim what another began and did not end, or raise while it may still end it."""
        now = work.context.now
        when = {"its_start": now, "abandoned_at": now - LEASE}
        if work.session.connection().execute(TAKE_OVER, self._which() | when).rowcount != 1:
            raise StillRunning("The same request has not ended yet; ask again.")

    def _which(self) -> dict[str, Any]:
        return {"its_organization_id": self.organization_id, "its_key": self.key}

    def _opened(self, kept: bytes) -> bytes:
        if not self.is_sealed:
            return kept
        return self.secret.open(PURPOSE, kept, place=self._place())

    def _place(self) -> str:
        return f"idempotency:{self.organization_id}:{self.key}"


def claim(
    request: Request, endpoint: str, caller: Context, secret: Secret, *, is_sealed: bool
) -> Claim | None:
    """Return the claim that *request* makes, or None if it names no key.

    One who has no organization shares NOBODY's keys with everyone, so the key
    is kept as a hash that *endpoint* and the actor are part of.
    """
    if (key := request.headers.get(HEADER)) is None:
        return None
    if not _KEY.fullmatch(key):
        raise KeyMalformed(f"{HEADER} must be 1 to 255 visible characters of ASCII.")
    if secrecy.has_card(key):
        raise KeyMalformed(f"{HEADER} is kept, so it cannot be a card number.")
    hidden = secret.derive(PURPOSE)
    fingerprint = _fingerprint(request, caller, hidden)
    if caller.organization_id is None:
        name = repr((endpoint, caller.actor, key)).encode()
        key = hmac.new(hidden, name, hashlib.sha256).hexdigest()
    return Claim(caller.organization_id or NOBODY, key, fingerprint, secret, is_sealed)


def due(survey: Survey) -> Sequence[UUID]:
    """Return the organizations, NOBODY among them, that may have keys to be forgotten."""
    old = select(IdempotencyRow.organization_id).where(_began_before(survey.now - KEPT_MIN))
    return survey.session.scalars(old.distinct()).all()


def forget_old_keys(begin: Begin, keeping: Keeping) -> None:
    """Remove what was answered long enough ago; the kernel's own job, in every service."""
    removed = BATCH_MAX
    while removed == BATCH_MAX:
        with begin() as work:
            mine = TABLE.c.organization_id == work.organization_id
            before = work.context.now - max(keeping.kept, KEPT_MIN)
            old = select(TABLE.c.key).where(mine, _began_before(before)).limit(BATCH_MAX)
            gone = delete(TABLE).where(mine, TABLE.c.key.in_(old))
            removed = work.session.connection().execute(gone).rowcount


def _began_before(moment: datetime) -> ColumnElement[bool]:
    return TABLE.c.started_at <= moment


def _fingerprint(request: Request, caller: Context, hidden: bytes) -> str:
    """Return the keyed hash of all that makes *request* the same request."""
    head = (request.method, request.path, request.query_string.decode("latin-1"), caller.actor)
    digest = hmac.new(hidden, repr(head).encode(), hashlib.sha256)
    if request.mimetype != "multipart/form-data":
        digest.update(b"\n" + request.get_data())
        return digest.hexdigest()
    for name, value in sorted(request.form.items(multi=True)):
        digest.update(f"\nfield {name!r} {value!r}".encode())
    for name, file in sorted(request.files.items(multi=True), key=lambda each: each[0]):
        content = hashlib.file_digest(file.stream, "sha256").hexdigest()  # type: ignore[arg-type]
        file.stream.seek(0)
        digest.update(f"\nfile {name!r} {file.filename!r} {content}".encode())
    return digest.hexdigest()
