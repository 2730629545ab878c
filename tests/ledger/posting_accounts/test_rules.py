"""Roles resolve in the charts that people have: our templates, their own, and none."""

from __future__ import annotations

from uuid import uuid4

import pytest

from nexafi.ledger.accounts.rules import NORMAL_SIDE, check_subtype
from nexafi.ledger.accounts.templates import TEMPLATES, Template
from nexafi.ledger.errors import PostingAccountNotFound
from nexafi.ledger.journal.recipes import Role
from nexafi.ledger.posting_accounts import rules
from nexafi.ledger.posting_accounts.rules import KINDS, Candidate

each_template = pytest.mark.parametrize(
    "template", TEMPLATES.values(), ids=lambda template: template.name
)


def account(code: str, name: str, type_: str = "asset", **more: object) -> Candidate:
    told = {
        "subtype": None,
        "normal_side": NORMAL_SIDE[type_],
        "currency": None,
        "is_open": True,
        **more,
    }
    return Candidate(uuid4(), code, name, type_, **told)


def chart(template: Template) -> list[Candidate]:
    found = [
        account(
            each.code,
            each.name,
            each.type,
            subtype=each.subtype,
            normal_side=each.normal_side,
        )
        for each in template.accounts
    ]
    return sorted(found, key=lambda each: each.code)


def found(accounts: list[Candidate], role: Role, provider: str = "", currency: str | None = None):
    seen = rules.recognized(accounts, {}, role, provider, currency)
    return seen and (seen[0].code, seen[1])


@each_template
def test_a_chart_from_a_template_is_read_as_the_template_says(template):
    """So who applied it before roles were kept has the same accounts as who applies it now."""
    said = {each.role: (each.code, "") for each in template.accounts if each.role}
    assert {Role.CLEARING, Role.FEES, Role.RECEIVABLE, Role.PAYABLE, Role.REVENUE} <= said.keys()
    read = {role: found(chart(template), role) for role in Role}
    assert {role: each for role, each in read.items() if each} == said


@pytest.mark.parametrize(
    ("role", "name", "type_"),
    [
        (Role.CLEARING, "Card processor clearing", "asset"),
        (Role.CLEARING, "Merchant account - clearing", "asset"),
        (Role.DISPUTES, "Open chargebacks", "asset"),
        (Role.TRANSIT, "Funds in transit", "asset"),
        (Role.BANK, "Bank of Nowhere", "asset"),
        (Role.RECEIVABLE, "Debtors", "asset"),
        (Role.PAYABLE, "Trade creditors", "liability"),
        (Role.TAX, "GST", "liability"),
        (Role.DEFERRED_REVENUE, "Unearned income", "liability"),
        (Role.WALLETS, "Wallets of customers", "liability"),
        (Role.REVENUE, "Turnover", "income"),
        (Role.PLATFORM_FEES, "Application fee", "income"),
        (Role.FX_GAIN, "Exchange differences", "income"),
        (Role.FX_LOSS, "Exchange differences", "expense"),
        (Role.FEES, "Merchant charges", "expense"),
        (Role.DISPUTE_LOSSES, "Chargebacks", "expense"),
        (Role.ADJUSTMENTS, "Payment differences", "expense"),
    ],
)
def test_an_account_is_known_by_its_name(role, name, type_):
    accounts = [account("1", "Suspense"), account("7", name, type_)]
    assert found(accounts, role) == ("7", "")


def test_what_is_closed_contra_of_another_currency_or_of_another_type_is_not_it():
    accounts = [
        account("1", "Receivables", is_open=False),
        account("2", "Allowance", subtype="receivable", normal_side="credit"),
        account("3", "Receivables", "expense"),
        account("4", "Dollar receivables", currency="USD"),
        account("5", "Receivable from staff", subtype="other_current_asset"),
        account("6", "Receivables"),
    ]
    assert found(accounts, Role.RECEIVABLE, currency="EUR") == ("6", "")
    assert found(accounts, Role.RECEIVABLE, currency="USD") == ("4", "")
    assert found(accounts[:3], Role.RECEIVABLE) is None


def test_an_account_that_names_a_provider_is_for_it_alone():
    accounts = [
        account("1050", "PayPal clearing"),
        account("1051", "Stripe Clearing"),
        account("6100", "Stripe fees", "expense"),
    ]
    assert found(accounts, Role.CLEARING, "stripe") == ("1051", "stripe")
    assert found(accounts, Role.CLEARING, "paypal") == ("1050", "paypal")
    assert found(accounts, Role.CLEARING, "adyen") is None
    assert found(accounts, Role.FEES, "stripe") == ("6100", "stripe")
    assert found(accounts, Role.FEES, "paypal") is None


def test_what_is_for_another_role_is_not_taken_for_want_of_a_better_one():
    transit = account("1052", "Cash in transit", subtype="cash")
    renamed = account("1053", "On its way", subtype="cash")
    own = account("4060", "Platform fees", "income", subtype="revenue")
    assert found([transit, own], Role.BANK) is None
    assert found([transit, own], Role.REVENUE) is None

    kept = {("transit", "", False): renamed}
    assert rules.recognized([renamed], kept, Role.BANK, "", None) is None
    assert found([renamed], Role.BANK) == ("1053", "")


def test_set_for_a_provider_comes_first_then_set_for_all_then_what_was_found():
    one, two, three, four = (account(str(place), "x") for place in range(4))
    kept = {
        ("clearing", "stripe", True): one,
        ("clearing", "", True): two,
        ("clearing", "stripe", False): three,
        ("clearing", "", False): four,
    }
    for expected in (one, two, three, four):
        assert rules.known(kept, Role.CLEARING, "stripe", "EUR") == expected
        assert rules.was_set(kept, Role.CLEARING, "stripe", expected) is (expected in {one, two})
        kept = {way: each for way, each in kept.items() if each != expected}
    assert rules.known(kept, Role.CLEARING, "stripe", "EUR") is None


def test_what_a_bank_clears_is_at_the_bank_unless_somebody_says_otherwise():
    bank, own = account("1000", "Bank"), account("1051", "Orders sent")
    kept = {("bank", "", False): bank, ("clearing", "", True): own}
    assert rules.known(kept, Role.CLEARING, "bank", None) == bank
    kept |= {("clearing", "bank", True): own}
    assert rules.known(kept, Role.CLEARING, "bank", None) == own
    assert rules.known(kept, Role.FEES, "bank", None) is None


@pytest.mark.parametrize("role", Role)
def test_an_account_that_is_made_is_known_again_by_what_it_is(role):
    kind = KINDS[role]
    check_subtype(kind.type, kind.subtype)
    made = account(rules.code_for(role, {}, []), kind.name, kind.type, subtype=kind.subtype)
    assert found([made], role) == (made.code, "")
    others = [other for other in Role if other is not role and found([made], other)]
    assert others == [], "it is nothing else"


def test_accounts_that_are_made_do_not_ask_for_the_same_code():
    codes = [rules.code_for(role, {}, []) for role in Role]
    assert len(set(codes)) == len(codes)
    assert all(len(code) == 4 for code in codes)


def test_a_code_is_free_and_near_its_kin():
    ifrs = chart(TEMPLATES["ifrs"])
    assert rules.code_for(Role.DISPUTES, {}, ifrs) == "1661"
    assert rules.code_for(Role.DISPUTE_LOSSES, {}, ifrs) == "6035"
    assert rules.code_for(Role.WALLETS, {}, ifrs) == "2405"

    taken = [account("1660", "Payment provider clearing"), account("1661", "Taken")]
    assert rules.code_for(Role.DISPUTES, {}, taken) == "1662"
    words = [account("clearing", "Payment provider clearing")]
    assert rules.code_for(Role.DISPUTES, {}, words) == "1051"


def test_a_role_is_one_of_ours_and_a_provider_has_a_plain_name():
    assert rules.role_of("fees", None) == (Role.FEES, "")
    assert rules.role_of("fees", "stripe") == (Role.FEES, "stripe")
    for text, provider in (("fee", None), ("fees", "Stripe"), ("fees", ""), ("fees", "x" * 33)):
        with pytest.raises(PostingAccountNotFound):
            rules.role_of(text, provider)
    assert [rules.plain(name) for name in (" PayPal ", "", "a b")] == ["paypal", "", ""]
