"""Living the month of the sample shop through the API, with a clock that is moved by the day."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nexafi.cli import sample_shop as sample
from nexafi.cli.client import Api
from nexafi.cli.failures import CommandFailed
from nexafi.cli.sample_shop import Day, Order
from nexafi.cli.showing import Bar
from nexafi.kernel.data.context import utc_now

if TYPE_CHECKING:
    from nexafi.cli.platform import Platform

LEDGER: Final = "/api/v1/ledger"
PAYMENTS: Final = "/api/v1/payments"
STEPS: Final = sample.DAYS + sample.ARRIVES_AFTER + 4
PATIENCE_S: Final = 60.0
NOON: Final = dt.time(12, tzinfo=dt.UTC)


class Days:
    """The clock of a platform in this process, and its news: both go on by the day."""

    def __init__(self, platform: Platform, names: list[str]) -> None:
        self._platform = platform
        self._names = names
        self._now = utc_now()
        self._workers = None
        for name in names:
            platform.database(name).clock = lambda: self._now
        if platform.broker is not None:
            from nexafi.kernel.service import Watch

            watches = {name: Watch(platform.bare(name), platform.database(name)) for name in names}
            self._workers = platform.workers(watches)
            self._workers.start()

    def move_to(self, on: dt.date, *, seconds: int = 0) -> None:
        """Let it be noon of a day, or some seconds after."""
        self._now = dt.datetime.combine(on, NOON) + dt.timedelta(seconds=seconds)

    def go_on(self, seconds: int) -> None:
        """Let seconds pass by."""
        self._now += dt.timedelta(seconds=seconds)

    def carry(self, api: Api) -> None:
        """Let what was told be heard, until all that moved is in the books."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            if self._workers is None:
                while sum(self._platform.do_round(name) for name in self._names):
                    self.go_on(1)
            if not api.get(f"{PAYMENTS}/movements", booked=False, limit=1)["items"]:
                return
            if time.monotonic() > deadline:
                raise CommandFailed("What moved does not come into the books; see nexafi doctor.")
            self.go_on(1)
            time.sleep(0.05)

    def end(self) -> None:
        """Let the workers end."""
        if self._workers is not None:
            self._workers.stop()
            self._workers.join(PATIENCE_S)


@dataclass
class Shop:
    """What the shop has: by the numbers of the plan, the ids of the API."""

    api: Api
    customers: list[str] = field(default_factory=list)
    wallets: list[str] = field(default_factory=list)
    to_send: list[tuple[str, Order]] = field(default_factory=list)
    to_refund: dict[int, list[tuple[str, Order]]] = field(default_factory=dict)
    bank_lines: list[tuple[dt.date, int, str]] = field(default_factory=list)
    disputed: str | None = None


class Month:
    """The month, day by day."""

    def __init__(self, api: Api, days: Days, bar: Bar, start: dt.date) -> None:
        self._api = api
        self._days = days
        self._bar = bar
        self._start = start
        self._shop = Shop(api)

    def live(self) -> dict[str, Any]:
        """Do all of it; return what there is then."""
        self._step("Books, customers, a bank")
        self._days.move_to(self._start)
        self._open()
        for day in sample.month(self._start):
            self._step(f"{day.on}")
            self._days.move_to(day.on)
            self._live(day)
            self._days.carry(self._api)
        for late in range(sample.ARRIVES_AFTER):
            self._step("The last days")
            self._days.move_to(self._start + dt.timedelta(days=sample.DAYS + late))
            self._days.carry(self._api)
        self._step("What the bank says")
        self._bank_statement()
        self._step("Checking")
        return self._told()

    def _step(self, what: str) -> None:
        self._bar.doing(what)
        self._bar.step()

    def _post(self, path: str, body: object) -> Any:  # noqa: ANN401 - any JSON value
        return self._api.post(f"{PAYMENTS}{path}", body)

    # -- the first day --------------------------------------------------------------------------

    def _open(self) -> None:
        api = self._api
        if api.get(f"{LEDGER}/entries", limit=1)["items"]:
            raise CommandFailed(
                f"{sample.NAME} has lived its month already. To see it again name another data"
                " folder with --data."
            )
        api.post(f"{LEDGER}/accounts/template", {"template": "ifrs"})
        before = self._start - dt.timedelta(days=1)
        opening = {
            "date": before.isoformat(),
            "description": "Opening balances of the sample shop",
            "lines": [{"account": "1810", "amount": sample.money(sample.OPENING_CASH)}],
        }
        api.post(f"{LEDGER}/accounts/opening", opening)
        rate = {"currency": "USD", "date": before.isoformat(), "rate": "0.92", "origin": "sample"}
        api.post(f"{LEDGER}/rates", rate)
        bank = {"name": "Current account", "currency": "EUR", "number": sample.ACCOUNT}
        api.post(f"{LEDGER}/bank-accounts", {**bank, "account": "1810"})
        self._days.carry(api)
        for name in sample.CUSTOMERS:
            customer = self._post("/customers", {"name": name, "country": "DE"})["id"]
            self._shop.customers.append(customer)
            self._shop.wallets.append(self._post("/wallets", {"customer": customer})["id"])

    # -- a day ----------------------------------------------------------------------------------

    def _live(self, day: Day) -> None:
        shop = self._shop
        for charge, order in shop.to_send:
            self._post(f"/charges/{charge}/capture", {})
            self._refund_later(day.place, charge, order)
        shop.to_send = []
        for charge, order in shop.to_refund.pop(day.place, []):
            amount = sample.money(order.refund_cents, order.currency)
            body = {"amount": amount, "reason": "Sent back"}
            self._post(f"/charges/{charge}/refunds", body)
            text = f"Order {order.number} sent back"
            self._book_sale(day.on, -order.refund_cents, order.currency, text)
        for order in day.orders:
            self._sell(day, order)
        for customer, cents in day.top_ups:
            body = {"amount": sample.money(cents), "payment_method": "sandbox_visa"}
            self._post(f"/wallets/{shop.wallets[customer]}/top-ups", body)
        for customer, cents in day.wallet_payments:
            self._book_sale(day.on, cents, "EUR", "Paid from a wallet")
            body = {"amount": sample.money(cents), "description": "Order paid from a wallet"}
            self._post(f"/wallets/{shop.wallets[customer]}/payments", body)
        self._dispute(day)
        self._debit_and_pay(day)
        if day.place in sample.PAYOUT_DAYS:
            self._take_payout(day)

    def _sell(self, day: Day, order: Order) -> None:
        body = {
            "amount": sample.money(order.cents, order.currency),
            "payment_method": order.method,
            "capture": not order.is_held,
            "customer": self._shop.customers[order.customer],
            "description": f"Order {order.number}",
            "metadata": {"order": str(order.number)},
        }
        charge = self._post("/charges", body)
        if order.way == "3-D Secure":
            done = {"charge": charge["id"], "kind": "action_succeeded"}
            self._post("/sandbox/notices", done)
        if charge["state"] == "failed":
            return  # declined: nothing was sold
        self._book_sale(day.on, order.cents, order.currency, f"Order {order.number}")
        is_day = day.place == sample.DISPUTED_ON - 1
        if is_day and order.way == "card" and order.currency == "EUR" and not order.is_held:
            self._shop.disputed = charge["id"]
        if order.is_held:
            self._shop.to_send.append((charge["id"], order))
        else:
            self._refund_later(day.place, charge["id"], order)

    def _refund_later(self, place: int, charge: str, order: Order) -> None:
        if order.refund_cents and order.way == "card" and charge != self._shop.disputed:
            later = min(place + 3, sample.DAYS - 1)
            if later > place:
                self._shop.to_refund.setdefault(later, []).append((charge, order))

    def _book_sale(self, on: dt.date, cents: int, currency: str, text: str) -> None:
        """Post what was sold, or sent back: the customer owes it until the money is taken."""
        lines = [
            {"account": "1600", "amount": sample.money(cents, currency)},
            {"account": "4000", "amount": sample.money(-cents, currency)},
        ]
        entry = {"date": on.isoformat(), "description": text, "lines": lines}
        self._api.post(f"{LEDGER}/entries", entry)

    def _dispute(self, day: Day) -> None:
        charge = self._shop.disputed
        if charge is None:
            return
        if day.place == sample.DISPUTED_ON:
            opened = {"charge": charge, "kind": "dispute_opened", "reason": "product_not_received"}
            self._post("/sandbox/notices", opened)
        if day.place == sample.DECIDED_ON:
            self._post("/sandbox/notices", {"charge": charge, "kind": "dispute_lost"})

    # -- the bank -------------------------------------------------------------------------------

    def _debit_and_pay(self, day: Day) -> None:
        """Debit two customers by SEPA, pay a supplier, and hear of both from the bank."""
        if day.place == 0:
            self._api.ask(
                "PUT",
                f"{PAYMENTS}/providers/bank",
                _json({"settings": sample.BANK_SETTINGS}),
                kind="application/json",
            )
        if day.place == sample.DEBITS_ON:
            self._debit(day.on)
        if day.place == sample.PAYS_SUPPLIER_ON:
            creditor = {"name": "Supplier", "iban": sample.CREDITOR}
            body = {
                "amount": sample.money(50_000),
                "creditor": creditor,
                "remittance": "Goods of the month",
            }
            bill = {"date": day.on.isoformat(), "description": "Goods of the month"}
            lines = [
                {"account": "5000", "amount": sample.money(50_000)},
                {"account": "2000", "amount": {"amount": "-500.00", "currency": "EUR"}},
            ]
            self._api.post(f"{LEDGER}/entries", {**bill, "lines": lines})
            self._post("/payouts", body)
            self._hand_to_bank("pain.001", day.on, [-50_000], "SUPPLIER")

    def _debit(self, on: dt.date) -> None:
        collected = (4_900, 9_900)
        for place, cents in enumerate(collected):
            customer = self._shop.customers[place]
            mandate = self._post(
                "/mandates",
                {
                    "customer": customer,
                    "scheme": "sepa_core",
                    "holder": sample.CUSTOMERS[place],
                    "iban": sample.DEBTOR,
                    "signed_on": on.isoformat(),
                },
            )
            self._book_sale(on, cents, "EUR", "A subscription, by SEPA direct debit")
            body = {
                "amount": sample.money(cents),
                "payment_method": mandate["payment_method"],
                "customer": customer,
                "description": "A subscription",
            }
            self._post("/charges", body)
        self._hand_to_bank("pain.008", on, collected, "SEPA COLLECTION")

    def _hand_to_bank(self, kind: str, on: dt.date, moved: Sequence[int], text: str) -> None:
        made = self._post("/bank-files", {"kind": kind})
        self._post(f"/bank-files/{made['id']}/sent", None)
        orders = self._api.get(f"{PAYMENTS}/bank-files/orders", file=made["id"])["items"]
        for each in orders:
            self._post(f"/bank-files/orders/{each['id']}/decide", {"outcome": "settled"})
        self._shop.bank_lines += [(on + dt.timedelta(days=1), cents, text) for cents in moved]

    def _take_payout(self, day: Day) -> None:
        """Let the provider pay what it owes; the bank has it some days later."""
        paid = self._post("/settlements/sandbox", {"on": day.on.isoformat()})
        for each in paid["settlements"]:
            amount = each["amount"]
            if amount["currency"] == "EUR":
                cents = round(float(amount["amount"]) * 100)
                on = day.on + dt.timedelta(days=sample.ARRIVES_AFTER)
                self._shop.bank_lines.append((on, cents, "SANDBOX PAYOUT"))

    def _bank_statement(self) -> None:
        """Import what the bank says, and book it against what was on its way."""
        roles = {
            (each["role"], each["provider"]): each["account"]
            for each in self._api.get(f"{LEDGER}/posting-accounts")["items"]
        }
        transit = roles["transit", None]
        rules = {"SANDBOX PAYOUT": transit}
        for text, account in rules.items():
            condition = {"kind": "contains", "text": text}
            body = {"name": text, "conditions": [condition], "outcome": {"account": account}}
            self._api.post(f"{LEDGER}/rules", body)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "current-account.ofx"
            file.write_bytes(sample.statement(self._start, sorted(self._shop.bank_lines)))
            self._api.upload(f"{LEDGER}/statements", file)
        accounts = self._api.get(f"{LEDGER}/bank-accounts")["items"]
        for each in accounts:
            self._api.post(f"{LEDGER}/reconciliations/auto", {"bank_account": each["id"]})
        for _ in range(10):
            told = self._api.post(f"{LEDGER}/statement-lines/accept", {"min_confidence": 0.5})
            if not told["left"]:
                break
        self._days.carry(self._api)

    def _told(self) -> dict[str, Any]:
        """Return what a newcomer will find."""
        check = self._api.get(f"{LEDGER}/check")
        clearing = self._api.get(f"{PAYMENTS}/settlements/clearing")["items"]
        lines = self._api.each(f"{LEDGER}/statement-lines", state="new")
        charges = list(self._api.each(f"{PAYMENTS}/charges"))
        end = self._start + dt.timedelta(days=sample.DAYS + sample.ARRIVES_AFTER)
        return {
            "from": self._start.isoformat(),
            "to": end.isoformat(),
            "charges": len(charges),
            "movements": sum(1 for _ in self._api.each(f"{PAYMENTS}/movements")),
            "entries": check["entries"],
            "is_right": check["is_right"],
            "unbooked": sum(1 for _ in self._api.each(f"{PAYMENTS}/movements", booked=False)),
            "open_lines": sum(1 for _ in lines),
            "clearing": [
                {name: each[name] for name in ("provider", "currency", "balance", "unexplained")}
                for each in clearing
            ],
        }


def _json(body: object) -> bytes:
    import json

    return json.dumps(body).encode()
