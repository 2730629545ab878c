"""Health: alive is who answers; ready is who can do what it is there for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Check = Callable[[], str | None]
"""Returns what is wrong, in a few words for the operator, or None."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of the checks."""

    faults: Mapping[str, str]
    """What is wrong, by the name of the check."""
    checked: tuple[str, ...]
    worries: Mapping[str, str] = field(default_factory=dict)
    """What should be better, and keeps nobody from being served, by the name of the check."""

    @property
    def is_ready(self) -> bool:
        """Return whether nothing is wrong."""
        return not self.faults

    def as_json(self) -> dict[str, object]:
        """Return the verdict as it is told."""
        wrong = {**self.worries, **self.faults}
        checks = {name: wrong.get(name, "ok") for name in self.checked}
        well = "degraded" if self.worries else "ready"
        return {"status": well if self.is_ready else "not ready", "checks": checks}


class Health:
    """The checks of one process."""

    def __init__(self, **checks: Check) -> None:
        self._checks = checks
        self._lesser: dict[str, Check] = {}
        self._is_draining = False

    def drain(self) -> None:
        """Be ready no more: this process is about to stop."""
        self._is_draining = True

    def mind(self, name: str, check: Check) -> None:
        """Do this check as well; what it finds is a worry and no fault."""
        self._lesser[name] = check

    def ask(self) -> Verdict:
        """Do every check; one that cannot be done is a fault, told in full to the log only."""
        faults: dict[str, str] = {"process": "stopping"} if self._is_draining else {}
        worries: dict[str, str] = {}
        for name, check in (self._checks | self._lesser).items():
            try:
                fault = check()
            except Exception as error:
                log.warning("the check of the %s failed", name, exc_info=error)
                fault = f"the check failed: {type(error).__name__}"
            if fault:
                (worries if name in self._lesser else faults)[name] = fault
        return Verdict(faults, ("process", *self._checks, *self._lesser), worries)
