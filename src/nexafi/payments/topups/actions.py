"""What one does to top up a wallet: charge its customer, and keep the money there.

The charge is like any other: started, asked, finished. What is written beside it before a
provider is asked says for which wallet it is; whoever hears that it was captured credits the
wallet in the same Work, once (`wallets.returning`).
"""

from __future__ import annotations

from uuid import UUID

from nexafi.kernel.data.work import Begin, Work
from nexafi.payments.charges import asking
from nexafi.payments.charges.actions import NewCharge
from nexafi.payments.charges.asking import Tools
from nexafi.payments.tables import Operation
from nexafi.payments.wallets import queries as wallets
from nexafi.payments.wallets import returning


def top_up(
    begin: Begin,
    tools: Tools,
    wallet_id: UUID,
    new: NewCharge,
    *,
    method: str,
    provider: str | None,
    key: str | None,
) -> UUID:
    """Charge a payment method for a wallet; return the id of the charge."""
    with begin() as work:
        customer_id = wallets.wallet(work, wallet_id).customer_id

    def also(work: Work, operation: Operation) -> None:
        returning.begin(work, wallet_id, operation.charge_id, new.amount)

    return asking.charge(
        begin,
        tools,
        new,
        method=method,
        provider=provider,
        customer_id=customer_id,
        key=key,
        also=also,
    )
