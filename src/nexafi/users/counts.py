"""What is counted of sign-ups and log-ins, for those who run the platform."""

from __future__ import annotations

from typing import Final

from nexafi.kernel.watch.counts import Count

ORGANIZATIONS_FOUNDED: Final = Count("organizations_founded", "Organizations that signed up.")
LOGINS_SUCCEEDED: Final = Count("logins_succeeded", "Log-ins with the right password.")
LOGINS_FAILED: Final = Count("logins_failed", "Log-ins with a wrong password, or of nobody.")

ALL: Final = (ORGANIZATIONS_FOUNDED, LOGINS_SUCCEEDED, LOGINS_FAILED)
