"""All that may go wrong with wallets."""

from __future__ import annotations

from nexafi.kernel.errors import Conflict, Invalid, NotFound


class WalletNotFound(NotFound):
    """No such wallet in this organization."""

    title = "No such wallet"


class HoldNotFound(NotFound):
    """No such hold of this wallet."""

    title = "No such hold"


class WalletPaymentNotFound(NotFound):
    """No such payment out of this wallet."""

    title = "No such payment"


class WithdrawalNotFound(NotFound):
    """No such withdrawal from this wallet."""

    title = "No such withdrawal"


class QuoteNotFound(NotFound):
    """No such quote of this wallet."""

    title = "No such quote"


class WrongWalletState(Conflict):
    """The wallet is frozen, or cannot come to this state from where it is."""

    title = "The wallet is in another state"


class WalletClosed(Conflict):
    """The wallet is closed; nothing goes in or out."""

    title = "The wallet is closed"


class WalletNotEmpty(Conflict):
    """Only a wallet that has nothing, reserves nothing and owes nothing can be closed."""

    title = "The wallet is not empty"


class NotEnough(Invalid):
    """The wallet has less that can be used."""

    title = "Not enough in the wallet"
    constraint = "ck_wallet_balances_enough"


class LimitExceeded(Invalid):
    """A limit of the wallet, or of all wallets, would be exceeded."""

    title = "More than the limit"


class HoldEnded(Conflict):
    """The hold was captured, released, or is past its time."""

    title = "The hold has ended"
    constraint = "ck_wallet_holds_within"


class HoldReserved(Conflict):
    """The hold belongs to a withdrawal or a return, which captures or releases it itself."""

    title = "The hold belongs to something else"


class WithdrawalEnded(Conflict):
    """The withdrawal was paid, or has failed."""

    title = "The withdrawal has ended"


class SameWallet(Invalid):
    """Money is moved from a wallet to itself, or exchanged for the same currency."""

    title = "From and to are the same"


class QuoteSpent(Conflict):
    """The quote was used, or its time is over."""

    title = "The quote cannot be used any more"


class TooLittle(Invalid):
    """What would come out of an exchange is less than the smallest unit of its currency."""

    title = "Too little to exchange"


class StatementTooLong(Invalid):
    """More entries than one statement can hold."""

    title = "Too many entries for one statement"


class CurrencyUnknown(Invalid):
    """There is no such currency."""

    title = "No such currency"


class SpanUnfit(Invalid):
    """A span of days that ends before it begins."""

    title = "The days are the wrong way round"
