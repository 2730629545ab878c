"""A problem knows its name, and a breached constraint its problem."""

from __future__ import annotations

from nexafi.kernel.errors import Forbidden, Problem
from nexafi.ledger.errors import AlreadyPosted, PeriodClosed

CONSTRAINT = "uq_entries_organization_id_source"


def test_a_problem_carries_its_service_and_those_of_the_kernel_carry_none():
    assert PeriodClosed.uri() == "/problems/ledger/period-closed"
    assert Forbidden.uri() == "/problems/forbidden"


def test_a_constraint_means_a_problem_to_its_own_service_only():
    assert Problem.guarded_by(CONSTRAINT, "ledger") is AlreadyPosted
    assert Problem.guarded_by(CONSTRAINT, "users") is None
