"""What one asks about top-ups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from nexafi.kernel.data.work import Work
from nexafi.kernel.web.paging import PageQuery, keyset
from nexafi.payments.errors import ChargeNotFound
from nexafi.payments.tables import Charge, WalletTopUp


@dataclass(frozen=True, slots=True)
class TopUp:
    """A top-up and its charge."""

    row: WalletTopUp
    charge: Charge

    @property
    def id(self) -> UUID:
        """Return the id of the charge, by which a top-up is known."""
        return self.charge.id


def top_up(work: Work, wallet_id: UUID, charge_id: UUID) -> TopUp:
    """Return one top-up of a wallet."""
    found = work.session.execute(
        select(WalletTopUp, Charge)
        .join(Charge, WalletTopUp.charge_id == Charge.id)
        .where(WalletTopUp.wallet_id == wallet_id, WalletTopUp.charge_id == charge_id)
    ).one_or_none()
    if found is None:
        raise ChargeNotFound(f"There is no top-up {charge_id} of this wallet.")
    return TopUp(*found)


def top_ups(work: Work, page: PageQuery, wallet_id: UUID) -> Sequence[TopUp]:
    """Return a page of the top-ups of a wallet, the newest first."""
    statement = (
        select(WalletTopUp, Charge)
        .join(Charge, WalletTopUp.charge_id == Charge.id)
        .where(WalletTopUp.wallet_id == wallet_id)
    )
    rows = work.session.execute(keyset(statement, page, Charge.id, descending=True))
    return [TopUp(*row) for row in rows]
