"""PayPal, behind the verbs that all providers have.

What PayPal calls an order is a charge of ours; what it calls authorization,
capture and refund are its operations. Sending is done by `paypal_line.py`, in
the words of `paypal_words.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar, Final

from nexafi.payments.errors import NoticeRefused
from nexafi.payments.providers import paypal_notices, paypal_words
from nexafi.payments.providers.paypal_calls import Calls, Refused, Unsure, Untouched
from nexafi.payments.providers.paypal_line import APPROVAL, Line
from nexafi.payments.providers.paypal_signatures import Signatures
from nexafi.payments.providers.port import Account, Answer, Notice, Request, Subject, Takes

URL: Final = "https://api-m.paypal.com"
_TOKEN: Final = re.compile(rf"{APPROVAL}|vault_[0-9A-Za-z_-]{{1,200}}|B-[0-9A-Z]{{17}}", re.ASCII)


class PayPal:
    """PayPal wallets: saved ones, and payers who approve at PayPal's page."""

    name: ClassVar[str] = "paypal"
    title: ClassVar[str] = "PayPal"
    keys: ClassVar[Mapping[str, str]] = {
        "client_id": "the client id of your app, under Apps & Credentials",
        "client_secret": "the secret of the same app",
        "webhook_id": "the id of the webhook that you made for the app, under Webhooks",
    }
    takes: ClassVar[Takes] = Takes(
        methods=frozenset({"paypal"}), currencies=paypal_words.CURRENCIES, captures_often=True
    )
    window: ClassVar[timedelta] = timedelta(hours=5)
    """PayPal knows a key of an order for six hours; the last one is for clocks that differ."""
    asks_to_verify: ClassVar[bool] = True

    def __init__(self, url: str = URL) -> None:
        url = url.rstrip("/")
        calls = Calls(url)
        self._line = Line(calls)
        self._signatures = Signatures(url, calls.fetch)

    def owns(self, token: str) -> bool:
        """Return whether this is the approval at PayPal's page, or something saved at PayPal."""
        return _TOKEN.fullmatch(token) is not None

    def ask(self, account: Account, request: Request) -> Answer:
        """Do what is asked, once for each id of a request."""
        return self._line.ask(account, request)

    def look_up(self, account: Account, request: Request) -> Answer:
        """Return what became of a request, by its order or by what was given along."""
        return self._line.look_up(account, request)

    def read_notice(
        self, account: Account, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> Notice:
        """Return what a webhook says, after its signature and its age.

        PayPal speaks of refunds and disputes by the capture; then it is asked for the order.
        """
        self._signatures.check(account.keys["webhook_id"], body, headers, now)
        try:
            event = json.loads(body)
            notice = paypal_notices.notice(event)
            is_whole = notice.charge_reference is not None or notice.operation_id is not None
            if notice.subject is Subject.OTHER or is_whole:
                return notice
            return self._with_order(account, notice, paypal_notices.capture_of(event))
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise NoticeRefused("The webhook is no event of PayPal.") from error

    def _with_order(self, account: Account, notice: Notice, capture_id: str | None) -> Notice:
        """Return a notice with its order; what a dispute tells of anyway is not told twice."""
        if capture_id is None:
            return replace(notice, subject=Subject.OTHER)
        try:
            order, why = self._line.order_of_capture(account, capture_id)
        except Refused:
            return replace(notice, subject=Subject.OTHER)  # carrying on: no capture of ours
        except (Untouched, Unsure) as error:
            # PayPal sends it again.
            raise NoticeRefused("PayPal does not say what the webhook is about.") from error
        if notice.subject is Subject.REFUND and why in paypal_notices.DISPUTED:
            return replace(notice, subject=Subject.OTHER)
        return replace(notice, charge_reference=order)
