"""The bank as a provider: it takes what a mandate allows, and answers by file, days later.

Nothing is sent when it is asked. What it took on waits for a file (`bank_files`), and whatever
the bank says of that file ends it. So a question is always answered alike: pending, by the id that
goes with the payment from end to end.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar

from nexafi.payments.errors import NoticeRefused
from nexafi.payments.providers.port import Account, Answer, Notice, Outcome, Request, Takes


class Bank:
    """Debits by SEPA and by ACH, from accounts whose owners signed a mandate."""

    name: ClassVar[str] = "bank"
    title: ClassVar[str] = "Bank transfer"
    keys: ClassVar[Mapping[str, str]] = {}
    takes: ClassVar[Takes] = Takes(
        methods=frozenset({"sepa_debit", "ach_debit"}),
        currencies=frozenset({"EUR", "USD"}),
        currency_of={"sepa_debit": "EUR", "ach_debit": "USD"},
        authorizes=False,
        captures_parts=False,
        minor_max=9_999_999_999,
    )
    window: ClassVar[timedelta] = timedelta(days=3650)

    def owns(self, token: str) -> bool:  # noqa: ARG002 - none at all
        """Return False: only a mandate makes a payment method of the bank."""
        return False

    def ask(self, account: Account, request: Request) -> Answer:  # noqa: ARG002 - none is needed
        """Take it on; a file will carry it."""
        end_to_end_id = request.id.hex
        return Answer(
            Outcome.PENDING,
            charge_reference=request.reference or end_to_end_id,
            reference=end_to_end_id,
        )

    def look_up(self, account: Account, request: Request) -> Answer:
        """Say the same again: the bank is heard by its files alone."""
        return self.ask(account, request)

    def read_notice(
        self,
        account: Account,  # noqa: ARG002
        body: bytes,  # noqa: ARG002
        headers: Mapping[str, str],  # noqa: ARG002
        now: datetime,  # noqa: ARG002
    ) -> Notice:
        """Refuse: a bank sends files, not webhooks."""
        raise NoticeRefused("The bank sends no webhooks; see POST /payments/bank-files/answers.")
