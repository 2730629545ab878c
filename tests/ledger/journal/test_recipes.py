"""Each kind of movement, as an accountant would draw it; and whatever moves, it balances."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexafi.contracts.payments.events import MoneyMoved, MovementKind
from nexafi.kernel.values.money import Money
from nexafi.ledger.errors import MovementUnfit, RateUnknown
from nexafi.ledger.journal import recipes, rules
from nexafi.ledger.journal.recipes import RECIPES, Role

MARCH_31 = date(2026, 3, 31)
APRIL_1 = date(2026, 4, 1)
MOVEMENT = UUID("0196b0de-0000-7000-8000-000000000017")


def euro(amount: str) -> Money:
    return Money.of(amount, "EUR")


def dollars(amount: str) -> Money:
    return Money.of(amount, "USD")


def moved(kind: str, amount: Money, **more: object) -> MoneyMoved:
    told = {"provider": "stripe", **more}
    return MoneyMoved(
        movement_id=MOVEMENT, kind=MovementKind(kind), on=MARCH_31, amount=amount, **told
    )


def legs(event: MoneyMoved, rates: dict[str, Decimal] | None = None) -> list[str]:
    """Return the legs as one would jot them down: role, amount and, if foreign, its worth."""
    found = []
    for leg in recipes.shares(event, "EUR", rates or {}):
        worth = "" if leg.amount.currency == "EUR" else f" @ {leg.base.text}"
        found.append(f"{leg.role} {leg.amount.text} {leg.amount.currency}{worth}")
    return found


def accounts(event: MoneyMoved, base_currency: str = "EUR") -> dict[tuple[Role, str], str]:
    shares = recipes.shares(event, base_currency, {})
    return {(leg.role, leg.amount.currency): f"{leg.role}!" for leg in shares}


def entry(event: MoneyMoved, day: date = MARCH_31) -> rules.Draft:
    return recipes.draft(event, recipes.shares(event, "EUR", {}), accounts(event), day=day)


FEE = {"fee": euro("3.20")}

BY_VALUE = [
    ("capture", FEE, ["clearing 96.80", "receivable -100.00", "fees 3.20"]),
    ("capture", {}, ["clearing 100.00", "receivable -100.00"]),
    ("refund", {}, ["receivable 100.00", "clearing -100.00"]),
    ("refund", FEE, ["receivable 100.00", "clearing -103.20", "fees 3.20"]),
    ("refund_failed", {}, ["clearing 100.00", "receivable -100.00"]),
    ("fee", {}, ["fees 100.00", "clearing -100.00"]),
    ("dispute_opened", FEE, ["disputes 100.00", "clearing -103.20", "fees 3.20"]),
    ("dispute_won", {}, ["clearing 100.00", "disputes -100.00"]),
    ("dispute_lost", {}, ["dispute_losses 100.00", "disputes -100.00"]),
    (
        "dispute_lost",
        FEE,
        ["dispute_losses 100.00", "disputes -100.00", "fees 3.20", "clearing -3.20"],
    ),
    ("settlement", {}, ["transit 100.00", "clearing -100.00"]),
    ("settlement", FEE, ["transit 96.80", "clearing -100.00", "fees 3.20"]),
    ("settlement_received", {}, ["bank 100.00", "transit -100.00"]),
    ("settlement_received", FEE, ["bank 96.80", "transit -100.00", "fees 3.20"]),
    ("payout", FEE, ["payable 100.00", "clearing -103.20", "fees 3.20"]),
    ("payout_returned", FEE, ["clearing 96.80", "payable -100.00", "fees 3.20"]),
    ("wallet_top_up", FEE, ["clearing 96.80", "wallets -100.00", "fees 3.20"]),
    ("wallet_withdrawal", FEE, ["wallets 100.00", "clearing -103.20", "fees 3.20"]),
    ("wallet_payment", {}, ["wallets 100.00", "receivable -100.00"]),
    ("wallet_refund", {}, ["receivable 100.00", "wallets -100.00"]),
    ("wallet_transfer", {}, ["wallets 100.00", "wallets -100.00"]),
    ("wallet_exchange", {}, ["wallets 100.00", "wallets -100.00"]),
    ("platform_fee", {}, ["receivable 100.00", "platform_fees -100.00"]),
    ("platform_fee_refund", {}, ["platform_fees 100.00", "receivable -100.00"]),
    ("invoice", {}, ["receivable 100.00", "revenue -100.00"]),
    (
        "invoice",
        {"tax": euro("15.97"), "deferred": euro("77.02")},
        ["receivable 100.00", "revenue -7.01", "deferred_revenue -77.02", "tax -15.97"],
    ),
    ("revenue_recognized", {}, ["deferred_revenue 100.00", "revenue -100.00"]),
    ("adjustment", {}, ["clearing 100.00", "adjustments -100.00"]),
]


@pytest.mark.parametrize(("kind", "more", "expected"), BY_VALUE)
def test_each_kind_is_drawn_as_an_accountant_would(kind, more, expected):
    assert legs(moved(kind, euro("100.00"), **more)) == [f"{each} EUR" for each in expected]


def test_every_kind_has_its_recipe_and_is_tried_here_by_value():
    assert set(RECIPES) == set(MovementKind)
    assert {kind for kind, _, _ in BY_VALUE} == {kind.value for kind in MovementKind}


def test_an_adjustment_may_take_from_what_the_provider_owes():
    assert legs(moved("adjustment", euro("-0.03"))) == [
        "clearing -0.03 EUR",
        "adjustments 0.03 EUR",
    ]


def test_a_fee_may_be_more_than_what_was_captured():
    assert legs(moved("capture", euro("0.10"), fee=euro("0.30"))) == [
        "clearing -0.20 EUR",
        "receivable -0.10 EUR",
        "fees 0.30 EUR",
    ]


def test_a_fee_that_takes_all_leaves_nothing_at_the_provider():
    found = legs(moved("capture", euro("0.30"), fee=euro("0.30")))
    assert found == ["receivable -0.30 EUR", "fees 0.30 EUR"]


def test_the_worth_that_was_locked_is_shared_with_the_fee():
    event = moved("capture", dollars("100.00"), fee=dollars("3.20"), worth=euro("92.15"))
    assert legs(event, {"USD": Decimal("0.5")}) == [
        "clearing 96.80 USD @ 89.20",
        "receivable -100.00 USD @ -92.15",
        "fees 3.20 USD @ 2.95",
    ]


def test_without_a_worth_the_rate_of_the_day_says_it():
    event = moved("refund", dollars("10.01"))
    assert recipes.needs_rate(event, "EUR") == {"USD"}
    assert legs(event, {"USD": Decimal("0.9")}) == [
        "receivable 10.01 USD @ 9.01",
        "clearing -10.01 USD @ -9.01",
    ]
    with pytest.raises(RateUnknown):
        legs(event)


@pytest.mark.parametrize(
    "more",
    [{"worth": euro("9.00")}, {"against": euro("9.00")}],
)
def test_no_rate_is_needed_where_the_worth_is_told_or_paid(more):
    assert recipes.needs_rate(moved("settlement", dollars("10.00"), **more), "EUR") == set()
    assert recipes.needs_rate(moved("settlement", euro("10.00")), "EUR") == set()


def test_a_settlement_relieves_clearing_at_what_it_was_booked_at_and_the_gain_is_realized():
    event = moved(
        "settlement", euro("92.00"), against=dollars("100.00"), against_worth=euro("90.00")
    )
    assert legs(event) == [
        "transit 92.00 EUR",
        "clearing -100.00 USD @ -90.00",
        "fx_gain -2.00 EUR",
    ]


def test_a_settlement_for_less_than_it_was_booked_at_is_a_loss_and_its_fee_a_fee():
    event = moved(
        "settlement",
        euro("88.00"),
        fee=euro("1.00"),
        against=dollars("100.00"),
        against_worth=euro("90.00"),
    )
    assert legs(event) == [
        "transit 87.00 EUR",
        "clearing -100.00 USD @ -90.00",
        "fees 1.00 EUR",
        "fx_loss 2.00 EUR",
    ]


def test_what_no_one_booked_otherwise_realizes_nothing():
    event = moved("settlement", euro("92.00"), against=dollars("100.00"))
    assert legs(event) == ["transit 92.00 EUR", "clearing -100.00 USD @ -92.00"]


def test_a_wallet_exchange_owes_the_customer_another_currency():
    event = moved(
        "wallet_exchange",
        dollars("100.00"),
        worth=euro("92.00"),
        against=euro("91.50"),
        provider="",
        references={"wallet": "w1"},
    )
    assert legs(event) == [
        "wallets 100.00 USD @ 92.00",
        "wallets -91.50 EUR",
        "fx_gain -0.50 EUR",
    ]
    pounds = event.model_copy(
        update={"against": Money.of("80.00", "GBP"), "against_worth": euro("92.40")}
    )
    assert legs(pounds) == [
        "wallets 100.00 USD @ 92.00",
        "wallets -80.00 GBP @ -92.40",
        "fx_loss 0.40 EUR",
    ]


def test_a_payout_in_another_currency_takes_its_fee_in_its_own():
    event = moved(
        "payout",
        euro("50.00"),
        fee=euro("0.50"),
        against=dollars("55.00"),
        against_worth=euro("49.00"),
    )
    assert legs(event) == [
        "payable 50.00 EUR",
        "clearing -55.00 USD @ -49.00",
        "fees 0.50 EUR",
        "clearing -0.50 EUR",
        "fx_gain -1.00 EUR",
    ]


def test_a_receivable_may_be_told_at_what_it_was_booked():
    event = moved(
        "capture",
        dollars("100.00"),
        worth=euro("92.00"),
        against=dollars("100.00"),
        against_worth=euro("95.00"),
    )
    assert legs(event) == [
        "clearing 100.00 USD @ 92.00",
        "receivable -100.00 USD @ -95.00",
        "fx_loss 3.00 EUR",
    ]


def test_what_rounding_leaves_of_a_foreign_invoice_goes_where_most_is_off():
    event = moved(
        "invoice",
        dollars("1.00"),
        tax=dollars("0.33"),
        deferred=dollars("0.33"),
        worth=euro("0.01"),
    )
    assert legs(event) == [
        "receivable 1.00 USD @ 0.01",
        "revenue -0.34 USD @ -0.01",
        "deferred_revenue -0.33 USD @ 0.00",
        "tax -0.33 USD @ 0.00",
    ]


def test_what_comes_to_be_worth_nothing_still_balances():
    event = moved(
        "wallet_exchange", Money(1, "IDR"), worth=euro("0.00"), against=euro("0.01"), provider=""
    )
    assert legs(event) == [
        f"wallets {Money(1, 'IDR').text} IDR @ 0.00",
        "wallets -0.01 EUR",
        "fx_loss 0.01 EUR",
        f"fx_gain {Money(-1, 'IDR').text} IDR @ 0.00",
    ]
    rules.check(entry(event), "EUR")


@pytest.mark.parametrize(
    "event",
    [
        moved("capture", euro("0.00")),
        moved("capture", euro("-1.00")),
        moved("capture", euro("1.00"), fee=dollars("0.10")),
        moved("capture", euro("1.00"), fee=euro("-0.10")),
        moved("invoice", euro("1.00"), tax=euro("0.60"), deferred=euro("0.60")),
        moved("invoice", euro("1.00"), tax=dollars("0.10")),
        moved("capture", dollars("1.00"), worth=dollars("1.00")),
        moved("capture", dollars("1.00"), worth=euro("-1.00")),
        moved("settlement", euro("1.00"), against=dollars("-1.00")),
        moved("settlement", euro("1.00"), against=dollars("1.00"), against_worth=euro("-1.00")),
    ],
)
def test_a_movement_that_contradicts_itself_is_refused(event):
    with pytest.raises(MovementUnfit):
        recipes.shares(event, "EUR", {})


def test_the_entry_says_what_happened_and_what_it_belongs_to():
    event = moved(
        "capture",
        euro("100.00"),
        description="Order 17",
        references={"charge": "ch_1", "invoice": "INV-17", "customer": "Ada", "empty": ""},
    )
    found = entry(event)

    assert found.description == "Payment received (Stripe): Order 17"
    assert found.source == f"payments/{MOVEMENT}"
    assert found.reference == "INV-17"
    assert found.journal == "payments"
    assert found.tags == {
        "movement": "capture",
        "provider": "stripe",
        "charge": "ch_1",
        "invoice": "INV-17",
        "customer": "Ada",
    }
    assert [leg.account for leg in found.legs] == ["clearing!", "receivable!"]


def test_an_entry_of_a_later_day_says_when_the_money_moved():
    found = entry(moved("fee", euro("1.00"), description="x" * 600), APRIL_1)

    assert found.date == APRIL_1
    assert len(found.description) == 500
    assert found.description.endswith("x (moved on 2026-03-31)")
    assert found.tags["moved_on"] == "2026-03-31"


def test_tags_are_as_many_and_as_long_as_the_journal_takes_them():
    told = {f"kind{place:02}": "v" * 300 for place in range(30)} | {"provider": "other"}
    found = entry(moved("fee", euro("1.00"), references=told)).tags

    assert len(found) == 20
    assert found["provider"] == "stripe"
    assert max(map(len, found.values())) == 100


def test_of_a_transfer_each_line_says_which_way_it_goes():
    found = entry(moved("wallet_transfer", euro("5.00"), provider=""))
    assert [leg.description for leg in found.legs] == ["Out of a wallet", "Into a wallet"]
    assert found.description == "From wallet to wallet"


CURRENCIES = ("EUR", "USD", "JPY", "KWD", "CLF")
amounts = st.integers(1, 10**12)
worths = st.integers(0, 10**12)


@st.composite
def movements(draw: st.DrawFn) -> tuple[MoneyMoved, str]:
    """Draw any movement whose parts do not contradict each other, and a base currency."""
    kind, base = draw(st.sampled_from(MovementKind)), draw(st.sampled_from(CURRENCIES))
    currency, other = draw(st.sampled_from(CURRENCIES)), draw(st.sampled_from(CURRENCIES))
    whole = draw(amounts)
    tax = draw(st.integers(0, whole))
    deferred = draw(st.integers(0, whole - tax))
    sign = draw(st.sampled_from([1, -1])) if kind is MovementKind.ADJUSTMENT else 1

    def perhaps(minor: int, of: str) -> Money | None:
        return Money(minor, of) if draw(st.booleans()) else None

    event = MoneyMoved(
        movement_id=MOVEMENT,
        kind=kind,
        on=MARCH_31,
        amount=Money(sign * whole, currency),
        fee=perhaps(draw(st.integers(1, 100 * whole)), currency),
        tax=perhaps(tax, currency),
        deferred=perhaps(deferred, currency),
        worth=Money(sign * draw(worths), base),
        against=perhaps(sign * draw(amounts), other),
        against_worth=perhaps(sign * draw(worths), base),
        provider=draw(st.sampled_from(["", "stripe", "bank"])),
        description=draw(st.text(max_size=40)),
        references=draw(st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=3)),
    )
    return event, base


@given(movements())
def test_whatever_moves_balances_and_nothing_of_it_is_lost(drawn):
    event, base = drawn
    shares = recipes.shares(event, base, {})
    draft = recipes.draft(event, shares, accounts(event, base), day=MARCH_31)

    rules.check(draft, base)
    assert rules.in_base(draft, base, {}) == draft

    fee = event.fee.minor if event.fee else 0
    given_ = (event.against or event.amount).minor
    sums: dict[str, int] = {}
    for leg in shares:
        if leg.role not in {Role.FX_GAIN, Role.FX_LOSS}:
            sums[leg.amount.currency] = sums.get(leg.amount.currency, 0) + leg.amount.minor
    expected: dict[str, int] = {event.amount.currency: event.amount.minor}
    other = (event.against or event.amount).currency
    expected[other] = expected.get(other, 0) - given_
    assert {key: value for key, value in sums.items() if value} == {
        key: value for key, value in expected.items() if value
    }
    paid = sum(leg.amount.minor for leg in shares if leg.role is Role.FEES)
    assert paid == fee + (event.amount.minor if event.kind is MovementKind.FEE else 0)


@given(
    st.integers(-(10**15), 10**15),
    st.lists(st.integers(0, 10**12), min_size=1, max_size=5).filter(any),
)
def test_a_split_loses_nothing_and_is_off_by_less_than_one(worth, parts):
    found = recipes.split(worth, parts)

    assert sum(found) == worth
    exact = [Fraction(worth * part, sum(parts)) for part in parts]
    assert all(abs(part - share) < 1 for part, share in zip(found, exact, strict=True))
    assert all(part * worth >= 0 for part in found)
