"""Rules and decisions on the wire."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from nexafi.kernel.errors import Problem
from nexafi.kernel.values.money import Money
from nexafi.kernel.web.paging import PageQuery
from nexafi.ledger.journal.schemas import Day
from nexafi.ledger.reconciliation.actions import Split
from nexafi.ledger.sorting import rules
from nexafi.ledger.sorting.actions import Change, Hit
from nexafi.ledger.tables import Rule

Code = Annotated[str, Field(min_length=1, max_length=32, examples=["6100"])]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Tag = Annotated[str, Field(min_length=1, max_length=100)]
Tags = Annotated[dict[Tag, Tag], Field(max_length=20)]
Share = Annotated[str, Field(pattern=r"^(0\.[0-9]{1,6}|1(\.0{1,6})?)$", examples=["0.60"])]
FieldName = Literal["any", "description", "counterparty", "reference"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Contains(_Strict):
    """A text is in the line, whatever the case of its letters."""

    kind: Literal["contains"]
    text: Text
    field: FieldName = "any"


class Regex(_Strict):
    """A regular expression of RE2 finds something; case is passed over."""

    kind: Literal["regex"]
    pattern: Text
    field: FieldName = "any"


class AmountRange(_Strict):
    """The size of the amount lies within."""

    kind: Literal["amount"]
    min: Money | None = None
    max: Money | None = None


class OnBankAccount(_Strict):
    """The line is of this bank account."""

    kind: Literal["bank_account"]
    bank_account: UUID


class Direction(_Strict):
    """Money came in, or went out."""

    kind: Literal["direction"]
    direction: Literal["in", "out"]


class Counterparty(_Strict):
    """The other side has this name or account number."""

    kind: Literal["counterparty"]
    counterparty: Text


Condition = Annotated[
    Contains | Regex | AmountRange | OnBankAccount | Direction | Counterparty,
    Field(discriminator="kind"),
]


class PartIn(_Strict):
    """A part of the amount: a share, a fixed amount, or with neither the rest."""

    account: Code
    share: Share | None = None
    amount: Money | None = None
    description: str | None = Field(None, max_length=500)


class OutcomeIn(_Strict):
    """What is to be done with a line: one account, several, or nothing."""

    account: Code | None = None
    splits: list[PartIn] | None = Field(None, min_length=1, max_length=50)
    ignore: bool = False
    description: str | None = Field(None, max_length=500)
    tags: Tags | None = None

    def kept(self) -> dict[str, Any]:
        """Return the outcome as it is kept."""
        return self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)


class RuleIn(_Strict):
    """A rule: when all conditions hold, the outcome is suggested."""

    name: str = Field(min_length=1, max_length=200)
    conditions: list[Condition] = Field(min_length=1, max_length=20)
    outcome: OutcomeIn
    is_on: bool = True
    position: int | None = Field(None, ge=0, le=10_000, description="From 0; the last without one")

    def facts(self) -> dict[str, Any]:
        """Return the rule as it is kept."""
        return {
            "name": self.name,
            "conditions": conditions_of(self.conditions),
            "outcome": self.outcome.kept(),
            "is_on": self.is_on,
            "position": self.position,
        }


def conditions_of(said: list[Any]) -> list[dict[str, Any]]:
    """Return conditions as they are kept."""
    return [each.model_dump(mode="json", exclude_none=True) for each in said]


class RuleChange(_Strict):
    """What is to be different; what is left out stays."""

    name: str = Field("", min_length=1, max_length=200, validate_default=False)
    conditions: list[Condition] = Field(
        default_factory=list, min_length=1, max_length=20, validate_default=False
    )
    outcome: OutcomeIn = Field(default_factory=OutcomeIn)
    is_on: bool = True
    position: int = Field(0, ge=0, le=10_000)

    def changes(self) -> dict[str, Any]:
        """Return what was said, as it is kept."""
        said = {name: getattr(self, name) for name in self.model_fields_set}
        if "conditions" in said:
            said["conditions"] = conditions_of(said["conditions"])
        if "outcome" in said:
            said["outcome"] = self.outcome.kept()
        return said


class RuleOut(BaseModel):
    """A rule of the organization."""

    id: UUID
    name: str
    position: int = Field(description="From 0; the first that fits is suggested")
    is_on: bool
    conditions: list[dict[str, Any]]
    outcome: dict[str, Any]

    @classmethod
    def of(cls, row: Rule) -> Self:
        """Return a rule."""
        return cls.model_validate(row, from_attributes=True)


class RulesQuery(PageQuery):
    """Which rules."""


class RuleTestIn(_Strict):
    """A rule to be tried on past lines; it is not kept."""

    conditions: list[Condition] = Field(min_length=1, max_length=20)
    outcome: OutcomeIn


HITS_SHOWN_MAX = 200


class HitOut(BaseModel):
    """A line that the rule would hit."""

    statement_line: UUID
    booked_on: dt.date
    amount: Money
    description: str
    counterparty: str
    state: str
    would: dict[str, Any] = Field(description="What would be suggested for it")
    was: list[str] | None = Field(description="The accounts to which somebody put it, if so")
    agrees: bool | None = Field(description="Whether that is the same; null if nobody decided")

    @classmethod
    def of(cls, hit: Hit) -> Self:
        """Return a hit."""
        accounts = [each["account"] for each in hit.body.get("splits", [])]
        return cls(
            statement_line=hit.look.id,
            booked_on=hit.look.booked_on,
            amount=Money(hit.look.minor, hit.look.currency),
            description=hit.look.description,
            counterparty=hit.look.counterparty,
            state=hit.state,
            would=hit.body,
            was=hit.was,
            agrees=None if hit.was is None else hit.was == accounts,
        )


class RuleTestOut(BaseModel):
    """What a rule would do."""

    tried: int = Field(description="How many of the latest lines it was tried on")
    hits: int
    agrees: int = Field(description="Hits that somebody decided on in the same way")
    differs: int = Field(description="Hits that somebody decided on in another way")
    items: list[HitOut] = Field(description="The latest 200 hits")

    @classmethod
    def of(cls, tried: int, hits: list[Hit]) -> Self:
        """Return the outcome of a test."""
        shown = [HitOut.of(hit) for hit in hits]
        return cls(
            tried=tried,
            hits=len(hits),
            agrees=sum(each.agrees is True for each in shown),
            differs=sum(each.agrees is False for each in shown),
            items=shown[:HITS_SHOWN_MAX],
        )


class SplitIn(_Strict):
    """A part of the amount, signed as on the statement."""

    account: Code
    amount: Money
    description: str | None = Field(None, max_length=500)


class ChangeIn(_Strict):
    """What is to be done with a line; what is left out stays as suggested."""

    account: Code | None = None
    splits: list[SplitIn] | None = Field(
        None, min_length=1, max_length=100, description="They add up to the amount of the line"
    )
    description: str | None = Field(None, min_length=1, max_length=500)
    tags: Tags | None = None

    def change(self) -> Change:
        """Return what the actions understand."""
        return Change(
            outcome=rules.outcome({"account": self.account}) if self.account else None,
            splits=None
            if self.splits is None
            else tuple(Split(s.account, s.amount, s.description) for s in self.splits),
            description=self.description,
            tags=self.tags,
        )


class AcceptIn(ChangeIn):
    """How a line is to be booked; with nothing said, as suggested."""

    date: Day | None = Field(None, description="Of the entry; that of the line without one")
    base: Money | None = Field(
        None,
        description="The worth of the line in the base currency, on its side, if it has another",
    )

    @override
    def change(self) -> Change:
        """Return what the actions understand."""
        said = super().change()
        return Change(said.outcome, said.splits, said.description, said.tags, self.date, self.base)


class IgnoreIn(_Strict):
    """Why a line is left out of the books."""

    reason: str | None = Field(None, max_length=500)


class BulkIn(_Strict):
    """Which lines are to be accepted as suggested: these, or all that are sure enough."""

    ids: list[UUID] | None = Field(None, min_length=1, max_length=200)
    min_confidence: float | None = Field(None, ge=0, le=1)
    bank_account: UUID | None = None


class BulkResultOut(BaseModel):
    """What became of one line: accepted, or the problem that stood in the way."""

    statement_line: UUID
    reconciliation: UUID | None = None
    entry_id: UUID | None = None
    problem: dict[str, Any] | None = None

    @classmethod
    def of(cls, line_id: UUID, outcome: Any) -> Self:  # noqa: ANN401
        """Return what became of a line."""
        if isinstance(outcome, Problem):
            return cls(statement_line=line_id, problem=outcome.as_json())
        return cls(statement_line=line_id, reconciliation=outcome.id, entry_id=outcome.entry_id)


class BulkOut(BaseModel):
    """What became of each line."""

    accepted: int
    left: int = Field(description="Open lines that are as sure and were not reached; call again")
    results: list[BulkResultOut]
