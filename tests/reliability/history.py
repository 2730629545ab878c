"""What clients asked for, and what they were told: all that a checker may lean on."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Deed:
    """Something that a client wants done once, however often it has to ask."""

    key: str
    """Its idempotency key, and the reference under which it is found afterwards."""
    movements: Mapping[str, int]
    """What it does to each account, in minor units."""
    answers: list[int | None] = field(default_factory=list)
    """The status of each try; None where no answer came."""
    told: set[str] = field(default_factory=set)
    """The ids under which it was said to be done: one, or nothing."""

    @property
    def is_acknowledged(self) -> bool:
        """Return whether the client was told that it is done."""
        return bool(self.told)


@dataclass(frozen=True)
class Look:
    """What all balances were at one moment, as a client was shown them."""

    balances: Mapping[str, int]


@dataclass
class History:
    """All that happened to the clients of one run."""

    deeds: list[Deed] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, key: str, movements: Mapping[str, int]) -> Deed:
        """Note what is going to be asked for, before it is."""
        deed = Deed(key, movements)
        with self._guard:
            self.deeds.append(deed)
        return deed

    def look(self, balances: Mapping[str, int]) -> None:
        """Note what somebody was shown."""
        with self._guard:
            self.looks.append(Look(balances))

    @property
    def tries(self) -> int:
        """Return how often anything was asked for."""
        return sum(len(deed.answers) for deed in self.deeds)

    @property
    def acknowledged(self) -> int:
        """Return how many deeds their client was told are done."""
        return sum(deed.is_acknowledged for deed in self.deeds)
