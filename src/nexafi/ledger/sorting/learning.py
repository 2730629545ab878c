"""What the organization did before with lines like this. Pure.

Naive Bayes over the words, the counterparty, the direction and the exact
amount of lines that people settled. Its own certainty is known to be too high,
so what is told is another: how often guesses of this strength were right on
this organization's own history, each line guessed from those before it
(isotonic, by pooling adjacent violators). While there is too little history to
know that, the rule of succession stands in: after n of n lines with a word
went one way, (n + 1) / (n + 2).
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from nexafi.ledger.sorting.rules import Look

WORD_MIN = 2
SMOOTHING = 0.1
TRIED_MAX = 400
"""So many of the latest lines are guessed from those before them."""
PAIRS_MIN = 30
"""So many guesses must have been tried before we believe what they say."""
CONFIDENCE_MAX = 0.99
CONFIDENCE_MIN = 0.2
"""What is less sure is not told."""


@dataclass(frozen=True, slots=True)
class Guess:
    """An account, how strong the guess is, and the words that speak for it."""

    account: str
    strength: float
    words: tuple[str, ...]


def features(look: Look) -> tuple[str, ...]:
    """Return by what a line may be known: words first, then amount and direction.

    Numbers, dates and names that banks make up tell nothing about the next line.
    """
    words = re.findall(r"\w+", f"{look.fields['description']} {look.fields['counterparty']}")
    kept = {word for word in words if len(word) >= WORD_MIN and _is_word(word)}
    if look.fields["counterparty"]:
        kept.add(f"from {look.fields['counterparty']}")
    if look.counterparty_account:
        kept.add(f"account {look.counterparty_account.casefold()}")
    return (*sorted(kept), f"= {look.currency} {look.minor}", "+" if look.minor > 0 else "-")


def _is_word(word: str) -> bool:
    return word.isalpha() or sum(map(str.isdigit, word)) * 3 <= len(word)


def _is_telling(feature: str) -> bool:
    """Return whether a feature may lead to an account by itself; a mere direction may not."""
    return feature not in {"+", "-"} and not feature.startswith("= ")


@dataclass
class Model:
    """Counts of what went where."""

    lines: int = 0
    accounts: Counter[str] = field(default_factory=Counter)
    seen: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def learn(self, known: Sequence[str], account: str) -> None:
        """Take in a line that went to *account*."""
        self.lines += 1
        self.accounts[account] += 1
        for each in known:
            self.seen[each][account] += 1

    def guess(self, own: Sequence[str]) -> Guess | None:
        """Return where a line would go, or None if no word of it is known."""
        telling = [each for each in own if _is_telling(each)]
        known = [each for each in telling if each in self.seen]
        if not known:
            return None
        candidates = {account for each in known for account in self.seen[each]}
        counts = [self.seen[each] for each in own if each in self.seen]
        scores = {account: self._score(counts, account) for account in candidates}
        best = max(sorted(scores), key=scores.__getitem__)
        posterior = 1 / sum(math.exp(score - scores[best]) for score in scores.values())
        ways = [self._succession(each, best) for each in known]
        covered = len(known) / len(telling)
        strength = posterior * max(ways) * (0.4 + 0.6 * covered)
        words = sorted(
            (each for each in known if best in self.seen[each]),
            key=lambda each: (-self._succession(each, best), each),
        )
        return Guess(best, strength, tuple(words[:3]))

    def _score(self, counts: Sequence[Counter[str]], account: str) -> float:
        count = self.accounts[account]
        total = math.log(count / self.lines) - len(counts) * math.log(count + 2 * SMOOTHING)
        return total + sum(math.log(each.get(account, 0) + SMOOTHING) for each in counts)

    def _succession(self, feature: str, account: str) -> float:
        counts = self.seen[feature]
        return (counts[account] + 1) / (counts.total() + 2)


@dataclass(frozen=True, slots=True)
class Calibration:
    """How often guesses of a strength were right; steps that never fall."""

    floors: tuple[float, ...] = ()
    rights: tuple[float, ...] = ()

    def confidence(self, strength: float) -> float:
        """Return how sure one may be of a guess of this strength."""
        if not self.floors:
            return min(strength, CONFIDENCE_MAX)
        place = max(bisect_right(self.floors, strength) - 1, 0)
        return min(self.rights[place], CONFIDENCE_MAX)


def calibrated(pairs: Sequence[tuple[float, bool]]) -> Calibration:
    """Return what *pairs* of strength and being right say, smoothed by one of each."""
    if len(pairs) < PAIRS_MIN:
        return Calibration()
    tried: dict[float, list[bool]] = defaultdict(list)
    for strength, is_right in pairs:
        tried[round(strength, 3)].append(is_right)
    blocks: list[tuple[float, int, int]] = []  # strength from which on, right, all
    for strength in sorted(tried):
        blocks.append((strength, sum(tried[strength]), len(tried[strength])))
        while len(blocks) > 1 and _rate(blocks[-2]) >= _rate(blocks[-1]):
            floor, one_right, one_all = blocks[-2]
            _, two_right, two_all = blocks.pop()
            blocks[-1] = (floor, one_right + two_right, one_all + two_all)
    rights: list[float] = []
    for _, right, all_of_them in blocks:
        smoothed = (right + 1) / (all_of_them + 2)
        rights.append(max(smoothed, rights[-1] if rights else 0.0))
    return Calibration(tuple(floor for floor, _, _ in blocks), tuple(rights))


def _rate(block: tuple[float, int, int]) -> float:
    return block[1] / block[2]


@dataclass(frozen=True, slots=True)
class Learned:
    """A model, and how far it is to be believed."""

    model: Model
    calibration: Calibration

    def guess(self, look: Look) -> tuple[Guess, float] | None:
        """Return where a line would go and how sure that is, if it is worth telling."""
        found = self.model.guess(features(look))
        if found is None:
            return None
        confidence = round(self.calibration.confidence(found.strength), 3)
        return (found, confidence) if confidence >= CONFIDENCE_MIN else None


def learn(history: Sequence[tuple[Look, str]]) -> Learned:
    """Return what *history*, lines and the account that each went to, the oldest first, teaches."""
    model, pairs = Model(), []
    tried_from = max(len(history) - TRIED_MAX, 0)
    for place, (look, account) in enumerate(history):
        own = features(look)
        if place >= tried_from and (guess := model.guess(own)) is not None:
            pairs.append((guess.strength, guess.account == account))
        model.learn(own, account)
    return Learned(model, calibrated(pairs))
