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


# -- bank transfers -----------------------------------------------------------------------------


class AccountUnfit(Invalid):
    """A bank account that cannot be: its check digits, its form, or where it is kept."""

    title = "No such bank account"


class MandateNotFound(NotFound):
    """No such mandate in this organization."""

    title = "No such mandate"


class MandateTaken(Conflict):
    """Another mandate has this reference already."""

    title = "The reference is taken"
    constraint = "uq_mandates_organization_id_reference"


class MandateUnfit(Invalid):
    """What is said of a mandate does not go together."""

    title = "The mandate does not fit"


class MandateEnded(Conflict):
    """The mandate was revoked, has expired, or was for once and is used."""

    title = "The mandate has ended"


class PayoutNotFound(NotFound):
    """No such payout in this organization."""

    title = "No such payout"


class PayoutUnfit(Invalid):
    """What is said of a payout does not go together: its currency, its reference, its day."""

    title = "The payout does not fit"


class PayoutUnderWay(Conflict):
    """The payout is in a file already, or has ended."""

    title = "The payout cannot be cancelled"


class BankUnfit(Invalid):
    """The settings of the connection `bank` lack something, or it does not hold."""

    title = "The bank's settings do not fit"


class NothingOpen(Conflict):
    """Nothing waits for a file of this kind."""

    title = "Nothing to put into a file"


class DayUnfit(Invalid):
    """A file cannot be executed on this day."""

    title = "The day does not fit"


class OrderTaken(Conflict):
    """An order stands in a file already."""

    title = "In a file already"
    constraint = "uq_bank_orders_organization_id_operation_id"


class BankFileNotFound(NotFound):
    """No such file in this organization."""


# -- webhooks -----------------------------------------------------------------------------------


class WebhookKnown(Conflict):
    """This event of the provider has come before; it is applied once."""

    title = "The webhook came before"
    constraint = "uq_webhook_events_organization_id_provider_event"


class WebhookEventNotFound(NotFound):
    """No such webhook event in this organization."""

    title = "No such webhook event"


class TooEarly(Conflict):
    """What a provider tells of is not known here yet; it is tried again."""

    title = "Too early"


class Foreign(NotFound):
    """A provider tells of something that is not of this organization."""

    title = "Nobody's"


class EndpointNotFound(NotFound):
    """No such webhook endpoint in this organization, or it was removed."""

    title = "No such webhook endpoint"


class EndpointOff(Conflict):
    """Nothing is sent to a webhook endpoint that is switched off or was removed."""

    title = "The webhook endpoint is off"


class TooManyEndpoints(Conflict):
    """An organization may have only so many webhook endpoints."""

    title = "Too many webhook endpoints"


class DeliveryNotFound(NotFound):
    """No such webhook delivery in this organization."""

    title = "No such webhook delivery"


class UrlUnfit(Invalid):
    """Nothing is sent to this address: it is not public, not found or not encrypted."""

    title = "The address does not fit"


class NothingToSimulate(Conflict):
    """The sandbox cannot do this to the charge as it stands."""

    title = "Nothing to simulate"


# -- disputes -----------------------------------------------------------------------------------


class DisputeNotFound(NotFound):
    """No such dispute in this organization."""

    title = "No such dispute"


class DisputeOver(Conflict):
    """The dispute has ended, or what is said to it was handed in."""

    title = "The dispute takes no more"


class EvidenceUnfit(Invalid):
    """There is no evidence, too much of it, or of a kind that nobody takes."""

    title = "The evidence does not fit"


class EvidenceNotTaken(Problem):
    """The provider did not take the evidence; it is kept as a draft."""

    status = 502
    title = "The provider did not take the evidence"


class DisputeFileNotFound(NotFound):
    """No such file of this dispute."""

    title = "No such file"


class BankOrderNotFound(NotFound):
    """No such order in this organization."""

    title = "No such order"


class BankAnswerNotFound(NotFound):
    """No such answer in this organization."""

    title = "No such answer"


class AnswerTaken(Conflict):
    """This very file is being handed in by somebody else at this moment."""

    title = "The file is taken in already"
    constraint = "uq_bank_answers_organization_id_digest"


class AnswerUnreadable(Invalid):
    """A bank's file is damaged, cut off, or of another kind. Nothing of it was kept."""

    title = "The file cannot be read"


class AnswerForeign(Invalid):
    """A bank's file speaks of what is not ours: a file, an account, an amount. Nothing was kept."""

    title = "The file is not an answer to ours"


# -- payment links ------------------------------------------------------------------------------


class LinkNotFound(NotFound):
    """No such payment link."""

    title = "No such payment link"


class LinkClosed(Conflict):
    """The payment link was paid, is being paid, has expired or is switched off."""

    title = "The payment link takes no payment"


class LinkAmountUnfit(Invalid):
    """The amount is not what the payment link asks for."""

    title = "The amount does not fit"


# -- platform fees and routing ------------------------------------------------------------------


class FeeRuleNotFound(NotFound):
    """No such line in the fee schedule of this organization."""

    title = "No such fee schedule"


class RoutingRuleNotFound(NotFound):
    """No such routing rule in this organization."""

    title = "No such routing rule"


class TooManyRules(Conflict):
    """There are as many rules as there can be."""

    title = "Too many rules"


# -- settlements --------------------------------------------------------------------------------


class ReportUnreadable(Invalid):
    """A payout report cannot be read; nothing of it was kept."""

    title = "The report cannot be read"


class ReportKnown(Conflict):
    """This very file was handed in before."""

    title = "The report is here already"
    constraint = "uq_settlement_files_organization_id_sha256"


class SettlementUnbalanced(Invalid):
    """The lines of a payout do not add up to what was sent; nothing of it was kept."""

    title = "The lines do not make the payout"


class SettlementNotFound(NotFound):
    """No such settlement in this organization."""

    title = "No such settlement"


class NothingToSettle(Invalid):
    """There is nothing that the sandbox owes."""

    title = "Nothing to settle"


class BreakNotFound(NotFound):
    """No such break in this organization."""

    title = "No such break"


class BreakClosed(Conflict):
    """The break is closed, or it is open where only a closed one can be undone."""

    title = "The break is in another state"


class LinkUnfit(Invalid):
    """A movement cannot be linked to this line: another provider or currency."""

    title = "The movement does not fit"


class MovementSettled(Conflict):
    """The movement is settled by another line already."""

    title = "Settled already"
    constraint = "uq_settlement_matches_organization_id_movement_id"


class ReceiptUnfit(Invalid):
    """What arrived at the bank is not what is in transit."""

    title = "Not what was sent"


# -- analytics ----------------------------------------------------------------------------------


class AnalyticsUnfit(Invalid):
    """What is asked for has no end, too many parts, or a part that is not known."""

    title = "Nothing can be told of this"
