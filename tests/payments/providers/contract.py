"""What a test needs to know of a provider to hold it to the promises of `port.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from nexafi.kernel.values.ids import new_id
from nexafi.kernel.values.money import Money
from nexafi.payments.providers.port import Account, Answer, Kind, Method, Outcome, Provider, Request


@dataclass(frozen=True)
class Subject:
    """A provider, an account there, and payment methods that behave in known ways."""

    provider: Provider
    account: Account
    good: Method
    declined: Method
    foreign: str
    """A token of another provider."""
    unreachable: Provider | None = None
    """The same provider at an address where nobody listens."""
    remembers: bool = True
    """Whether it knows what it was not asked."""
    forged: Mapping[str, str] = field(default_factory=dict)
    """Headers of a webhook that is not the provider's."""

    def request(self, kind: Kind, minor: int = 100_00, of: Answer | None = None) -> Request:
        """Return a new request; *of* is what was answered to the charge that it is about."""
        reference = of.charge_reference if of else None
        amount = Money(minor, "EUR")
        return Request(new_id(), kind, amount, uuid4(), self.good, reference=reference)

    def ask(self, request: Request) -> Answer:
        return self.provider.ask(self.account, request)

    def done(self, kind: Kind, minor: int = 100_00, of: Answer | None = None) -> Answer:
        """Ask for something new, which must succeed."""
        answer = self.ask(self.request(kind, minor, of))
        assert answer.outcome is Outcome.SUCCEEDED, answer
        return answer
