"""What is counted of payments, for those who run them."""

from __future__ import annotations

from typing import Final

from nexafi.kernel.watch.counts import Count

CHARGES: Final = Count("charges_created", "Charges that were made.")
CAPTURES: Final = Count("captures", "Captures that providers made.")
FAILURES: Final = Count("charges_failed", "Charges that providers refused.")
REFUNDS: Final = Count("refunds", "Refunds that providers made.")
MOVEMENTS: Final = Count("movements", "Money movements that were told to the ledger.")
HELD: Final = Count("operations_held", "Operations whose outcome a person has to find out.")
DISPUTES: Final = Count("disputes_opened", "Disputes that providers told of.")
WEBHOOKS: Final = Count("webhooks_received", "Webhooks of providers that were kept.")
DELIVERIES: Final = Count("webhooks_delivered", "Webhooks that receivers took.")
WRONG_WALLETS: Final = Count(
    "wallet_balances_wrong", "Balances of wallets that were not the sum of their entries."
)
BANK_FILES: Final = Count("bank_files", "Files that were made for banks.")
BANK_ANSWERS: Final = Count("bank_answers", "Answers of banks that were taken in.")
LINES_SETTLED: Final = Count("settlement_lines_read", "Lines of payout reports that were taken in.")
BREAKS: Final = Count("breaks_opened", "Breaks that were opened while settling.")

ALL: Final = (
    CHARGES,
    CAPTURES,
    FAILURES,
    REFUNDS,
    MOVEMENTS,
    HELD,
    DISPUTES,
    WEBHOOKS,
    DELIVERIES,
    WRONG_WALLETS,
    BANK_FILES,
    BANK_ANSWERS,
    LINES_SETTLED,
    BREAKS,
)
