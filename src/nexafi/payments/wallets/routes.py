"""Wallets over HTTP."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Work
from nexafi.kernel.values.currencies import CURRENCIES
from nexafi.kernel.web.downloads import Download
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.export import Format, export
from nexafi.kernel.web.paging import Page, PageQuery
from nexafi.payments.errors import OtherCurrency
from nexafi.payments.tables import Wallet
from nexafi.payments.wallets import (
    actions,
    exchanging,
    holding,
    queries,
    statement,
    withdrawing,
)
from nexafi.payments.wallets.actions import Words
from nexafi.payments.wallets.moving import (
    ExchangeIn,
    PaymentIn,
    PaymentOut,
    QuoteIn,
    QuoteOut,
    TransferIn,
    TransferOut,
    WalletRefundIn,
    WithdrawalIn,
    WithdrawalOut,
    WithdrawalPaidIn,
)
from nexafi.payments.wallets.problems import CurrencyUnknown
from nexafi.payments.wallets.rules import State
from nexafi.payments.wallets.schemas import (
    EntriesQuery,
    EntryOut,
    HoldCaptureIn,
    HoldIn,
    HoldOut,
    HoldsQuery,
    LimitOut,
    LimitsIn,
    LimitsOut,
    ReleaseIn,
    StatementQuery,
    WalletChange,
    WalletIn,
    WalletOut,
    WalletsQuery,
    WalletStatementOut,
    WhyIn,
)

routes = Routes("/api/v1/payments/wallets")


@routes.post("", needs=May.WALLET_EDIT, gives=WalletOut)
def add_wallet(work: Work, body: WalletIn) -> WalletOut:
    """Open a wallet for a customer."""
    return _shown(work, actions.add(work, body.customer, body.name, body.metadata))


@routes.get("", needs=May.WALLET_READ, gives=Page[WalletOut])
def list_wallets(work: Work, query: WalletsQuery) -> Page[WalletOut]:
    """Return a page of wallets, the newest first."""
    rows = queries.wallets(work, query, customer_id=query.customer)
    balances = queries.balances(work, [row.id for row in rows])
    return Page[WalletOut].of(rows, query, lambda row: WalletOut.of(row, balances))


@routes.get("/limits", needs=May.WALLET_READ, gives=LimitsOut)
def list_limits_of_all(work: Work) -> LimitsOut:
    """Return the limits of all wallets that have none of their own."""
    return LimitsOut(items=[LimitOut.of(each) for each in queries.limits_of(work, None)])


@routes.put("/limits/<currency>", needs=May.WALLET_EDIT, gives=LimitOut)
def set_limits_of_all(work: Work, currency: str, body: LimitsIn) -> LimitOut:
    """Set the limits of all wallets that have none of their own in a currency."""
    _check_currency(currency, body)
    return LimitOut.of(actions.limit(work, None, currency, body.limits()))


@routes.get("/<uuid:wallet_id>", needs=May.WALLET_READ, gives=WalletOut)
def read_wallet(work: Work, wallet_id: UUID) -> WalletOut:
    """Return one wallet and its balances."""
    return _shown(work, queries.wallet(work, wallet_id))


@routes.patch("/<uuid:wallet_id>", needs=May.WALLET_EDIT, gives=WalletOut)
def change_wallet(work: Work, wallet_id: UUID, body: WalletChange) -> WalletOut:
    """Change what is said of a wallet; what is left out stays."""
    return _shown(work, actions.change(work, wallet_id, body.changes()))


@routes.act("/<uuid:wallet_id>/freeze", needs=May.WALLET_EDIT, gives=WalletOut)
def freeze_wallet(work: Work, wallet_id: UUID, body: WhyIn) -> WalletOut:
    """Let nothing go in or out by request; what a provider takes or brings still counts."""
    return _shown(work, actions.turn(work, wallet_id, State.FROZEN, body.reason))


@routes.act("/<uuid:wallet_id>/open", needs=May.WALLET_EDIT, gives=WalletOut)
def open_wallet(work: Work, wallet_id: UUID, body: WhyIn) -> WalletOut:
    """Let a wallet be used again that was frozen or closed."""
    return _shown(work, actions.turn(work, wallet_id, State.OPEN, body.reason))


@routes.act("/<uuid:wallet_id>/close", needs=May.WALLET_EDIT, gives=WalletOut)
def close_wallet(work: Work, wallet_id: UUID, body: WhyIn) -> WalletOut:
    """Close a wallet that has nothing, reserves nothing and awaits nothing."""
    return _shown(work, actions.turn(work, wallet_id, State.CLOSED, body.reason))


@routes.get("/<uuid:wallet_id>/limits", needs=May.WALLET_READ, gives=LimitsOut)
def list_limits(work: Work, wallet_id: UUID) -> LimitsOut:
    """Return the limits of this wallet alone."""
    found = queries.limits_of(work, queries.wallet(work, wallet_id).id)
    return LimitsOut(items=[LimitOut.of(each) for each in found])


@routes.put("/<uuid:wallet_id>/limits/<currency>", needs=May.WALLET_EDIT, gives=LimitOut)
def set_limits(work: Work, wallet_id: UUID, currency: str, body: LimitsIn) -> LimitOut:
    """Set the limits of this wallet in a currency, in the place of those of all."""
    _check_currency(currency, body)
    return LimitOut.of(actions.limit(work, wallet_id, currency, body.limits()))


@routes.get("/<uuid:wallet_id>/entries", needs=May.WALLET_READ, gives=Page[EntryOut])
def list_entries(work: Work, wallet_id: UUID, query: EntriesQuery) -> Page[EntryOut]:
    """Return a page of what changed the balances of a wallet, the newest first."""
    queries.wallet(work, wallet_id)
    rows = queries.entries(work, query, wallet_id, currency=query.currency, kind=query.kind)
    return Page[EntryOut].of(rows, query, EntryOut.of)


@routes.get(
    "/<uuid:wallet_id>/statement", needs=May.WALLET_READ, gives=WalletStatementOut, report=True
)
def read_statement(
    work: Work, wallet_id: UUID, query: StatementQuery
) -> WalletStatementOut | Download:
    """Return what a wallet held of a currency when some days began, what changed, what was left."""
    drawn = statement.draw(work, wallet_id, query.currency, query.since, query.until)
    if query.format is Format.JSON:
        return WalletStatementOut.of(drawn)
    return export(statement.table(work, queries.wallet(work, wallet_id), drawn), query.format)


# -- holds --------------------------------------------------------------------------------------


@routes.post("/<uuid:wallet_id>/holds", needs=May.WALLET_MOVE, gives=HoldOut)
def hold(work: Work, wallet_id: UUID, body: HoldIn) -> HoldOut:
    """Reserve money of a wallet, to capture or release it later."""
    return HoldOut.of(holding.hold(work, wallet_id, body.amount, body.words(), body.expires_at))


@routes.get("/<uuid:wallet_id>/holds", needs=May.WALLET_READ, gives=Page[HoldOut])
def list_holds(work: Work, wallet_id: UUID, query: HoldsQuery) -> Page[HoldOut]:
    """Return a page of the holds of a wallet, the newest first."""
    queries.wallet(work, wallet_id)
    rows = queries.holds(work, query, wallet_id, state=query.state)
    return Page[HoldOut].of(rows, query, HoldOut.of)


@routes.get("/<uuid:wallet_id>/holds/<uuid:hold_id>", needs=May.WALLET_READ, gives=HoldOut)
def read_hold(work: Work, wallet_id: UUID, hold_id: UUID) -> HoldOut:
    """Return one hold."""
    return HoldOut.of(queries.hold(work, wallet_id, hold_id))


@routes.act("/<uuid:wallet_id>/holds/<uuid:hold_id>/capture", needs=May.WALLET_MOVE, gives=HoldOut)
def capture_hold(work: Work, wallet_id: UUID, hold_id: UUID, body: HoldCaptureIn) -> HoldOut:
    """Take what is reserved, or a part of it: a payment, or with `to` a transfer."""
    row = holding.capture(
        work,
        wallet_id,
        hold_id,
        body.amount,
        to_id=body.to,
        is_final=body.final,
        description=body.description,
    )
    return HoldOut.of(row)


@routes.act("/<uuid:wallet_id>/holds/<uuid:hold_id>/release", needs=May.WALLET_MOVE, gives=HoldOut)
def release_hold(
    work: Work,
    wallet_id: UUID,
    hold_id: UUID,
    body: ReleaseIn,  # noqa: ARG001 - it says nothing, and no more may be said
) -> HoldOut:
    """Let go of what is reserved."""
    return HoldOut.of(holding.release(work, wallet_id, hold_id))


# -- payments and transfers ---------------------------------------------------------------------


@routes.post("/<uuid:wallet_id>/payments", needs=May.WALLET_MOVE, gives=PaymentOut)
def pay(work: Work, wallet_id: UUID, body: PaymentIn) -> PaymentOut:
    """Pay the organization out of a wallet."""
    return PaymentOut.of(actions.pay(work, wallet_id, body.amount, body.words()))


@routes.get("/<uuid:wallet_id>/payments", needs=May.WALLET_READ, gives=Page[PaymentOut])
def list_payments(work: Work, wallet_id: UUID, query: PageQuery) -> Page[PaymentOut]:
    """Return a page of the payments out of a wallet, the newest first."""
    queries.wallet(work, wallet_id)
    return Page[PaymentOut].of(queries.payments(work, query, wallet_id), query, PaymentOut.of)


@routes.act(
    "/<uuid:wallet_id>/payments/<uuid:payment_id>/refunds", needs=May.WALLET_MOVE, gives=PaymentOut
)
def refund_payment(
    work: Work, wallet_id: UUID, payment_id: UUID, body: WalletRefundIn
) -> PaymentOut:
    """Give a payment, or a part of it, back into its wallet."""
    words = Words(body.description)
    return PaymentOut.of(actions.refund(work, wallet_id, payment_id, body.amount, words))


@routes.post("/<uuid:wallet_id>/transfers", needs=May.WALLET_MOVE, gives=TransferOut)
def transfer(work: Work, wallet_id: UUID, body: TransferIn) -> TransferOut:
    """Move money from this wallet to another."""
    words = Words(body.description)
    return TransferOut.of(actions.transfer(work, wallet_id, body.to, body.amount, words))


# -- withdrawals --------------------------------------------------------------------------------


@routes.post("/<uuid:wallet_id>/withdrawals", needs=May.WALLET_MOVE, gives=WithdrawalOut)
def request_withdrawal(work: Work, wallet_id: UUID, body: WithdrawalIn) -> WithdrawalOut:
    """Ask for money to be sent to the customer. It is reserved until it was sent, or could not be.

    Say so with `paid` or `failed`.
    """
    destination = body.destination.model_dump(exclude_none=True)
    row = withdrawing.request(work, wallet_id, body.amount, destination, body.words())
    return WithdrawalOut.of(row)


@routes.get("/<uuid:wallet_id>/withdrawals", needs=May.WALLET_READ, gives=Page[WithdrawalOut])
def list_withdrawals(work: Work, wallet_id: UUID, query: PageQuery) -> Page[WithdrawalOut]:
    """Return a page of the withdrawals from a wallet, the newest first."""
    queries.wallet(work, wallet_id)
    rows = queries.withdrawals(work, query, wallet_id)
    return Page[WithdrawalOut].of(rows, query, WithdrawalOut.of)


@routes.get(
    "/<uuid:wallet_id>/withdrawals/<uuid:withdrawal_id>",
    needs=May.WALLET_READ,
    gives=WithdrawalOut,
)
def read_withdrawal(work: Work, wallet_id: UUID, withdrawal_id: UUID) -> WithdrawalOut:
    """Return one withdrawal."""
    return WithdrawalOut.of(queries.withdrawal(work, wallet_id, withdrawal_id))


@routes.act(
    "/<uuid:wallet_id>/withdrawals/<uuid:withdrawal_id>/paid",
    needs=May.PAYOUT_CREATE,
    gives=WithdrawalOut,
)
def pay_withdrawal(
    work: Work, wallet_id: UUID, withdrawal_id: UUID, body: WithdrawalPaidIn
) -> WithdrawalOut:
    """Say that the money was sent. It leaves the wallet, and the books have it."""
    row = withdrawing.pay(
        work, wallet_id, withdrawal_id, provider=body.provider, reference=body.reference
    )
    return WithdrawalOut.of(row)


@routes.act(
    "/<uuid:wallet_id>/withdrawals/<uuid:withdrawal_id>/failed",
    needs=May.WALLET_MOVE,
    gives=WithdrawalOut,
)
def fail_withdrawal(work: Work, wallet_id: UUID, withdrawal_id: UUID, body: WhyIn) -> WithdrawalOut:
    """Say that the money will not be sent. It can be used again."""
    return WithdrawalOut.of(withdrawing.fail(work, wallet_id, withdrawal_id, body.reason))


# -- exchanges ----------------------------------------------------------------------------------


@routes.post("/<uuid:wallet_id>/quotes", needs=May.WALLET_MOVE, gives=QuoteOut)
def quote(work: Work, wallet_id: UUID, body: QuoteIn) -> QuoteOut:
    """Lock for five minutes what an amount gives in another currency."""
    return QuoteOut.of(exchanging.quote(work, wallet_id, body.amount, body.to))


@routes.post("/<uuid:wallet_id>/exchanges", needs=May.WALLET_MOVE, gives=QuoteOut)
def exchange(work: Work, wallet_id: UUID, body: ExchangeIn) -> QuoteOut:
    """Exchange what a quote says, at its rate, once."""
    return QuoteOut.of(exchanging.exchange(work, wallet_id, body.quote))


def _shown(work: Work, row: Wallet) -> WalletOut:
    return WalletOut.of(row, queries.balances(work, [row.id]))


def _check_currency(currency: str, body: LimitsIn) -> None:
    if currency not in CURRENCIES:
        raise CurrencyUnknown(f"{currency[:3]!r} is no currency of ISO 4217.")
    if body.currency not in {None, currency}:
        raise OtherCurrency(f"These limits are in {currency}.")
