"""What a rule of the user means. Pure.

A rule has conditions, which must all hold, and an outcome. Regular expressions
are those of RE2, whose matching takes time in proportion to the text whatever
the pattern: none can keep a process busy (decision 0220).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

import re2

from nexafi.kernel.values.money import Money
from nexafi.ledger.errors import RuleUnfit, SharesUnfit

REGEX_MEMORY_MAX = 1 << 20
"""Bytes that a compiled pattern may take; one that needs more is refused."""


@dataclass(frozen=True)
class Look:
    """A statement line as rules and learning see it."""

    id: UUID
    booked_on: date
    minor: int
    currency: str
    bank_account_id: UUID
    description: str
    counterparty: str = ""
    counterparty_account: str = ""
    reference: str = ""

    @cached_property
    def fields(self) -> dict[str, str]:
        """Return its texts without case, each by its name, and all of them as ``any``."""
        found = {
            "description": _plain(self.description),
            "counterparty": _plain(self.counterparty),
            "reference": _plain(self.reference),
        }
        found["any"] = "\n".join(each for each in found.values() if each)
        return found

    @cached_property
    def encoded(self) -> dict[str, bytes]:
        """Return the same texts in UTF-8, as RE2 reads them."""
        return {name: text.encode("utf-8", "replace") for name, text in self.fields.items()}


@dataclass(frozen=True, slots=True)
class Portion:
    """A part of a line's amount for one account: a share, a fixed amount, or the rest."""

    account: str
    share: Decimal | None = None
    amount: Money | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be done with a line."""

    portions: tuple[Portion, ...] = ()
    ignore: bool = False
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


Holds = Callable[[Look], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, ready to be tried."""

    id: UUID | None
    name: str
    conditions: tuple[Holds, ...]
    outcome: Outcome

    def fits(self, look: Look) -> bool:
        """Return whether all conditions hold."""
        return all(holds(look) for holds in self.conditions)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def condition(said: Mapping[str, Any]) -> Holds:
    """Return what tries one condition, as the wire says it; RuleUnfit if it cannot be."""
    return MAKERS[said["kind"]](said)


def _contains(said: Mapping[str, Any]) -> Holds:
    wanted, name = _plain(said["text"]), said.get("field", "any")
    if not wanted:
        raise RuleUnfit("A text of spaces only is in every line.")
    return lambda look: wanted in look.fields[name]


def _regex(said: Mapping[str, Any]) -> Holds:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    options.max_mem = REGEX_MEMORY_MAX
    try:
        found = re2.compile(said["pattern"], options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise RuleUnfit(f"The pattern cannot be read: {reason}.", pattern=said["pattern"]) from None
    name = said.get("field", "any")
    return lambda look: found.search(look.encoded[name]) is not None


def _amount(said: Mapping[str, Any]) -> Holds:
    least, most = (_money(said.get(name)) for name in ("min", "max"))
    given = [each for each in (least, most) if each is not None]
    currencies = {each.currency for each in given}
    if len(currencies) != 1:
        raise RuleUnfit("A range has a least or a most amount, or both in one currency.")
    if any(each.minor < 0 for each in given):
        raise RuleUnfit("A range is about sizes; say `direction` for money in or out.")
    if least and most and least.minor > most.minor:
        raise RuleUnfit("The least amount of a range is above the most.")
    [currency] = currencies

    def holds(look: Look) -> bool:
        size = abs(look.minor)
        return (
            look.currency == currency
            and (least is None or size >= least.minor)
            and (most is None or size <= most.minor)
        )

    return holds


def _money(said: Mapping[str, str] | None) -> Money | None:
    return None if said is None else Money.of(said["amount"], said["currency"])


def _bank_account(said: Mapping[str, Any]) -> Holds:
    wanted = UUID(str(said["bank_account"]))
    return lambda look: look.bank_account_id == wanted


def _direction(said: Mapping[str, Any]) -> Holds:
    sign = 1 if said["direction"] == "in" else -1
    return lambda look: look.minor * sign > 0


def _counterparty(said: Mapping[str, Any]) -> Holds:
    wanted = _plain(said["counterparty"])
    number = "".join(wanted.split())
    if not wanted:
        raise RuleUnfit("A counterparty has a name or a number.")

    def holds(look: Look) -> bool:
        own = "".join(_plain(look.counterparty_account).split())
        return look.fields["counterparty"] == wanted or (bool(own) and own == number)

    return holds


MAKERS: dict[str, Callable[[Mapping[str, Any]], Holds]] = {
    "contains": _contains,
    "regex": _regex,
    "amount": _amount,
    "bank_account": _bank_account,
    "direction": _direction,
    "counterparty": _counterparty,
}
"""What reads each kind of condition."""


def outcome(said: Mapping[str, Any]) -> Outcome:
    """Return an outcome as the wire says it; RuleUnfit if its parts can make no whole."""
    if said.get("ignore"):
        if said.get("account") or said.get("splits"):
            raise RuleUnfit("What is ignored goes to no account.")
        return Outcome(ignore=True)
    portions = tuple(_portion(each) for each in said.get("splits") or ())
    if account := said.get("account"):
        if portions:
            raise RuleUnfit("Say `account`, or `splits` if there are several.")
        portions = (Portion(account),)
    if not portions:
        raise RuleUnfit("An outcome has an account, splits, or says `ignore`.")
    _check_whole(portions)
    return Outcome(portions, description=said.get("description"), tags=said.get("tags") or {})


def _portion(said: Mapping[str, Any]) -> Portion:
    share = said.get("share")
    amount = _money(said.get("amount"))
    if share is not None and amount is not None:
        raise RuleUnfit("A part is a share or an amount.")
    if share is not None and not 0 < Decimal(share) <= 1:
        raise RuleUnfit("A share is above 0 and at most 1.")
    return Portion(
        said["account"], None if share is None else Decimal(share), amount, said.get("description")
    )


def _check_whole(portions: Sequence[Portion]) -> None:
    """Raise unless the parts make a whole of any amount: one takes the rest, or shares make 1."""
    rests = [each for each in portions if each.share is None and each.amount is None]
    shares = sum((each.share for each in portions if each.share is not None), Decimal(0))
    if len(rests) > 1:
        raise RuleUnfit("Only one part can be the rest.")
    if shares > 1 or (rests and shares == 1):
        raise RuleUnfit("The shares are more than the whole.")
    if not rests and any(each.amount is not None for each in portions):
        raise RuleUnfit("With fixed amounts one part must take the rest.")
    if not rests and shares != 1:
        raise RuleUnfit("The shares must add up to 1, or one part must take the rest.")


def apportion(whole: Money, portions: Sequence[Portion]) -> list[Money]:
    """Return the amount of each of *portions* of *whole*, on its side; they add up to it.

    Shares are rounded half to even; the rest, or else the largest, takes what
    rounding leaves. SharesUnfit if fixed amounts exceed the whole.
    """
    sign = -1 if whole.minor < 0 else 1
    size = abs(whole.minor)
    found: list[int | None] = []
    for each in portions:
        if each.amount is not None:
            if each.amount.currency != whole.currency:
                raise SharesUnfit(f"A part is in {each.amount.currency}, not {whole.currency}.")
            found.append(abs(each.amount.minor))
        elif each.share is not None:
            exact = size * each.share
            found.append(int(exact.quantize(Decimal(1), ROUND_HALF_EVEN)))
        else:
            found.append(None)
    left = size - sum(minor for minor in found if minor is not None)
    parts = [left if minor is None else minor for minor in found]
    if None not in found and left:
        parts[max(range(len(parts)), key=parts.__getitem__)] += left
    if any(minor <= 0 for minor in parts):
        raise SharesUnfit("The parts leave nothing for one of the accounts.")
    return [Money(sign * minor, whole.currency) for minor in parts]
