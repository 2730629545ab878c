"""What one may be permitted to do with payments: `payments:<thing>:<deed>`."""

from __future__ import annotations

from enum import StrEnum


class PaymentsPermission(StrEnum):
    """The permissions of payments, in alphabetical order."""

    ANALYTICS_READ = "payments:analytics:read"
    BANK_FILE_EDIT = "payments:bank_file:edit"
    """To make files for the bank, and to hand in what it answers."""
    BANK_FILE_READ = "payments:bank_file:read"
    CHARGE_CAPTURE = "payments:charge:capture"
    """To capture what was authorized, or to void it."""
    CHARGE_CREATE = "payments:charge:create"
    CHARGE_READ = "payments:charge:read"
    CHARGE_REFUND = "payments:charge:refund"
    CUSTOMER_EDIT = "payments:customer:edit"
    """To keep customers, their payment methods and mandates."""
    CUSTOMER_READ = "payments:customer:read"
    DISPUTE_EDIT = "payments:dispute:edit"
    DISPUTE_READ = "payments:dispute:read"
    FEE_EDIT = "payments:fee:edit"
    """To set what the operator of the platform takes for a payment."""
    FEE_READ = "payments:fee:read"
    PAYOUT_CREATE = "payments:payout:create"
    """To send money out."""
    PAYOUT_READ = "payments:payout:read"
    PROVIDER_EDIT = "payments:provider:edit"
    """To connect providers, and to say which of them takes what."""
    PROVIDER_READ = "payments:provider:read"
    SETTLEMENT_EDIT = "payments:settlement:edit"
    SETTLEMENT_READ = "payments:settlement:read"
    WALLET_EDIT = "payments:wallet:edit"
    WALLET_MOVE = "payments:wallet:move"
    """To move the money of wallets: top up, hold, transfer, withdraw."""
    WALLET_READ = "payments:wallet:read"
    WEBHOOK_EDIT = "payments:webhook:edit"
    WEBHOOK_READ = "payments:webhook:read"
