"""A stand-in for PayPal on loopback that keeps PayPal's published contract.

Every request that comes and every answer that goes is held against PayPal's own OpenAPI files; what
breaks them is kept in `broken`, which must stay empty. It has books of its own, knows the requests
that it did by PayPal-Request-Id, and refuses an invoice id that it had before, as an account can be
set to do. How to get a token is not in those files and is checked by hand.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit
from uuid import UUID

from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from nexafi.payments.providers.port import Account
from tests.payments.conftest import Payments
from tests.payments.paypal_seal import Seal
from tests.shared import shared

KEYS = {"client_id": "AYclient", "client_secret": "EGsecret", "webhook_id": "8PT597110X687430L"}
ACCOUNT = Account(UUID(int=435), KEYS)
GOOD, DECLINED = "vault_8kk8451t", "vault_5declined"
SLOW, LATE = "vault_7pending", "vault_9created"
"""Of the vault: taken, declined, under review at first, and done with a second call only."""
AGREEMENT = "B-4MX12345AB678901C"
FILES = {
    "/v2/checkout": "checkout_orders_v2.json",
    "/v2/payments": "payments_payment_v2.json",
    "/v1/reporting": "reporting_transactions_v1.json",
}
Json = dict[str, Any]


def connect(payments: Payments, **keys: str) -> Payments:
    """Give a payments service the keys of the stand-in, or others."""
    done = payments.client.put("/api/v1/payments/providers/paypal", json={"keys": KEYS | keys})
    assert done.status_code == 200, done.json
    return payments


@cache
def _contract(path: Path) -> tuple[Json, Registry[Any]]:
    document = json.loads(path.read_text())
    resource = Resource(contents=document, specification=DRAFT7)
    return document, Registry().with_resource(path.name, resource)


@dataclass(frozen=True)
class Operation:
    """One operation of a contract: what may be asked and answered."""

    file: Path
    path: str
    method: str

    @property
    def told(self) -> Json:
        return _contract(self.file)[0]["paths"][self.path][self.method]

    def breaches(self, schema: Json, value: object) -> list[str]:
        """Return what is wrong with a value."""
        registry = _contract(self.file)[1]
        validator = Draft7Validator(_absolute(schema, self.file.name), registry=registry)
        return [f"{self.method} {self.path} {each.json_path}: {each.message}" for each in
                validator.iter_errors(value)]  # fmt: skip

    def of_body(self, body: object) -> list[str]:
        asked = self.resolved(self.told.get("requestBody") or {})
        content = (asked.get("content") or {}).get("application/json")
        if content is None:
            return [] if not body else [f"{self.method} {self.path} takes no body"]
        return self.breaches(content["schema"], body)

    def of_parameters(self, headers: Json, query: Json) -> list[str]:
        found = []
        known = [self.resolved(each) for each in self.told.get("parameters") or []]
        for each in known:
            given = {"header": headers, "query": query}.get(each["in"], {})
            name = each["name"].lower() if each["in"] == "header" else each["name"]
            if name in given:
                value: object = given[name]
                value = int(given[name]) if each["schema"].get("type") == "integer" else value
                found += self.breaches(each["schema"], value)
            elif each.get("required") and each["in"] == "query":
                found.append(f"{self.path} lacks {name}")
        names = {each["name"] for each in known if each["in"] == "query"}
        return found + [f"{self.path} knows no {name}" for name in query.keys() - names]

    def of_answer(self, status: int, body: Json) -> list[str]:
        answers = self.told["responses"]
        said = self.resolved(answers.get(str(status)) or answers["default"])
        content = (said.get("content") or {}).get("application/json")
        return self.breaches(content["schema"], body) if content and body else []

    def resolved(self, thing: Json) -> Json:
        if (ref := thing.get("$ref")) is None:
            return thing
        found = _contract(self.file)[0]
        for part in ref.removeprefix("#/").split("/"):
            found = found[part]
        return self.resolved(found)


def _absolute(schema: Any, name: str) -> Any:
    """Return a schema whose references say in which file they are."""
    if isinstance(schema, dict):
        return {
            key: f"{name}{each}" if key == "$ref" else _absolute(each, name)
            for key, each in schema.items()
        }
    return [_absolute(each, name) for each in schema] if isinstance(schema, list) else schema


class No(Exception):
    """PayPal's refusal."""

    def __init__(self, issue: str, status: int = 422) -> None:
        super().__init__(issue)
        self.issue, self.status = issue, status


NAMES = {
    400: "INVALID_REQUEST",
    401: "AUTHENTICATION_FAILURE",
    404: "RESOURCE_NOT_FOUND",
    422: "UNPROCESSABLE_ENTITY",
}


@dataclass
class Peer:
    """PayPal, seen from a test."""

    folder: Path
    url: str = ""
    orders: dict[str, Json] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    seen: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path and PayPal-Request-Id of all that came but questions for a token."""
    tokens_given: int = 0
    lasts_s: int = 32400
    faults: list[str] = field(default_factory=list)
    """What happens to the next POSTs but those for a token: ``cut before``, ``cut after``, ``500``
    (done), ``503`` (not done), ``429``, ``garbage`` (done) or nothing."""
    seal: Seal = field(default_factory=Seal)
    certificates_given: int = 0
    _tokens: set[str] = field(default_factory=set)
    _done: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    _invoices: set[str] = field(default_factory=set)
    _guard: threading.RLock = field(default_factory=threading.RLock)

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Peer]:
        """Start one on a free port of the loopback; whoever breaks the contract fails the test."""
        peer = cls(shared("payments"))
        handler = type("Bound", (_Handler,), {"peer": peer})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        peer.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield peer
        finally:
            server.shutdown()
            server.server_close()
            thread.join(10)
        assert peer.broken == [], peer.broken

    # -- what happens at PayPal ------------------------------------------------------------------

    def approve(self, order_id: str) -> None:
        """Let the payer approve an order."""
        assert self.orders[order_id]["status"] == "PAYER_ACTION_REQUIRED"
        self.orders[order_id]["status"] = "APPROVED"

    def expire(self, order_id: str) -> None:
        """Forget an order that nobody approved."""
        del self.orders[order_id]

    def review(self, order_id: str, status: str) -> None:
        """End the review of a capture."""
        capture = self.captures(order_id)[0]
        capture["status"] = status
        if status == "COMPLETED":
            capture["seller_receivable_breakdown"] = _breakdown(capture["amount"])

    def forget_tokens(self) -> None:
        """Take back all tokens before their time."""
        self._tokens.clear()

    def captures(self, order_id: str) -> list[Json]:
        return self._made(order_id, "captures")

    def refunds(self, order_id: str) -> list[Json]:
        return self._made(order_id, "refunds")

    def authorizations(self, order_id: str) -> list[Json]:
        return self._made(order_id, "authorizations")

    def posts(self, ending: str) -> int:
        """Count the POSTs to paths of an ending."""
        return sum(method == "POST" and path.endswith(ending) for method, path, _ in self.seen)

    def _made(self, order_id: str, kind: str) -> list[Json]:
        return self.orders[order_id]["purchase_units"][0]["payments"][kind]

    # -- answering -------------------------------------------------------------------------------

    def answer(self, method: str, target: str, headers: Json, body: bytes) -> tuple[int, Any]:
        """Return what is answered; hold question and answer against the contract."""
        place = urlsplit(target)
        with self._guard:
            if place.path == "/v1/oauth2/token":
                return self._give_token(headers, body)
            if place.path.startswith("/v1/notifications/certs/"):
                self.certificates_given += 1
                return 200, self.seal.certificate
            self.seen.append((method, place.path, headers.get("paypal-request-id", "")))
            if headers.get("authorization", "").removeprefix("Bearer ") not in self._tokens:
                return 401, _error(401, "")
            return self._held_to_contract(method, place.path, place.query, headers, body)

    def _held_to_contract(
        self, method: str, path: str, query: str, headers: Json, body: bytes
    ) -> tuple[int, Any]:
        operation = self._operation(method, path)
        asked = json.loads(body) if body else None
        given = dict(parse_qsl(query))
        self.broken += operation.of_parameters(headers, given)
        if method == "POST":
            self.broken += operation.of_body(asked)
        try:
            status, told = self._done_once(method, path, headers, asked or {}, given)
        except No as no:
            status, told = no.status, _error(no.status, no.issue)
        self.broken += operation.of_answer(status, told)
        return status, told

    def _operation(self, method: str, path: str) -> Operation:
        start = next(each for each in FILES if path.startswith(each))
        file = self.folder / FILES[start]
        for each in _contract(file)[0]["paths"]:
            if re.fullmatch(re.sub(r"{\w+}", r"[A-Z0-9]+", each), path):
                return Operation(file, each, method.lower())
        raise AssertionError(f"PayPal has no {path}")

    def _done_once(
        self, method: str, path: str, headers: Json, asked: Json, given: Json
    ) -> tuple[int, Any]:
        key = (path, headers.get("paypal-request-id", ""))
        if method == "POST" and key[1] and key in self._done:
            status, id_ = self._done[key]
            return status, self._show(id_)
        parts = path.strip("/").split("/")
        match [method, *parts[1:]]:
            case ["GET", "reporting", "transactions"]:
                return 200, self._report(given)
            case ["GET", _, _, id_]:
                return 200, self._show(id_)
            case ["POST", "checkout", "orders"]:
                id_ = self._create(asked)
            case ["POST", "checkout", "orders", id_, deed]:
                self._complete(id_, deed, asked)
            case ["POST", "payments", "authorizations", of, "capture"]:
                id_ = self._capture(of, asked)
            case ["POST", "payments", "authorizations", id_, "void"]:
                self._void(id_)
                return 200, self._show(id_)
            case ["POST", "payments", "captures", of, "refund"]:
                id_ = self._refund(of, asked)
            case _:
                raise AssertionError(f"the stand-in has no {method} {path}")
        self._done[key] = (201, id_)
        return 201, self._show(id_)

    def _give_token(self, headers: Json, body: bytes) -> tuple[int, Any]:
        basic = base64.b64decode(headers.get("authorization", "").removeprefix("Basic "))
        assert headers["content-type"] == "application/x-www-form-urlencoded"
        assert parse_qs(body.decode()) == {"grant_type": ["client_credentials"]}
        if basic.decode() != f"{KEYS['client_id']}:{KEYS['client_secret']}":
            told = "Client Authentication failed"
            return 401, {"error": "invalid_client", "error_description": told}
        self.tokens_given += 1
        token = f"A21AA{secrets.token_urlsafe(24)}"
        self._tokens.add(token)
        return 200, {
            "scope": "https://uri.paypal.com/services/payments/payment/authcapture",
            "access_token": token, "token_type": "Bearer", "app_id": "APP-80W284485P519543T",
            "expires_in": self.lasts_s, "nonce": "2026-04-01T00:00:00Z",
        }  # fmt: skip

    # -- its books -------------------------------------------------------------------------------

    def _create(self, asked: Json) -> str:
        unit = asked["purchase_units"][0]
        source = asked["payment_source"]
        token = source.get("paypal", {}).get("vault_id") or source.get("token", {}).get("id")
        id_ = _id()
        order = {
            "id": id_, "intent": asked["intent"], "status": "PAYER_ACTION_REQUIRED",
            "create_time": _now(),
            "purchase_units": [
                {**unit, "payments": {"authorizations": [], "captures": [], "refunds": []}}
            ],
            "payer": {"payer_id": "WDJJHEBZ4X2LY", "address": {"country_code": "DE"}},
            "links": [self._link(f"/v2/checkout/orders/{id_}", "self"), {
                "href": f"https://www.paypal.com/checkoutnow?token={id_}", "rel": "payer-action",
            }],
        }  # fmt: skip
        self._check_amount(unit["amount"])
        if token == DECLINED.removeprefix("vault_"):
            raise No("INSTRUMENT_DECLINED")
        self.orders[id_] = order
        if token:
            order["links"].pop()
            order["status"] = "CREATED"
        if token and token != LATE.removeprefix("vault_"):
            try:
                self._pay(order, is_reviewed=token == SLOW.removeprefix("vault_"))
            except No:
                del self.orders[id_]
                raise
        return id_

    def _complete(self, id_: str, deed: str, asked: Json) -> None:
        order = self._order(id_)
        if {"capture": "CAPTURE", "authorize": "AUTHORIZE"}[deed] != order["intent"]:
            raise No("ACTION_DOES_NOT_MATCH_INTENT")
        if order["status"] == "COMPLETED":
            raise No(f"ORDER_ALREADY_{deed.upper()}D")
        is_paid = order["status"] == "CREATED" and asked.get("payment_source")
        if order["status"] != "APPROVED" and not is_paid:
            raise No("ORDER_NOT_APPROVED")
        self._pay(order)

    def _pay(self, order: Json, *, is_reviewed: bool = False) -> None:
        unit = order["purchase_units"][0]
        self._note_invoice(unit["invoice_id"])
        order["status"] = "COMPLETED"
        names = {"custom_id": unit["custom_id"], "invoice_id": unit["invoice_id"]}
        if order["intent"] == "AUTHORIZE":
            ends = (datetime.now(UTC) + timedelta(days=29)).isoformat()
            made = self._thing(order, unit["amount"], "authorizations")
            made |= {"status": "CREATED", "expiration_time": ends, **names}
            return
        capture = self._thing(order, unit["amount"], "captures")
        capture |= {"status": "COMPLETED", "final_capture": True, **names}
        if is_reviewed:
            capture |= {"status": "PENDING", "status_details": {"reason": "PENDING_REVIEW"}}
        else:
            capture["seller_receivable_breakdown"] = _breakdown(unit["amount"])

    def _capture(self, of: str, asked: Json) -> str:
        order, held = self._find(of)
        if held["status"] in {"CAPTURED", "VOIDED"}:
            done = held["status"] == "CAPTURED"
            raise No("AUTHORIZATION_ALREADY_CAPTURED" if done else "AUTHORIZATION_VOIDED")
        took = sum(Decimal(each["amount"]["value"]) for each in self._captures_of(order))
        left = Decimal(held["amount"]["value"]) - took
        if Decimal(asked["amount"]["value"]) > left:
            raise No("MAX_CAPTURE_AMOUNT_EXCEEDED")
        self._note_invoice(asked["invoice_id"])
        capture = self._thing(order, asked["amount"], "captures")
        capture |= {
            "status": "COMPLETED", "final_capture": asked["final_capture"],
            "custom_id": held["custom_id"], "invoice_id": asked["invoice_id"],
            "seller_receivable_breakdown": _breakdown(asked["amount"]),
        }  # fmt: skip
        capture["supplementary_data"]["related_ids"]["authorization_id"] = of
        held["status"] = "CAPTURED" if asked["final_capture"] else "PARTIALLY_CAPTURED"
        return capture["id"]

    def _void(self, of: str) -> None:
        _, held = self._find(of)
        if held["status"] in {"CAPTURED", "VOIDED"}:
            raise No(f"PREVIOUSLY_{held['status']}")
        held["status"] = "VOIDED"

    def _refund(self, of: str, asked: Json) -> str:
        order, capture = self._find(of)
        self._check_amount(asked["amount"])
        mine = [each for each in self._refunds_of(order) if each["links"][1]["href"].endswith(of)]
        back = sum(Decimal(each["amount"]["value"]) for each in mine)
        left = Decimal(capture["amount"]["value"]) - back
        value = Decimal(asked["amount"]["value"])
        if value > left:
            raise No("REFUND_AMOUNT_EXCEEDED" if left else "CAPTURE_FULLY_REFUNDED")
        self._note_invoice(asked["invoice_id"])
        refund = self._thing(order, asked["amount"], "refunds")
        refund |= {
            "status": "COMPLETED", "custom_id": asked["custom_id"],
            "invoice_id": asked["invoice_id"],
        }  # fmt: skip
        refund["links"].append(self._link(f"/v2/payments/captures/{of}", "up"))
        del refund["supplementary_data"]
        capture["status"] = "REFUNDED" if value == left else "PARTIALLY_REFUNDED"
        return refund["id"]

    def _report(self, given: Json) -> Json:
        every = [
            thing
            for order in self.orders.values()
            for kind in ("authorizations", "captures", "refunds")
            for thing in order["purchase_units"][0]["payments"][kind]
        ]
        found = [
            {"transaction_info": {
                "transaction_id": each["id"], "invoice_id": each["invoice_id"],
                "custom_field": each["custom_id"], "transaction_amount": each["amount"],
                "transaction_status": "S", "transaction_initiation_date": each["create_time"],
            }} for each in every
        ]  # fmt: skip
        listed = {"transaction_details": found} if found else {}
        return listed | {
            "page": int(given["page"]), "total_items": len(found),
            "total_pages": 1, "start_date": given["start_date"], "end_date": given["end_date"],
        }  # fmt: skip

    def _thing(self, order: Json, amount: Json, kind: str) -> Json:
        id_ = _id()
        made = {
            "id": id_, "amount": dict(amount), "create_time": _now(), "update_time": _now(),
            "links": [self._link(f"/v2/payments/{kind}/{id_}", "self")],
            "supplementary_data": {"related_ids": {"order_id": order["id"]}},
        }  # fmt: skip
        order["purchase_units"][0]["payments"][kind].append(made)
        return made

    def _show(self, id_: str) -> Json:
        return self.orders[id_] if id_ in self.orders else self._find(id_)[1]

    def _order(self, id_: str) -> Json:
        if id_ not in self.orders:
            raise No("INVALID_RESOURCE_ID", 404)
        return self.orders[id_]

    def _find(self, id_: str) -> tuple[Json, Json]:
        for order in self.orders.values():
            for things in order["purchase_units"][0]["payments"].values():
                for each in things:
                    if each["id"] == id_:
                        return order, each
        raise No("INVALID_RESOURCE_ID", 404)

    def _captures_of(self, order: Json) -> list[Json]:
        return self.captures(order["id"])

    def _refunds_of(self, order: Json) -> list[Json]:
        return self.refunds(order["id"])

    def _note_invoice(self, invoice: str) -> None:
        if invoice in self._invoices:
            raise No("DUPLICATE_INVOICE_ID")
        self._invoices.add(invoice)

    def _check_amount(self, amount: Json) -> None:
        is_whole = amount["currency_code"] in {"HUF", "JPY", "TWD"}
        places = -Decimal(amount["value"]).as_tuple().exponent
        if places > (0 if is_whole else 2):
            raise No("DECIMAL_PRECISION")

    def _link(self, path: str, rel: str) -> Json:
        return {"href": f"https://api-m.paypal.com{path}", "rel": rel, "method": "GET"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    peer: Peer

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def log_message(self, *_args: object) -> None:
        """Say nothing: a test counts what was seen."""

    def _serve(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        is_deed = method == "POST" and self.path != "/v1/oauth2/token"
        fault = self.peer.faults.pop(0) if is_deed and self.peer.faults else ""
        if fault in {"cut before", "503", "429"}:
            status, told = (int(fault) if fault.isdigit() else 0), {"name": "FAULT"}
        else:
            try:
                status, told = self.peer.answer(method, self.path, headers, body)
            except Exception as error:  # noqa: BLE001 - a defect of the stand-in fails the test
                self.peer.broken.append(repr(error))
                status, told = 500, {"name": "INTERNAL_SERVER_ERROR"}
        if fault in {"cut before", "cut after"}:
            self.close_connection = True
            return
        if fault == "500":
            status, told = 500, {"name": "INTERNAL_SERVER_ERROR"}
        self._say(status, b"<html>" if fault == "garbage" else told)

    def _say(self, status: int, told: Any) -> None:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        head = f"HTTP/1.1 {status} -\r\ncontent-type: application/json\r\n"
        self.wfile.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)


def _error(status: int, issue: str) -> Json:
    details = [{"issue": issue}] if issue else []
    return {"name": NAMES[status], "debug_id": "90957fca61718", "details": details}


def _breakdown(amount: Json) -> Json:
    """Return what PayPal keeps: 2.9 % and 0.30, or 30 of what has no decimals."""
    gross = Decimal(amount["value"])
    unit = Decimal(1).scaleb(gross.as_tuple().exponent)
    fee = min((gross * Decimal("0.029")).quantize(unit) + 30 * unit, gross)

    def money(value: Decimal) -> Json:
        return {"currency_code": amount["currency_code"], "value": f"{value:f}"}

    return {
        "gross_amount": money(gross),
        "paypal_fee": money(fee),
        "net_amount": money(gross - fee),
    }


def _id() -> str:
    return "".join(secrets.choice("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(17))


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
