"""Organizations on the wire."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from nexafi.kernel.data.context import Home
from nexafi.users.emails import Email
from nexafi.users.organizations import rules
from nexafi.users.organizations.countries import COUNTRIES
from nexafi.users.shapes import PASSWORD, Password, Strict

Name = Annotated[
    str,
    Field(min_length=1, max_length=200, examples=["Ada's Engines"]),
    AfterValidator(rules.title),
]
Country = Annotated[str, Field(examples=["US"]), AfterValidator(rules.country)]
Zone = Annotated[
    str, Field(max_length=64, examples=["America/New_York"]), AfterValidator(rules.zone)
]
Currency = Annotated[str, Field(examples=["USD"]), AfterValidator(rules.currency)]
MonthAndDay = Annotated[str, Field(examples=["01-01"]), AfterValidator(rules.month_and_day)]


class OrganizationIn(Strict):
    """An organization to be; what is left out follows from the country."""

    name: Name
    country: Country
    zone: Zone | None = None
    base_currency: Currency | None = None
    fiscal_year_start: MonthAndDay | None = None

    def home(self, organization_id: UUID) -> Home:
        """Return the organization that is meant."""
        usual = COUNTRIES[self.country]
        return Home(
            id=organization_id,
            name=self.name,
            country=self.country,
            zone=self.zone or usual.zone,
            base_currency=self.base_currency or usual.currency,
            fiscal_year_start=self.fiscal_year_start or usual.fiscal_year_start,
        )


class OrganizationPatch(Strict):
    """What is to change. The country and the base currency stay: the books are kept in them."""

    name: Name | None = None
    zone: Zone | None = None
    fiscal_year_start: MonthAndDay | None = None

    def applied(self, home: Home) -> Home:
        """Return *home* with these changes."""
        return replace(home, **self.model_dump(exclude_none=True))


class RegisterIn(Strict):
    """A new user with a new organization, whose owner they are."""

    email: Email
    password: Password = PASSWORD
    organization: OrganizationIn
