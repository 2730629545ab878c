"""The library of Stripe is slow to load and large: who charges nobody by it never loads it."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from nexafi.payments.app import service
from nexafi.payments.providers.installed import providers
from nexafi.payments.settings import PaymentsSettings

stripe = providers(PaymentsSettings())["stripe"]
assert stripe.owns("pm_card_visa") and stripe.owns("cus_1/pm_1") and not stripe.owns("sandbox_visa")
print(*sorted({"stripe", "requests", "urllib3"} & sys.modules.keys()), service.name)
"""


def test_the_library_is_not_loaded_at_the_start():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["payments"]
