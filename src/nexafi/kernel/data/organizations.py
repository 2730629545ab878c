"""What a service keeps of each organization: its name, country, zone, currency and year."""

from __future__ import annotations

from dataclasses import asdict
from typing import cast

from sqlalchemy import Table, select

from nexafi.kernel.data.context import Context, Home
from nexafi.kernel.data.database import Database
from nexafi.kernel.data.statements import upsert
from nexafi.kernel.data.tables import Organization
from nexafi.kernel.data.work import Work

TABLE = cast("Table", Organization.__table__)


def keep(work: Work, home: Home, revision: int = 0) -> None:
    """Remember the organization as it was told, unless something later is known already.

    News may come late: what has a lower *revision* than what is kept changes nothing.
    """
    told = asdict(home) | {"revision": revision}
    work.session.execute(
        upsert(work.session, TABLE)
        .values(told)
        .on_conflict_do_update(
            index_elements=["id"],
            set_={name: told[name] for name in told if name != "id"},
            where=TABLE.c.revision <= revision,
        )
    )


def change(work: Work, home: Home) -> int:
    """Remember the organization as it is now, where this is decided; return its revision.

    Changes of one organization wait for each other at its row, so the revision says their order,
    which no clock does.
    """
    told = asdict(home)
    found = work.session.execute(
        upsert(work.session, TABLE)
        .values(told | {"revision": 1})
        .on_conflict_do_update(
            index_elements=["id"],
            set_={name: told[name] for name in told if name != "id"}
            | {"revision": TABLE.c.revision + 1},
        )
        .returning(TABLE.c.revision)
    )
    return int(found.scalar_one())


def known(database: Database) -> list[Home]:
    """Return every organization that a service has been told of, by name; for operators."""
    with database.survey() as survey:
        rows = survey.session.scalars(select(Organization).order_by(Organization.name)).all()
        return [row.home for row in rows]


def make_known(database: Database, context: Context) -> None:
    """Write down the organization of *context*, if the service has not been told of it yet."""
    if database.context_for(context.actor, context.organization_id).home is None:
        with database.work(context) as work:
            keep(work, context.known)
