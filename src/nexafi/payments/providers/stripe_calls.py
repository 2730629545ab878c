"""Calls of Stripe's official library, and the four ways in which one can end.

It is answered, refused, surely did nothing, or nobody knows. The library is
loaded with this module, which nothing imports at the start: see `stripe.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import stripe

from nexafi.payments.providers.port import Reason

CONNECT_S: Final = 5.0
"""How long we wait for a connection."""
DEPTH_MAX: Final = 10
NOT_REACHED: Final = {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"}
"""What urllib3, by which the library speaks, raises where no connection came about."""

stripe.enable_telemetry = False  # how long calls take is between us and our metrics
logging.getLogger("stripe").setLevel(logging.WARNING)  # else each call says twice that it was made


class Refused(Exception):
    """Stripe said no; `error` says why, in its words."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(error.get("message") or error.get("code") or "refused")
        self.error = error


class Untouched(Exception):
    """Stripe did nothing, or was not reached."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Unsure(Exception):
    """Nobody knows whether Stripe did it.

    Args:
        message: why.
        was_answered: Stripe did answer, but not what became of it; it keeps such an answer
            under the key.

    """

    def __init__(self, message: str, *, was_answered: bool = False) -> None:
        super().__init__(message)
        self.was_answered = was_answered


class _Shown(Protocol):
    def to_dict(self) -> dict[str, Any]: ...


def client(url: str, key: str, http: stripe.HTTPClient) -> stripe.StripeClient:
    """Return Stripe as the owner of a key sees it; nothing is asked again behind our back."""
    return stripe.StripeClient(
        key, base_addresses={"api": url}, http_client=http, max_network_retries=0
    )


def http_client(answer_s: float) -> stripe.HTTPClient:
    """Return what keeps the connections of each thread, for all organizations."""
    return stripe.RequestsClient(timeout=(CONNECT_S, answer_s))


def told(call: Callable[[], _Shown]) -> dict[str, Any]:
    """Return what a call was answered; raise Refused, Untouched or Unsure otherwise."""
    try:
        return call().to_dict()
    except stripe.APIConnectionError as error:
        if _was_not_reached(error):
            raise Untouched(Reason.UNAVAILABLE, "Stripe is not reached.") from error
        raise Unsure("The connection to Stripe broke, or its answer took too long.") from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise Untouched(Reason.CREDENTIALS_REFUSED, _words(error)) from error
    except stripe.RateLimitError as error:
        raise Untouched(Reason.LIMITED, _words(error)) from error
    except (stripe.CardError, stripe.InvalidRequestError) as error:
        if (said := _error(error)) is None:
            raise Unsure(_words(error)) from error
        raise Refused(said) from error
    except stripe.StripeError as error:  # 409, 500, a key used otherwise, what cannot be read
        raise Unsure(_words(error), was_answered=error.http_status is not None) from error


def verify(body: bytes, signature: str, secret: str) -> bool:
    """Return whether a webhook bears the signature that a secret makes, whatever its age."""
    try:
        stripe.WebhookSignature.verify_header(body, signature, secret)
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False
    return True


def _error(error: stripe.StripeError) -> Mapping[str, Any] | None:
    body = error.json_body
    said = body.get("error") if isinstance(body, Mapping) else None
    return said if isinstance(said, Mapping) else None


def _words(error: stripe.StripeError) -> str:
    return f"{error.http_status or ''} {error.user_message or type(error).__name__}".strip()


def _was_not_reached(error: BaseException) -> bool:
    """Return whether not even a connection was made, so that nothing can have been heard."""
    for _ in range(DEPTH_MAX):
        reason = getattr(error, "reason", None) or (error.args[0] if error.args else None)
        if type(error).__name__ in NOT_REACHED:
            return True
        following = reason if isinstance(reason, BaseException) else error.__cause__
        if following is None:
            return False
        error = following
    return False
