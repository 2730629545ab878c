"""What one asks about connections."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from nexafi.kernel.data.work import Work
from nexafi.payments.errors import ProviderNotConnected
from nexafi.payments.tables import Connection


def connected(work: Work, provider: str) -> Connection:
    """Return how the organization is connected with a provider."""
    if (found := find(work, provider)) is None:
        raise ProviderNotConnected(
            f"{provider} is not connected; give your keys with"
            f" PUT /api/v1/payments/providers/{provider}.",
            pointer="#/provider",
        )
    return found


def find(work: Work, provider: str) -> Connection | None:
    """Return how the organization is connected with a provider, if it is."""
    return work.session.scalar(select(Connection).where(Connection.provider == provider))


def connections(work: Work) -> Sequence[Connection]:
    """Return all connections, in the order in which they are tried."""
    return work.session.scalars(
        select(Connection).order_by(Connection.position, Connection.provider)
    ).all()
