"""Stripe, behind the verbs that all providers have.

Here stands what one must know before Stripe is spoken to. Speaking to it takes
its official library, which is slow to load and large: it is loaded with the
first question (`stripe_line.py`) or webhook, never at the start.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar, Final

from nexafi.payments.errors import NoticeRefused
from nexafi.payments.providers import stripe_notices
from nexafi.payments.providers.port import Account, Answer, Notice, Request, Takes

if TYPE_CHECKING:
    from nexafi.payments.providers.stripe_line import Line

URL: Final = "https://api.stripe.com"
ANSWER_S: Final = 20.0
"""How long we wait for an answer: the longest way takes four, and is shorter than our patience."""
AGE_MAX: Final = timedelta(minutes=5)
"""How old a webhook may be, and how far ahead the clock of its sender."""
_TOKEN: Final = re.compile(r"(cus_\w{1,100}/)?(pm|src|card|ba)_\w{1,100}", re.ASCII)
_SIGNED_AT: Final = re.compile(r"(?:^|,)\s*t=([0-9]{1,12})(?:,|$)", re.ASCII)


class Stripe:
    """Cards and debits through Stripe."""

    name: ClassVar[str] = "stripe"
    title: ClassVar[str] = "Stripe"
    keys: ClassVar[Mapping[str, str]] = {
        "secret_key": "the secret key (sk_... or, restricted, rk_...), under Developers, API keys",
        "webhook_secret": "the signing secret of the webhook endpoint (whsec_...); while you"
        " change it, both with a comma between",
    }
    takes: ClassVar[Takes] = Takes(
        methods=frozenset({"card", "sepa_debit", "ach_debit"}), captures_often=True
    )
    window: ClassVar[timedelta] = timedelta(hours=23)
    """Stripe knows a key for a day at least; the last hour is for clocks that differ."""

    def __init__(self, url: str = URL, answer_s: float = ANSWER_S) -> None:
        self._url, self._answer_s = url.rstrip("/"), answer_s

    @cached_property
    def _line(self) -> Line:
        module = import_module("nexafi.payments.providers.stripe_line")
        line: Line = module.Line(self._url, self._answer_s)
        return line

    def owns(self, token: str) -> bool:
        """Return whether this is a payment method of Stripe, with its customer or without."""
        return _TOKEN.fullmatch(token) is not None

    def ask(self, account: Account, request: Request) -> Answer:
        """Do what is asked, once for each id of a request."""
        return self._line.ask(account, request)

    def look_up(self, account: Account, request: Request) -> Answer:
        """Return what became of a request, by its reference or by what was given along."""
        return self._line.look_up(account, request)

    def read_notice(
        self, account: Account, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> Notice:
        """Return what a webhook says, after its signature and its age."""
        signature = headers.get("stripe-signature", "")
        secrets = account.keys["webhook_secret"].split(",")
        verify = import_module("nexafi.payments.providers.stripe_calls").verify
        if not any(verify(body, signature, each.strip()) for each in secrets):
            raise NoticeRefused("The signature of the webhook is not Stripe's.")
        signed = _SIGNED_AT.search(signature)
        if signed is None or abs(now - datetime.fromtimestamp(int(signed[1]), UTC)) > AGE_MAX:
            raise NoticeRefused("The webhook is older than five minutes.")
        try:
            return stripe_notices.notice(json.loads(body))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise NoticeRefused("The webhook is no event of Stripe.") from error
