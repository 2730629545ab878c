"""Health: alive is who answers; ready is who can do what it is there for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Check = Callable[[], str | None]
"""Returns what is wrong, in a few words for the operator, or None."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of the checks."""

    faults: Mapping[str, str]
    """What is wrong, by the name of the check."""
    checked: tuple[str, ...]

    @property
    def is_ready(self) -> bool:
        """Return whether nothing is wrong."""
        return not self.faults

    def as_json(self) -> dict[str, object]:
        """Return the verdict as it is told."""
        checks = {name: self.faults.get(name, "ok") for name in self.checked}
        return {"status": "ready" if self.is_ready else "not ready", "checks": checks}


class Health:
    """The checks of one process."""

    def __init__(self, **checks: Check) -> None:
        self._checks = checks
        self._is_draining = False

    def drain(self) -> None:
        """Be ready no more: this process is about to stop."""
        self._is_draining = True

    def ask(self) -> Verdict:
        """Do every check; one that cannot be done is a fault, told in full to the log only."""
        faults: dict[str, str] = {"process": "stopping"} if self._is_draining else {}
        for name, check in self._checks.items():
            try:
                fault = check()
            except Exception as error:
                log.warning("the check of the %s failed", name, exc_info=error)
                fault = f"the check failed: {type(error).__name__}"
            if fault:
                faults[name] = fault
        return Verdict(faults, ("process", *self._checks))
