"""An organization with something of everything, and how each endpoint is called with its ids.

In what is sent, ``$entry`` stands for the id of an entry of some organization, ``$cash`` for the
code of its account, and so on: the same call is made with one's own and with another's.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy import select

from nexafi.kernel.web.endpoints import Endpoint
from tests.ledger.bank import Pay, csv, ofx
from tests.system import paying
from tests.system.calls import Call, money
from tests.system.conftest import Platform
from tests.users.conftest import PASSWORD, Person

LEDGER, USERS = "/api/v1/ledger", "/api/v1/users"
DAY = "2026-03-31"
SHEET = b"date,currency,rate\n2026-03-01,USD,0.9\n"


def sale(*, currency: str = "EUR", **more: object) -> dict[str, Any]:
    lines = [
        {"account": "$cash", "amount": {"amount": "10.00", "currency": currency}},
        {"account": "$sales", "amount": {"amount": "-10.00", "currency": currency}},
    ]
    return {"date": DAY, "description": "$text", "lines": lines, **more}


CONDITIONS = [
    {"kind": "contains", "text": "$text"},
    {"kind": "bank_account", "bank_account": "$bank_account"},
]
SPLITS = [{"account": "$fees", "share": "0.5"}, {"account": "$sales"}]
PARTS = [
    {"account": "$fees", "amount": money("-2.00")},
    {"account": "$sales", "amount": money("-3.00")},
]
SORTED = {"splits": PARTS, "description": "$text"}
ACCOUNT = {"name": "$text", "type": "asset"}
MEMBER = {"email": "$new@example.com", "role": "viewer"}

CALLS = {
    f"PATCH {USERS}/organization": Call({"name": "$text"}),
    f"POST {USERS}/password": Call({"current": "wrong password 1", "new": "another one 2345"}),
    f"POST {USERS}/members": Call(MEMBER),
    f"PATCH {USERS}/members/<uuid:member_id>": Call({"role": "accountant"}),
    f"POST {LEDGER}/accounts": Call(ACCOUNT | {"code": "$new", "parent": "$cash"}),
    f"GET {LEDGER}/accounts": Call(query={"parent": "$cash", "code": "$bank"}),
    f"POST {LEDGER}/accounts/template": Call({"template": "freelancer"}),
    f"POST {LEDGER}/accounts/opening": Call(
        {
            "date": "2025-12-31",
            "lines": [{"account": "$cash", "amount": money("5.00")}],
            "against": "$equity",
            "description": "$text",
        }
    ),
    f"PATCH {LEDGER}/accounts/<uuid:account_id>": Call({"name": "$text", "parent": "$parent"}),
    f"PUT {LEDGER}/posting-accounts/<role>": Call({"account": "$cash"}),
    f"PUT {LEDGER}/posting-accounts/<role>/<provider>": Call({"account": "$fees"}),
    f"POST {LEDGER}/entries": Call(sale()),
    f"POST {LEDGER}/entries/batch": Call({"mode": "all", "entries": [sale(), sale()]}),
    f"GET {LEDGER}/entries": Call(query={"account": "$cash"}),
    f"POST {LEDGER}/entries/<uuid:entry_id>/reverse": Call({"date": DAY, "reason": "$text"}),
    f"POST {LEDGER}/drafts": Call(sale()),
    f"PUT {LEDGER}/drafts/policy": Call({"approver_differs": False}),
    f"PUT {LEDGER}/drafts/<uuid:draft_id>": Call(sale()),
    f"POST {LEDGER}/drafts/<uuid:draft_id>/reject": Call({"reason": "$text"}),
    f"POST {LEDGER}/periods": Call({"day": "2027-06-01", "name": "$new"}),
    f"POST {LEDGER}/periods/lock": Call({"date": "2025-06-30"}),
    f"POST {LEDGER}/periods/<uuid:period_id>/split": Call({"into": "quarter"}),
    f"POST {LEDGER}/periods/<uuid:period_id>/close": Call({"retained_earnings": "$equity"}),
    f"POST {LEDGER}/periods/<uuid:period_id>/reopen": Call({"reason": "$text"}),
    f"POST {LEDGER}/rates": Call({"currency": "USD", "date": DAY, "rate": "0.9"}),
    f"POST {LEDGER}/rates/import": Call(file=SHEET),
    f"POST {LEDGER}/rates/revaluation": Call({"date": DAY, "gains": "$sales", "losses": "$fees"}),
    f"POST {LEDGER}/bank-accounts": Call({"name": "$text", "currency": "EUR", "account": "$third"}),
    f"PATCH {LEDGER}/bank-accounts/<uuid:bank_account_id>": Call({"name": "$text"}),
    f"GET {LEDGER}/statements": Call(query={"bank_account": "$bank_account", "import": "$import"}),
    f"GET {LEDGER}/statement-lines": Call(
        query={"bank_account": "$bank_account", "statement": "$statement"}
    ),
    f"POST {LEDGER}/bank-accounts/<uuid:bank_account_id>/statements": Call(
        file=csv([Pay(DAY, -100, "Late")])
    ),
    f"POST {LEDGER}/statements": Call(file=ofx([Pay(DAY, -200, "Later", "late")])),
    f"POST {LEDGER}/statement-lines/<uuid:line_id>/accept": Call(SORTED),
    f"POST {LEDGER}/statement-lines/accept": Call({"ids": ["$line"]}),
    f"PATCH {LEDGER}/statement-lines/<uuid:line_id>": Call(SORTED),
    f"POST {LEDGER}/statement-lines/<uuid:line_id>/ignore": Call({"reason": "$text"}),
    f"POST {LEDGER}/statement-lines/<uuid:line_id>/undo": Call({"reason": "$text"}),
    f"POST {LEDGER}/rules": Call(
        {"name": "$text", "conditions": CONDITIONS, "outcome": {"splits": SPLITS}}
    ),
    f"PATCH {LEDGER}/rules/<uuid:rule_id>": Call(
        {"conditions": CONDITIONS, "outcome": {"splits": SPLITS}}
    ),
    f"POST {LEDGER}/rules/test": Call(
        {"conditions": CONDITIONS, "outcome": {"account": "$fees", "tags": {"x": "$text"}}}
    ),
    f"POST {LEDGER}/reconciliations": Call(
        {
            "bank_account": "$bank_account",
            "statement_lines": ["$line"],
            "lines": ["$book_line"],
            "entries": ["$entry"],
            "difference_account": "$fees",
            "description": "$text",
        }
    ),
    f"GET {LEDGER}/reconciliations": Call(query={"bank_account": "$bank_account"}),
    f"POST {LEDGER}/reconciliations/<uuid:reconciliation_id>/undo": Call({"reason": "$text"}),
    f"POST {LEDGER}/reconciliations/auto": Call({"bank_account": "$bank_account"}),
    f"POST {LEDGER}/reconciliations/transfers": Call({"statement_lines": ["$line", "$other_line"]}),
    f"GET {LEDGER}/reports/general-ledger": Call(query={"account": "$cash", "to": DAY}),
    f"GET {LEDGER}/reports/register": Call(query={"account": "$cash", "to": DAY}),
    f"GET {LEDGER}/export": Call(query={"format": "hledger"}),
    f"POST {LEDGER}/entries/import": Call(
        file=b"entry,date,description,account,debit,credit\n"
        b"1,2026-03-01,Sale,$cash,1.00,\n1,2026-03-01,Sale,$sales,,1.00\n"
    ),
    **paying.CALLS,
}
"""Every endpoint that takes more than ids in its path; a new one is to be added here."""

OTHER_CALLS = {
    f"POST {LEDGER}/statement-lines/accept": Call(
        {"min_confidence": 0.0, "bank_account": "$bank_account"}
    ),
    f"POST {LEDGER}/statement-lines/<uuid:line_id>/accept": Call({"account": "$fees"}),
    f"PATCH {LEDGER}/statement-lines/<uuid:line_id>": Call({"account": "$fees"}),
    f"POST {LEDGER}/rules": Call(
        {"name": "$new", "conditions": CONDITIONS, "outcome": {"account": "$fees"}}
    ),
    **paying.OTHER_CALLS,
}
"""A second way to call some of them."""

PATH_IDS = {
    "member_id": "member",
    "ended_id": "session",
    "account_id": "cash_id",
    "entry_id": "entry",
    "draft_id": "draft",
    "period_id": "period",
    "rate_id": "rate",
    "bank_account_id": "bank_account",
    "statement_id": "statement",
    "line_id": "line",
    "import_id": "import",
    "rule_id": "rule",
    "reconciliation_id": "reconciliation",
    **paying.PATH_IDS,
}
"""What stands in a path, by its name there."""

PATH_WORDS = {"role": "disputes", "provider": "sandbox", "currency": "EUR", "token": "of-no-link"}
"""What stands in a path and is nobody's: a word of ours."""

PLACEHOLDER = re.compile(r"\$([a-z_]+)")
_news = count(1)


@dataclass
class Organization:
    """An organization, its people and the ids of what it has."""

    platform: Platform
    owner: Person
    names: dict[str, str]

    @property
    def id(self) -> str:
        return str(self.owner.tokens["organization"]["id"])

    def member(self, role: str) -> Person:
        """Return a new member, signed in here."""
        email = f"{role}{next(_news)}@example.com"
        self.owner.post("/members", {"email": email, "role": role, "password": PASSWORD})
        return self.platform.users.signed_in(email)

    def ledger(self, method: str, path: str, **given: Any) -> Any:
        """Call the ledger as the owner; return the answer, which is a good one."""
        answer = self.platform.call(self.owner, method, LEDGER + path, **given)
        assert answer.status_code < 300, (path, answer.json)
        return answer.json

    def payments(self, method: str, path: str, **given: Any) -> Any:
        """Call payments as the owner; return the answer, which is a good one."""
        answer = self.platform.call(self.owner, method, paying.PAYMENTS + path, **given)
        assert answer.status_code < 300, (path, answer.json)
        return answer.json

    def rows(self) -> dict[str, list[str]]:
        """Return all that it has in both databases, by table, as texts in some fixed order."""
        found = {}
        for database in (
            self.platform.ledger_database,
            self.platform.users.database,
            self.platform.payments_database,
        ):
            tables = [each for base in database.bases for each in base.metadata.sorted_tables]
            with database.steward() as session:
                for table in tables:
                    rows = session.execute(select(table)).mappings().all()
                    mine = [repr(row) for row in rows if self.id in map(str, row.values())]
                    found[f"{database.service}.{table.name}"] = sorted(mine)
        return found


def found_organization(platform: Platform, name: str) -> Organization:
    """Register *name*, and give it two of everything."""
    owner = platform.users.register(f"{name}@example.com", name=f"{name} Ltd", base_currency="EUR")
    text = f"{name}s own words"
    made = Organization(platform, owner, {"text": text})
    _keep_books(made, name)
    _bank(made)
    paying.found(made)
    for role in ("viewer", "accountant"):
        invited = {"email": f"{role}@{name}.example.com", "role": role}
        made.names.setdefault("member", owner.post("/members", invited).json["member"]["id"])
    made.names |= {
        "session": owner.get("/sessions").json["items"][0]["id"],
    }
    return made


def _keep_books(made: Organization, name: str) -> None:
    chart = {
        "cash": "asset", "bank": "asset", "second": "asset", "third": "asset", "parent": "asset",
        "sales": "income", "fees": "expense", "equity": "equity",
    }  # fmt: skip
    for what, kind in chart.items():
        code = made.names[what] = f"{name}-{what}"
        body = {"code": code, "name": made.names["text"], "type": kind}
        made.names[f"{what}_id"] = made.ledger("POST", "/accounts", json=body)["id"]
    for path, what, body in (
        ("/entries", "entry", sale(source="$text")),
        ("/entries", "reversed", sale()),
        ("/drafts", "draft", sale()),
        ("/drafts", "second_draft", sale()),
        ("/rates", "rate", {"currency": "USD", "date": "2026-01-01", "rate": "0.5"}),
        ("/rates", "second_rate", {"currency": "USD", "date": "2026-01-02", "rate": "0.6"}),
        ("/rates", "first_loss", {"currency": "GBP", "date": "2026-01-01", "rate": "1.6"}),
        ("/rates", "second_loss", {"currency": "GBP", "date": "2026-01-02", "rate": "1.5"}),
        ("/entries", "in_dollars", sale(date="2026-01-01", currency="USD")),
        ("/entries", "in_pounds", sale(date="2026-01-01", currency="GBP")),
        ("/entries", "of_the_year", sale(date="2024-03-03")),
    ):
        made.names[what] = made.ledger("POST", path, json=fill(body, made.names))["id"]
    for path in PATH_WORDS["role"], f"{PATH_WORDS['role']}/{PATH_WORDS['provider']}":
        body = {"account": made.names["fees"]}
        made.ledger("PUT", f"/posting-accounts/{path}", json=body)
    reversal = {"date": DAY, "reason": made.names["text"]}
    made.ledger("POST", f"/entries/{made.names['reversed']}/reverse", json=reversal)
    year = made.ledger("POST", "/periods", json={"day": "2024-05-05", "name": made.names["text"]})
    made.names["period"] = year["items"][0]["id"]
    made.ledger("POST", "/periods", json={"day": "2025-05-05"})
    for day in ("2023-01-01", "2023-01-02"):
        made.ledger("POST", "/periods/lock", json={"date": day, "reason": made.names["text"]})


def _bank(made: Organization) -> None:
    names, text = made.names, made.names["text"]
    for what, number, mirror in (
        ("bank_account", "DE02120300000000202051", "bank"),
        ("second_bank_account", "DE02500105170137075030", "second"),
    ):
        body = {"name": text, "currency": "EUR", "number": number, "account": names[mirror]}
        names[what] = made.ledger("POST", "/bank-accounts", json=body)["id"]
        pays = [Pay("2026-03-01", -500, text, "a"), Pay("2026-03-02", 700, text, "b")]
        raw = io.BytesIO(ofx(pays, account=number, closing=200))
        given = {"file": (raw, f"{text}.ofx")}
        path = f"/bank-accounts/{names[what]}/statements"
        done = made.ledger("POST", path, data=given)
        names.setdefault("import", done["id"])
    of_bank = {"query_string": {"bank_account": names["bank_account"]}}
    names["statement"] = made.ledger("GET", "/statements", **of_bank)["items"][0]["id"]
    lines = made.ledger("GET", "/statement-lines", **of_bank)["items"]
    names["line"], names["settled_line"] = (each["id"] for each in lines)
    others = {"query_string": {"bank_account": names["second_bank_account"]}}
    lines = made.ledger("GET", "/statement-lines", **others)["items"]
    names["other_line"] = lines[1]["id"]
    for line in (names["settled_line"], lines[0]["id"]):
        body = {"account": names["sales"]}
        settled = made.ledger("POST", f"/statement-lines/{line}/accept", json=body)
        names.setdefault("reconciliation", settled["id"])
        names.setdefault("book_line", settled["lines"][0])
    rule = CALLS[f"POST {LEDGER}/rules"].body
    for what in ("rule", "second_rule"):
        names[what] = made.ledger("POST", "/rules", json=fill(rule, names))["id"]


def fill(template: Any, names: Mapping[str, str]) -> Any:
    """Return *template* with what the names stand for."""
    if isinstance(template, dict):
        return {key: fill(value, names) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(each, names) for each in template]
    if isinstance(template, bytes):
        return fill(template.decode(), names).encode()
    if not isinstance(template, str):
        return template
    new = {"new": f"n{next(_news)}"}
    return PLACEHOLDER.sub(lambda found: {**new, **names}[found[1]], template)


def placeholders(template: Any) -> Iterator[str]:
    """Return the names that stand in *template*, once each, but for those that are no ids."""
    found = set(PLACEHOLDER.findall(str(template)))
    yield from sorted(found - {"text", "new"})


def send(
    person: Person | None,
    platform: Platform,
    endpoint: Endpoint,
    names: Mapping[str, str],
    *,
    call: Call | None = None,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, Any] | None = None,
) -> Any:
    """Call *endpoint* as *person*, with *names*; in its path with those of *path*."""
    call = call or CALLS.get(endpoint.name, Call())
    ids = {
        name: PATH_WORDS[name] if name in PATH_WORDS else (path or names)[PATH_IDS[name]]
        for name in endpoint.in_path
    }
    place = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: ids[found[1]], endpoint.path)
    given: dict[str, Any] = {"query_string": fill(dict(call.query), names) | dict(query or {})}
    if call.file is not None:
        given["data"] = {"file": (io.BytesIO(fill(call.file, names)), "file.csv")}
    elif call.body is not None:
        given["json"] = fill(call.body, names)
    client = platform.client(place)
    headers = {"Authorization": f"Bearer {person.tokens['access_token']}"} if person else {}
    return client.open(place, method=endpoint.method, headers=headers, **given)
