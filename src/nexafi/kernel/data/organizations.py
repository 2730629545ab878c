"""What a service keeps of each organization: its name, country, zone, currency and year."""

from __future__ import annotations

from dataclasses import asdict
from typing import cast

from sqlalchemy import Table

from nexafi.kernel.data.context import Home
from nexafi.kernel.data.statements import upsert
from nexafi.kernel.data.tables import Organization
from nexafi.kernel.data.work import Work


def keep(work: Work, home: Home) -> None:
    """Remember the organization as it is now."""
    table = cast("Table", Organization.__table__)
    told = asdict(home)
    work.session.execute(
        upsert(work.session, table)
        .values(told)
        .on_conflict_do_update(
            index_elements=["id"], set_={name: told[name] for name in told if name != "id"}
        )
    )
