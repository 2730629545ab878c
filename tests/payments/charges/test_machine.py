"""Whatever is asked in whatever order, and whatever gets lost, no cent is taken twice.

Hypothesis makes up what people do (charge, capture, void, refund, too much of each), what
becomes of it at a provider that keeps books of its own, and when the resolver runs. After each
step the sums of a charge are in their bounds and equal to what was told to the ledger; once
all is found out they equal the provider's books. `NEXAFI_TEST_STEPS` says how many steps in all
(100,000 for the proof that a release is given).
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from nexafi.kernel.data import organizations
from nexafi.kernel.values.money import Money
from nexafi.payments.charges.rules import State
from nexafi.payments.providers.port import Kind
from nexafi.payments.tables import Charge, Movement, Operation
from tests.payments.conftest import Payments, resolving
from tests.payments.remembering import FATES, Remembering

STEPS_IN_ALL = int(os.environ.get("NEXAFI_TEST_STEPS", "450"))
STEPS = 30

amounts = st.integers(1, 20_000)
fates = st.sampled_from(FATES)
CAPTURES, REFUNDS = {"capture"}, {"refund"}


def wire(minor: int) -> dict[str, str]:
    return {"amount": Money(minor, "EUR").text, "currency": "EUR"}


class Payer(RuleBasedStateMachine):
    """An organization of its own for each sequence, in one database."""

    payments: Payments
    provider: Remembering

    def __init__(self) -> None:
        super().__init__()
        organization_id, caller = uuid4(), self.payments.caller
        home = replace(caller.home, id=organization_id)
        self.payments.caller = replace(caller, organization_id=organization_id, home=home)
        with self.payments.database.work(self.payments.caller) as work:
            organizations.keep(work, home)
        self.charges: list[str] = []
        self.fate = ""
        self.provider.fate = lambda _request: self.fate

    # -- what people do -----------------------------------------------------------------------

    @rule(minor=amounts, captures=st.booleans(), fate=fates)
    def charge(self, minor: int, *, captures: bool, fate: str) -> None:
        self.fate = fate
        body = {"amount": wire(minor), "payment_method": "remembering_1", "capture": captures}
        answer = self.payments.post("/charges", body, key=str(uuid4()))
        assert answer.status_code == 201, answer.json
        self.charges.append(answer.json["id"])

    @precondition(lambda self: self.charges)
    @rule(which=st.integers(0, 99), minor=amounts, last=st.booleans(), fate=fates)
    def capture(self, which: int, minor: int, *, last: bool, fate: str) -> None:
        self.do(which, "capture", fate, {"amount": wire(minor), "final": last})

    @precondition(lambda self: self.charges)
    @rule(which=st.integers(0, 99), fate=fates)
    def void(self, which: int, fate: str) -> None:
        self.do(which, "void", fate, {})

    @precondition(lambda self: self.charges)
    @rule(which=st.integers(0, 99), minor=amounts, fate=fates)
    def refund(self, which: int, minor: int, fate: str) -> None:
        self.do(which, "refunds", fate, {"amount": wire(minor)})

    def do(self, which: int, deed: str, fate: str, body: object) -> None:
        self.fate = fate
        charge = self.charges[which % len(self.charges)]
        answer = self.payments.post(f"/charges/{charge}/{deed}", body, key=str(uuid4()))
        assert answer.status_code in {200, 201, 409, 422}, answer.json

    @rule(fate=fates, minutes=st.integers(0, 200))
    def time_passes(self, fate: str, minutes: int) -> None:
        self.fate = fate
        self.payments.work_on(after=timedelta(minutes=minutes))

    # -- what must hold -----------------------------------------------------------------------

    @invariant()
    def sums_are_in_their_bounds_and_told_of(self) -> None:
        with self.payments.database.work(self.payments.caller, writes=False) as work:
            charges = work.session.scalars(select(Charge)).all()
            movements = work.session.scalars(select(Movement)).all()
        told: dict[tuple[object, str], int] = defaultdict(int)
        for each in movements:
            told[each.charge_id, each.kind] += each.amount_minor
        for each in charges:
            assert 0 <= each.captured_minor <= each.authorized_minor <= each.amount_minor
            assert 0 <= each.refunded_minor <= each.captured_minor
            assert told[each.id, "capture"] == each.captured_minor
            assert told[each.id, "refund"] == each.refunded_minor

    def teardown(self) -> None:
        """Let all be found out; then we and the provider say the same."""
        self.fate = ""
        for _ in range(4):
            self.payments.work_on(after=timedelta(hours=2))
        with self.payments.database.work(self.payments.caller, writes=False) as work:
            charges = work.session.scalars(select(Charge)).all()
            operations = work.session.scalars(select(Operation)).all()
        assert {each.state for each in operations} <= {"succeeded", "failed"}
        for each in charges:
            own = str(each.id)
            taken = self.provider.done(Kind.SALE, Kind.CAPTURE, charge=own)
            assert each.captured_minor == sum(taken)
            assert each.refunded_minor == sum(self.provider.done(Kind.REFUND, charge=own))
            assert each.capturing_minor == each.refunding_minor == 0
            assert each.state not in {State.AUTHORIZING, State.CAPTURING, State.VOIDING}


@pytest.fixture
def provider() -> Remembering:
    return Remembering()


def test_no_sequence_takes_or_gives_back_too_much(make_payments, provider):
    payments = make_payments(provider)
    payments.service = resolving(payments.service)
    machine = type("Payer", (Payer,), {"payments": payments, "provider": provider})

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=max(STEPS_IN_ALL // STEPS, 1),
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

    assert provider.done(Kind.SALE, Kind.CAPTURE), "nothing was ever taken: it proves nothing"
