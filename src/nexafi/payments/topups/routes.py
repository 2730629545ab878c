"""Top-ups over HTTP."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Begin, Work
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page, PageQuery
from nexafi.payments.charges.asking import Tools
from nexafi.payments.providers.port import Providers
from nexafi.payments.topups import actions, queries
from nexafi.payments.topups.schemas import TopUpIn, TopUpOut
from nexafi.payments.wallets import queries as wallets

routes = Routes("/api/v1/payments/wallets/<uuid:wallet_id>/top-ups")


@routes.post("", needs=May.WALLET_MOVE, gives=TopUpOut)
def top_up(
    begin: Begin,
    wallet_id: UUID,
    body: TopUpIn,
    key: str | None,
    providers: Providers,
    secret: Secret,
) -> TopUpOut:
    """Charge the customer of a wallet; it has the money once the charge is captured.

    Where the answer comes late, so does the money. To give a top-up back, refund its charge:
    what the wallet no longer has cannot go back.
    """
    charge_id = actions.top_up(
        begin,
        Tools(providers, secret),
        wallet_id,
        body.new(),
        method=body.payment_method,
        provider=body.provider,
        key=key,
    )
    with begin() as work:
        return TopUpOut.of(queries.top_up(work, wallet_id, charge_id))


@routes.get("", needs=May.WALLET_READ, gives=Page[TopUpOut])
def list_top_ups(work: Work, wallet_id: UUID, query: PageQuery) -> Page[TopUpOut]:
    """Return a page of the top-ups of a wallet, the newest first."""
    wallets.wallet(work, wallet_id)
    return Page[TopUpOut].of(queries.top_ups(work, query, wallet_id), query, TopUpOut.of)


@routes.get("/<uuid:top_up_id>", needs=May.WALLET_READ, gives=TopUpOut)
def read_top_up(work: Work, wallet_id: UUID, top_up_id: UUID) -> TopUpOut:
    """Return one top-up."""
    return TopUpOut.of(queries.top_up(work, wallet_id, top_up_id))
