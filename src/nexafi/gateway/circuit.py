"""When a service fails again and again it is left alone for a moment, then tried with one call.

So callers hear at once what they would hear after a timeout, and a service that is starting again
is not met by everyone who waited for it.
"""

from __future__ import annotations


class Circuit:
    """Whether a service may be asked just now.

    Args:
        failures_max: failures in a row after which nobody asks for a while.
        rest_s: how long that is at first; each failed trial doubles it.
        rest_max_s: how long it can become.

    """

    def __init__(self, failures_max: int, rest_s: float, rest_max_s: float) -> None:
        self._failures_max = failures_max
        self._rest_first_s = self._rest_s = rest_s
        self._rest_max_s = rest_max_s
        self._failures = 0
        self._open_until: float | None = None
        self._trial_until = 0.0

    def rests_s(self, now: float) -> float:
        """Return 0 if the service may be asked, else the seconds until it is tried again.

        After its rest exactly one caller is let through; the others wait for what it finds, or for
        as long as the rest was, should that caller never tell.
        """
        if self._open_until is None:
            return 0.0
        if now < self._open_until:
            return self._open_until - now
        if now < self._trial_until:
            return self._trial_until - now
        self._trial_until = now + self._rest_s
        return 0.0

    @property
    def is_open(self) -> bool:
        """Return whether the service is being left alone."""
        return self._open_until is not None

    def succeeded(self) -> None:
        """Note an answer of the service, whatever it said."""
        self._failures = 0
        if self._open_until is not None:
            self._open_until = None
            self._rest_s = self._rest_first_s

    def failed(self, now: float) -> None:
        """Note that the service could not be reached, broke off or was too slow."""
        self._failures += 1
        if self._open_until is not None and now >= self._open_until:
            self._rest_s = min(self._rest_s * 2, self._rest_max_s)
            self._open_until, self._trial_until = now + self._rest_s, 0.0
        elif self._open_until is None and self._failures >= self._failures_max:
            self._open_until, self._trial_until = now + self._rest_s, 0.0
