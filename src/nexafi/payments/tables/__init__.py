"""All that payments remember.

`Owned` brings the key (organization_id, id); what `refers_to` another row can
only refer to one of the same organization.
"""

from nexafi.payments.tables.bank import BankAnswer, BankFile, BankOrder, Mandate, Payout
from nexafi.payments.tables.base import MINOR_MAX, Base
from nexafi.payments.tables.charges import (
    Charge,
    Connection,
    Customer,
    Movement,
    Operation,
    PaymentMethod,
    Rate,
)
from nexafi.payments.tables.disputes import Dispute, DisputeFile
from nexafi.payments.tables.fees import ChargeFee, FeeRule
from nexafi.payments.tables.hooks import (
    PaymentLink,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from nexafi.payments.tables.routing import RoutingRule
from nexafi.payments.tables.settlements import (
    Check,
    Finding,
    Settlement,
    SettlementBreak,
    SettlementFile,
    SettlementLine,
    SettlementMatch,
)
from nexafi.payments.tables.wallets import (
    Wallet,
    WalletBalance,
    WalletEntry,
    WalletHold,
    WalletLimit,
    WalletPayment,
    WalletQuote,
    WalletTopUp,
    WalletWithdrawal,
)

__all__ = [
    "MINOR_MAX",
    "BankAnswer",
    "BankFile",
    "BankOrder",
    "Base",
    "Charge",
    "ChargeFee",
    "Check",
    "Connection",
    "Customer",
    "Dispute",
    "DisputeFile",
    "FeeRule",
    "Finding",
    "Mandate",
    "Movement",
    "Operation",
    "PaymentLink",
    "PaymentMethod",
    "Payout",
    "Rate",
    "RoutingRule",
    "Settlement",
    "SettlementBreak",
    "SettlementFile",
    "SettlementLine",
    "SettlementMatch",
    "Wallet",
    "WalletBalance",
    "WalletEntry",
    "WalletHold",
    "WalletLimit",
    "WalletPayment",
    "WalletQuote",
    "WalletTopUp",
    "WalletWithdrawal",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
]
