"""All that may go wrong with payments."""

from __future__ import annotations

from nexafi.kernel.errors import Conflict, Invalid, NotFound, Problem


class CardNumberSent(Invalid):
    """A card number stands in the request; nothing of it was kept."""

    title = "No card numbers"


# -- charges ------------------------------------------------------------------------------------


class ChargeNotFound(NotFound):
    """No such charge in this organization."""

    title = "No such charge"


class OperationNotFound(NotFound):
    """No such operation in this organization."""

    title = "No such operation"


class WrongState(Conflict):
    """The charge is not in a state from which this can be done."""

    title = "The charge is in another state"


class StillAsking(Conflict):
    """Something is being done to the charge, and how that ends is not known yet."""

    title = "Something is under way"
    constraint = "uq_operations_organization_id_charge_id"


class TooMuch(Invalid):
    """More than is left of what was authorized or captured."""

    title = "More than is left"
    constraint = "ck_charges_within"


class OtherCurrency(Invalid):
    """An amount is in another currency than the charge that it belongs to."""

    title = "Another currency"


class KeyTaken(Conflict):
    """Another operation was asked for with this idempotency key."""

    title = "The key was used for something else"
    constraint = "uq_operations_organization_id_request_key"


class NotHeld(Conflict):
    """Only what is held for a person can be decided by one."""

    title = "Not held"


class RateUnknown(Invalid):
    """There is no rate between a currency and that of the books."""

    title = "No rate for this currency"


# -- providers ----------------------------------------------------------------------------------


class ProviderUnknown(NotFound):
    """There is no provider of that name."""

    title = "No such provider"


class ProviderNotConnected(Invalid):
    """The organization has no keys for this provider."""

    title = "The provider is not connected"


class ProviderUnfit(Invalid):
    """The provider does not take this: a currency, an amount, a payment method, a step."""

    title = "The provider does not take this"


class CredentialsUnfit(Invalid):
    """The keys are not what this provider needs."""

    title = "The keys do not fit"


class NoticeRefused(Problem):
    """A webhook is not what the provider sends: its signature, its age or its form."""

    status = 400
    title = "The webhook is refused"


# -- customers ----------------------------------------------------------------------------------


class CustomerNotFound(NotFound):
    """No such customer in this organization."""

    title = "No such customer"


class CustomerTaken(Conflict):
    """Another customer has this reference already."""

    title = "The reference is taken"
    constraint = "uq_customers_organization_id_reference"


class PaymentMethodNotFound(NotFound):
    """No such payment method in this organization, or it was detached."""

    title = "No such payment method"


class PaymentMethodUnfit(Invalid):
    """The payment method cannot be used for this."""

    title = "The payment method does not fit"


# -- movements ----------------------------------------------------------------------------------


class MovementNotFound(NotFound):
    """No such movement in this organization."""

    title = "No such movement"
