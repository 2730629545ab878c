"""A bank of a few accounts, and clients who move money between them through the gateway.

Each transfer debits one account of the bank and credits another, and says the same once more on
two accounts beside it; so the bank as a whole always holds nothing, and so do the two. Whoever
gets no clear answer asks again with the same idempotency key, until told that it is done.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

from tests.reliability.chance import LONG, Chance
from tests.reliability.checker import Books, Entry, Verdict, judge
from tests.reliability.history import Deed, History
from tests.reliability.platform import Platform, ask, wait_until

ACCOUNTS = tuple(f"10{number:02}" for number in range(8))
BESIDE = ("9001", "9002")
CONSERVED = (ACCOUNTS, BESIDE)
LEDGER = "/api/v1/ledger"
ENTRIES = f"{LEDGER}/entries"
DAY = "2026-03-31"
CLIENTS = 8
TIMEOUT_S = 15.0
PASSWORD = "correct horse battery staple"


@dataclass
class Bank:
    """The bank, and all that its clients were told."""

    port: int
    token: str
    chance: Chance
    history: History = field(default_factory=History)
    misses: int = 0
    """How many readings had no good answer."""
    pause_s: float = 0.01 if LONG else 0.05
    """Between two transfers of one client, on average."""
    _openings: int = 0
    _stopped: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    @classmethod
    def found(cls, platform: Platform, chance: Chance, *, port: int | None = None) -> Bank:
        """Register somebody with an organization on *platform*, and open the accounts."""
        port = port or platform.base
        person = {
            "email": "ada@example.com",
            "password": PASSWORD,
            "organization": {"name": "Ada's Bank", "country": "US", "base_currency": "EUR"},
        }
        status, told = ask(port, "/api/v1/users/register", "POST", person)
        assert status == 201, told
        bank = cls(port, told["access_token"], chance)
        for code in (*ACCOUNTS, *BESIDE):
            account = {"code": code, "name": f"Account {code}", "type": "asset"}
            bank.must("POST", f"{LEDGER}/accounts", account)
        return bank

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Ask once."""
        return ask(self.port, path, method, body, Authorization=f"Bearer {self.token}", **headers)

    def must(self, method: str, path: str, body: Any = None) -> Any:
        """Ask until there is a good answer."""
        answer: list[Any] = []

        def is_good() -> bool:
            status, told = self.ask(method, path, body)
            answer[:] = [told]
            return 200 <= status < 300

        wait_until(is_good, lambda: answer)
        return answer[0]

    def open(self, clients: int = CLIENTS) -> None:
        """Let the clients come; those who come after a `close` do other things than before."""
        self._stopped.clear()
        self._openings += 1
        for number in range(clients):
            self._go(self._transfer_on, self.chance.branch(f"client {self._openings} {number}"))
        self._go(self._look_on, self.chance.branch("reader"))

    def close(self) -> None:
        """Let nobody begin anything new, and wait until each knows what came of their last."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(90)
            assert not thread.is_alive(), "somebody still waits for an answer"
        self._threads.clear()

    def _go(self, deed: Callable[[Random], None], chance: Random) -> None:
        thread = threading.Thread(target=deed, args=(chance,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _transfer_on(self, chance: Random) -> None:
        line = Line(self.port, self.token)
        while not self._stopped.is_set():
            source, target = chance.sample(ACCOUNTS, 2)
            minor = chance.randint(1, 99_999)
            movements = {source: -minor, target: minor, BESIDE[0]: minor, BESIDE[1]: -minor}
            key = str(UUID(int=chance.getrandbits(128), version=4))
            self._until_told(line, self.history.begin(key, movements))
            self._stopped.wait(self.pause_s * 2 * chance.random())
        line.hang_up()

    def _until_told(self, line: Line, deed: Deed) -> None:
        """Ask until we are told that it is done; after the end for a while, then leave it open."""
        give_up: float | None = None
        while not deed.is_acknowledged:
            status, told = line.ask("POST", ENTRIES, entry(deed), key=deed.key)
            deed.answers.append(status)
            if status == 201:
                deed.told.add(told["id"])
                return
            if self._stopped.is_set():
                give_up = give_up or time.monotonic() + 30
                if time.monotonic() > give_up:
                    return
            time.sleep(0.02)

    def _look_on(self, _chance: Random) -> None:
        line = Line(self.port, self.token)
        while not self._stopped.is_set():
            status, told = line.ask("GET", f"{LEDGER}/reports/trial-balance")
            if status == 200:
                self.history.look(balances(told))
            else:
                self.misses += 1
            self._stopped.wait(0.1)
        line.hang_up()

    def must_go_on(self, count: int) -> None:
        """Wait until so many more transfers are acknowledged."""
        before = self.history.acknowledged
        wait_until(lambda: self.history.acknowledged >= before + count, self.told)

    def waiting(self) -> int:
        """Return how many transfers were refused for now, and are not done yet."""
        return sum(
            bool(deed.answers) and deed.answers[-1] != 201 for deed in self.history.deeds[-50:]
        )

    def told(self) -> str:
        """Return how the last transfers fared."""
        return str([deed.answers[-3:] for deed in self.history.deeds[-20:]])

    def must_be_refused_clearly(self) -> None:
        """Try transfers until one is refused: 503 with Retry-After, as a problem.

        Some may still be done: a log that was made beforehand has room on a full disk.
        """
        movements = {ACCOUNTS[0]: -1, ACCOUNTS[1]: 1, BESIDE[0]: 1, BESIDE[1]: -1}
        for _ in range(1000):
            deed = self.history.begin(f"by hand {len(self.history.deeds)}", movements)
            status, said, headers = self._post(deed)
            if status != 201:
                break
            deed.answers.append(status)
            deed.told.add(said["id"])
        self.history.deeds.remove(deed)  # where it is found after all, nobody asked for it
        assert status == said["status"] == 503, said
        assert headers["Content-Type"] == "application/problem+json"
        assert int(headers["Retry-After"]) > 0

    def _post(self, deed: Deed) -> tuple[int, Any, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            connection.request("POST", ENTRIES, json.dumps(entry(deed)), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read()), answer.headers
        finally:
            connection.close()

    def books(self) -> Books:
        """Wait until all is sealed, and return what the books hold."""
        count = len(entries := self._entries())

        def is_sealed() -> bool:
            return self.must("GET", f"{LEDGER}/chain/verify")["entries"] >= count

        wait_until(is_sealed, lambda: "entries are not sealed")
        said = []
        chain = self.must("GET", f"{LEDGER}/chain/verify")
        check = self.must("GET", f"{LEDGER}/check")
        if chain["broken"] or chain["entries"] != count:
            said.append(f"chain: {chain}, of {count} entries")
        if not check["is_right"] or check["entries"] != count:
            said.append(f"check: {check}")
        status, told = self.ask("GET", f"{LEDGER}/reports/trial-balance")
        if status != 200:
            said.append(f"trial balance: {told}")
        return Books(entries, balances(told) if status == 200 else {}, said)

    def verdict(self, **given: Any) -> Verdict:
        """Return what the judge says, when all has come to rest."""
        return judge(self.history, self.books(), CONSERVED, **given)

    def _entries(self) -> list[Entry]:
        found, cursor = [], ""
        while True:
            page = self.must("GET", f"{ENTRIES}?limit=200{cursor}")
            for each in page["items"]:
                lines = {line["account"]: minor(line["amount"]) for line in each["lines"]}
                found.append(Entry(each["id"], each["reference"] or "", lines))
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"


class Line:
    """A connection that is kept, and made anew when it breaks."""

    def __init__(self, port: int, token: str, timeout_s: float = TIMEOUT_S) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(
        self, method: str, path: str, body: Any = None, *, key: str | None = None
    ) -> tuple[int | None, Any]:
        """Ask once; None and what went wrong, where no whole answer came."""
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        raw = None if body is None else json.dumps(body)
        try:
            self._connection.request(method, path, raw, headers)
            answer = self._connection.getresponse()
            content = answer.read()
            return answer.status, json.loads(content) if content else None
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._connection.close()
            return None, error

    def hang_up(self) -> None:
        """Close the connection."""
        self._connection.close()


def entry(deed: Deed) -> dict[str, Any]:
    """Return what a client asks for: the lines of the bank beside those that repeat them."""
    first, second, third, fourth = deed.movements
    lines = [
        {"account": code, "amount": {"amount": text(deed.movements[code]), "currency": "EUR"}}
        for code in (first, second, third, fourth)
    ]
    return {"date": DAY, "description": "A transfer", "reference": deed.key, "lines": lines}


def balances(told: Any) -> dict[str, int]:
    """Return what a trial balance says of each account, debits positive."""
    return {row["account"]: minor(row["debit"]) - minor(row["credit"]) for row in told["rows"]}


def text(minor_units: int) -> str:
    """Return cents as they are written."""
    sign, units = "-" if minor_units < 0 else "", abs(minor_units)
    return f"{sign}{units // 100}.{units % 100:02}"


def minor(money: Any) -> int:
    """Return an amount of money in cents; nothing is none."""
    return round(float(money["amount"]) * 100) if money else 0
