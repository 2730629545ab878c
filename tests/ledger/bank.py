"""A bank for tests: files as it would write them, and the calls that hand them in."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

ROOT = "/api/v1/ledger"


@dataclass(frozen=True)
class Pay:
    """A movement: a day, cents, words, and the bank's own name for it if it has one."""

    day: str
    cents: int
    text: str
    name: str = ""


def euro(cents: int) -> str:
    """Write cents as a bank does."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def ofx(
    pays: Sequence[Pay], *, account: str = "DE02120300000000202051", closing: int | None = None
) -> bytes:
    """Return a file in OFX 2; each line has a FITID."""
    lines = "".join(
        f"<STMTTRN><TRNTYPE>OTHER</TRNTYPE><DTPOSTED>{pay.day.replace('-', '')}</DTPOSTED>"
        f"<TRNAMT>{euro(pay.cents)}</TRNAMT><FITID>{pay.name or number}</FITID>"
        f"<NAME>{pay.text}</NAME></STMTTRN>"
        for number, pay in enumerate(pays)
    )
    days = [pay.day.replace("-", "") for pay in pays]
    balance = (
        ""
        if closing is None
        else f"<LEDGERBAL><BALAMT>{euro(closing)}</BALAMT><DTASOF>{max(days)}</DTASOF></LEDGERBAL>"
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><?OFX OFXHEADER="200" VERSION="211"'
        ' SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?><OFX><SIGNONMSGSRSV1><SONRS>'
        "<STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS><DTSERVER>20260401</DTSERVER>"
        "<LANGUAGE>ENG</LANGUAGE></SONRS></SIGNONMSGSRSV1><BANKMSGSRSV1><STMTTRNRS>"
        "<TRNUID>1</TRNUID><STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS><STMTRS>"
        f"<CURDEF>EUR</CURDEF><BANKACCTFROM><BANKID>12030000</BANKID><ACCTID>{account}</ACCTID>"
        "<ACCTTYPE>CHECKING</ACCTTYPE></BANKACCTFROM><BANKTRANLIST>"
        f"<DTSTART>{min(days)}</DTSTART><DTEND>{max(days)}</DTEND>{lines}</BANKTRANLIST>{balance}"
        "</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    ).encode()


def mt940(
    pays: Sequence[Pay],
    *,
    opening: int,
    account: str = "DE02120300000000202051",
    number: int = 1,
) -> bytes:
    """Return a file in MT940, with both balances; no line has a name."""

    def balance(tag: str, cents: int, day: str) -> str:
        side = "D" if cents < 0 else "C"
        return f":{tag}:{side}{day.replace('-', '')[2:]}EUR{euro(abs(cents)).replace('.', ',')}"

    rows = [":20:STATEMENT", f":25:{account}", f":28C:{number}/1"]
    rows.append(balance("60F", opening, pays[0].day))
    for pay in pays:
        side, day = "D" if pay.cents < 0 else "C", pay.day.replace("-", "")[2:]
        amount = euro(abs(pay.cents)).replace(".", ",")
        rows += [f":61:{day}{day[2:]}{side}{amount}NMSCNONREF", f":86:{pay.text}"]
    rows.append(balance("62F", opening + sum(pay.cents for pay in pays), pays[-1].day))
    return "\r\n".join([*rows, "-", ""]).encode()


def csv(pays: Sequence[Pay]) -> bytes:
    """Return a file in CSV, which says neither account nor balance nor names."""
    rows = ["Date,Description,Amount", *(f"{p.day},{p.text},{euro(p.cents)}" for p in pays)]
    return "\n".join([*rows, ""]).encode()


@dataclass
class Bank:
    """Hands files to a ledger, and looks at what became of them."""

    ledger: Any

    def open(self, **facts: object) -> dict[str, Any]:
        """Add a bank account."""
        body = {"name": "Checking", "currency": "EUR", **facts}
        answer = self.ledger.client.post(f"{ROOT}/bank-accounts", json=body)
        assert answer.status_code == 201, answer.json
        return answer.json

    def give(
        self, raw: bytes, *, to: str | None = None, name: str = "file.ofx", **query: object
    ) -> Any:
        """Hand in a file and return the answer."""
        path = f"/bank-accounts/{to}/statements" if to else "/statements"
        return self.ledger.client.post(
            f"{ROOT}{path}",
            data={"file": (io.BytesIO(raw), name)},
            query_string={key: str(value).lower() for key, value in query.items()},
        )

    def take(self, raw: bytes, **given: Any) -> dict[str, Any]:
        """Hand in a file that is taken, and return what it brought."""
        answer = self.give(raw, **given)
        assert answer.status_code == 201, answer.json
        return answer.json

    def lines(self, **query: object) -> list[dict[str, Any]]:
        """Return all statement lines by day."""
        found: list[dict[str, Any]] = []
        cursor = {}
        while True:
            asked = {"limit": 200, **query, **cursor}
            page = self.ledger.client.get(f"{ROOT}/statement-lines", query_string=asked).json
            found += page["items"]
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}

    def told(self) -> list[tuple[str, str, str]]:
        """Return day, amount and description of all lines, sorted."""
        return sorted(
            (line["booked_on"], line["amount"]["amount"], line["description"])
            for line in self.lines()
        )

    def call(self, method: str, path: str, status: int = 200, **given: Any) -> Any:
        """Call the ledger and return the answer, which has this status."""
        answer = self.ledger.client.open(f"{ROOT}{path}", method=method, **given)
        assert answer.status_code == status, (answer.status_code, answer.json)
        return answer.json

    def as_other(self, **changes: object) -> None:
        """Let somebody else speak."""
        self.ledger.caller = replace(self.ledger.caller, **changes)
