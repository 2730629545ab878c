"""A list is read page by page: nothing twice, nothing left out, whatever happens meanwhile."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from sqlalchemy import BigInteger, Column, Date, Integer, MetaData, String, Table, Uuid, select

from nexafi.kernel.data.tables import AuditRow
from nexafi.kernel.data.types import Moment
from nexafi.kernel.data.work import Work
from nexafi.kernel.service import Service
from nexafi.kernel.trust import audit
from nexafi.kernel.trust.permissions import Anyone
from nexafi.kernel.web import paging
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import CursorUnknown, Page, PageQuery, keyset
from nexafi.ledger.app import service as ledger
from nexafi.ledger.tables import Account, Base
from tests.kernel.rows import row

PATH = "/api/v1/ledger/x"
routes = Routes(PATH)
COLUMNS = Table(
    "t",
    MetaData(),
    Column("id", Uuid()),
    Column("on", Date()),
    Column("at", Moment()),
    Column("count", BigInteger()),
    Column("small", Integer()),
    Column("name", String(50)),
).c


class Shown(BaseModel):
    code: str
    name: str

    @classmethod
    def of(cls, account: Account) -> Shown:
        return cls(code=account.code, name=account.name)


class Deed(BaseModel):
    deed: str


class Order(PageQuery):
    descending: bool = False


@routes.get("/names", needs=Anyone.SIGNED_IN, gives=Page[Shown])
def by_name(work: Work, query: Order) -> Page[Shown]:
    wanted = keyset(select(Account), query, Account.name, Account.id, descending=query.descending)
    return Page[Shown].of(work.session.scalars(wanted).all(), query, Shown.of)


@routes.get("/codes", needs=Anyone.SIGNED_IN, gives=Page[Shown])
def by_code(work: Work, query: PageQuery) -> Page[Shown]:
    wanted = keyset(select(Account.code, Account.name), query, Account.code)
    return Page[Shown].of(work.session.execute(wanted).all(), query, Shown.of)


@routes.get("/deeds", needs=Anyone.SIGNED_IN, gives=Page[Deed])
def deeds(work: Work, query: PageQuery) -> Page[Deed]:
    wanted = keyset(select(AuditRow), query, AuditRow.at, AuditRow.id, descending=True)
    rows = work.session.scalars(wanted).all()
    return Page[Deed].of(rows, query, lambda each: Deed(deed=each.deed))


@pytest.fixture
def database(open_database):
    return open_database(ledger)


@pytest.fixture
def client(database, context):
    return (
        Service("ledger", 5002, Base, routes=[routes]).app(database, lambda: context).test_client()
    )


def pages(client, path: str, limit: int, **query: object) -> list[list[dict]]:
    found, cursor = [], None
    while not found or cursor:
        asked = {"limit": limit, **query} | ({"cursor": cursor} if cursor else {})
        page = client.get(f"{PATH}/{path}", query_string=asked).json
        found.append(page["items"])
        cursor = page["next"]
    return found


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("descending", ["true", "false"])
def test_each_row_is_on_one_page_in_order(client, database, context, limit, descending):
    with database.work(context) as work:
        work.session.add_all(row(str(n), name=f"n{n % 3}") for n in range(7))

    read = pages(client, "names", limit, descending=descending)

    shown = [each["name"] for page in read for each in page]
    assert shown == sorted(shown, reverse=descending == "true")
    assert sorted(each["code"] for page in read for each in page) == [*"0123456"]
    assert {len(page) for page in read[:-1]} <= {limit}
    assert len(read) == -(-7 // limit)


def test_what_is_added_or_removed_meanwhile_shifts_nothing(client, database, context):
    with database.work(context) as work:
        work.session.add_all(row(code) for code in "bdfh")
    first = client.get(f"{PATH}/codes?limit=2").json
    with database.work(context) as work:
        work.session.add_all(row(code) for code in "ag")
        work.session.delete(work.session.scalars(select(Account).filter_by(code="d")).one())

    second = client.get(f"{PATH}/codes?limit=2&cursor={first['next']}").json

    assert [each["code"] for each in first["items"]] == ["b", "d"]
    assert [each["code"] for each in second["items"]] == ["f", "g"]


def test_a_list_by_moment_goes_on_within_one(client, database, context, clock):
    for number in range(5):
        with database.work(context) as work:
            audit.note(work, f"deed {number}", "x")
    clock.pass_by(timedelta(microseconds=1))

    read = pages(client, "deeds", 2)

    assert sorted(each["deed"] for page in read for each in page) == [f"deed {n}" for n in range(5)]


def test_an_empty_list_has_one_empty_page(client):
    assert client.get(f"{PATH}/codes").json == {"items": [], "next": None}


def test_a_cursor_of_another_list_or_none_at_all_is_refused(client, database, context):
    with database.work(context) as work:
        work.session.add_all(row(code) for code in "ab")
    cursor = client.get(f"{PATH}/codes?limit=1").json["next"]

    for path, given_cursor in [
        ("names", cursor),
        ("codes", cursor[:-1]),
        ("codes", cursor + "A"),
        ("codes", "A" + cursor),
        ("codes", cursor + "=="),
        ("codes", "x"),
        ("codes", ""),
        ("codes", "\xe9"),
        ("codes", str(uuid4())),
    ]:
        answer = client.get(f"{PATH}/{path}", query_string={"cursor": given_cursor})
        assert answer.status_code == 422, given_cursor
        assert answer.json["type"] == "/problems/cursor-unknown"
    assert client.get(f"{PATH}/codes", query_string={"cursor": "x" * 2001}).status_code == 422


@given(st.data())
def test_a_cursor_that_was_changed_anywhere_is_refused(data):
    keys = ("name", "id")
    cursor = paging.write(["Müller", UUID(int=7)], keys)
    place = data.draw(st.integers(0, len(cursor) - 1))
    letter = data.draw(st.sampled_from([*"ABCabc019-_=+/."]).filter(lambda it: it != cursor[place]))

    with pytest.raises(CursorUnknown):
        paging.read(cursor[:place] + letter + cursor[place + 1 :], keys)
    assert paging.read(cursor, keys) == ["Müller", str(UUID(int=7))]


def forged(values: object, keys: tuple[str, ...]) -> str:
    """Return what one who has read our source can make."""
    raw = json.dumps(values).encode()
    return urlsafe_b64encode(paging._seal(raw, keys) + raw).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", "no id"),
        ("id", 5),
        ("id", None),
        ("on", "2026-02-30"),
        ("on", 20260301),
        ("at", "2026-03-01T00:00:00"),
        ("at", "soon"),
        ("count", 2**63),
        ("count", "1"),
        ("count", 1.5),
        ("count", [1]),
        ("small", 2**31),
        ("name", "a\0b"),
        ("name", "\ud800"),
        ("name", {"a": 1}),
        ("name", 5),
    ],
)
def test_a_forged_cursor_is_refused_before_the_database_sees_it(column, value):
    query = PageQuery(cursor=forged([value], (column,)))

    with pytest.raises(CursorUnknown):
        keyset(select(COLUMNS[column]), query, COLUMNS[column])


@pytest.mark.parametrize("values", [[], ["a", "b"], "a", {"a": 1}, None])
def test_a_forged_cursor_of_another_shape_is_refused(values):
    query = PageQuery(cursor=forged(values, ("name",)))

    with pytest.raises(CursorUnknown):
        keyset(select(COLUMNS["name"]), query, COLUMNS["name"])
