"""What an installation may set about payments."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PaymentsSettings:
    """Which providers there are, and where they are reached."""

    has_sandbox: bool = True
    """Whether the sandbox can be used; an installation that takes real money may leave it out."""
    stripe_url: str = "https://api.stripe.com"
    paypal_url: str = "https://api-m.paypal.com"
    takes_private_urls: bool = False
    """Whether webhooks may be sent to addresses of private networks; for tests and first steps."""
