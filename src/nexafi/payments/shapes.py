"""What several subjects show or take on the wire."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from nexafi.kernel.values.money import Money
from nexafi.payments import cards

METADATA_MAX = 50
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}", re.ASCII)


class Strict(BaseModel):
    """Base of what comes in: an unknown field is refused, and so is a card number in any field."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exempt: ClassVar[frozenset[str]] = frozenset()
    """Fields that hold long numbers of another kind."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_card_numbers(cls, value: Any) -> Any:  # noqa: ANN401 - any JSON
        cards.refuse(value, exempt=cls.exempt)
        return value


def _above_zero(money: Money) -> Money:
    if money.minor <= 0:
        raise ValueError("The amount must be above zero.")
    return money


def _named(metadata: dict[str, str]) -> dict[str, str]:
    if wrong := [name for name in metadata if not _NAME.fullmatch(name)]:
        raise ValueError(f"{wrong[0][:50]!r} is no name: 1 to 40 letters, digits and any of _.-")
    return metadata


Amount = Annotated[Money, AfterValidator(_above_zero)]
"""Money above zero."""

Text = Annotated[str, Field(min_length=1, max_length=200)]
Metadata = Annotated[
    dict[str, Annotated[str, Field(max_length=500)]],
    AfterValidator(_named),
    Field(max_length=METADATA_MAX, description="Your own words about it; kept and given back"),
]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$", description="ISO 3166-1, two letters")]
