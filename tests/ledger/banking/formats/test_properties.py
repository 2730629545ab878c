"""What holds for every file: it comes back as written, and nothing but a refusal is raised."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nexafi.ledger.banking.formats import CsvMapping, Reading, read
from nexafi.ledger.banking.formats.mapping import COLUMNS
from nexafi.ledger.errors import StatementUnreadable
from tests.shared import found

FOLDER = found("bank")
SAMPLES = (
    [path.read_bytes() for path in sorted(FOLDER.glob("*.*")) if path.suffix != ".md"]
    if FOLDER
    else [(Path(__file__).parent / "test_ofx.py").read_bytes()]
)
PIECES = [
    *(b"\0", b'"', b"\n", b"\r", b"<", b">", b"&", b"^", b"-", b",", b";", b"\xff\xfe", b"\xc3"),
    *(b":61:", b":62F:C", b"-}", b"{4:", b"</OFX>", b"<STMTTRN>", b"&#x110000;", b"<!DOCTYPE a>"),
    *(b"88,", b"16,165,", b"99,", b"9" * 30, b"0" * 5_000, b"!Type:Bank\n", b"31/02/2026", b"?20"),
    *(b"<Ntry>", b"</Stmt>", b"EUR", b"XXX", b"\xe2\x82\xac", b"\xd9\xa1", b"\xc2\xb2", b"1e999"),
]
DAYS = st.dates(date(1990, 1, 1), date(2078, 12, 31))
MINOR = st.integers(-(10**12), 10**12)
WORDS = st.text("abcXYZ 019äéß€", min_size=1, max_size=30).map(lambda text: " ".join(text.split()))
ROWS = st.lists(st.tuples(DAYS, MINOR, WORDS.filter(bool)), min_size=1, max_size=12)
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def told(reading: Reading) -> list[tuple[date, int]]:
    return [
        (line.booked_on, line.amount.minor)
        for statement in reading.statements
        for line in statement.lines
    ]


def decimal(minor: int, mark: str = ".", group: str = "") -> str:
    whole = f"{abs(minor) // 100:,}".replace(",", group)
    return f"{'-' if minor < 0 else ''}{whole}{mark}{abs(minor) % 100:02}"


def balances(rows, opening: int = 0) -> list[int]:
    found = [opening]
    for _, minor, _ in rows:
        found.append(found[-1] + minor)
    return found


def as_mt940(rows) -> bytes:
    def swift(minor: int) -> str:
        return decimal(abs(minor), ",")

    body = "".join(
        f":61:{day:%y%m%d}{day:%m%d}{'D' if minor < 0 else 'C'}{swift(minor)}NTRFNONREF\n"
        f":86:{text}\n"
        for day, minor, text in rows
    )
    end = balances(rows)[-1]
    return (
        f":20:A\n:25:X1\n:28C:1\n:60F:C260101EUR0,00\n{body}"
        f":62F:{'D' if end < 0 else 'C'}260131EUR{swift(end)}\n-\n"
    ).encode()


def as_ofx(rows) -> bytes:
    body = "".join(
        f"<STMTTRN><TRNTYPE>OTHER<DTPOSTED>{day:%Y%m%d}120000[-5]<TRNAMT>{decimal(minor)}"
        f"<FITID>{number}<NAME>{text}</STMTTRN>\n"
        for number, (day, minor, text) in enumerate(rows)
    )
    return (
        "OFXHEADER:100\nENCODING:UTF-8\n\n<OFX><STMTRS><CURDEF>EUR<BANKACCTFROM><ACCTID>1"
        f"</BANKACCTFROM><BANKTRANLIST>{body}</BANKTRANLIST></STMTRS></OFX>"
    ).encode()


def as_camt(rows) -> bytes:
    body = "".join(
        f"<Ntry><Amt Ccy='EUR'>{decimal(abs(minor))}</Amt><CdtDbtInd>"
        f"{'DBIT' if minor < 0 else 'CRDT'}</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>{day}</Dt>"
        f"</BookgDt><AddtlNtryInf>{text}</AddtlNtryInf></Ntry>"
        for day, minor, text in rows
    )
    return (
        "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.02'><BkToCstmrStmt><Stmt>"
        f"{body}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def as_bai2(rows) -> bytes:
    day = rows[0][0]
    body = "".join(
        f"16,{'475' if minor < 0 else '165'},{abs(minor)},,,,{text}/\n" for _, minor, text in rows
    )
    total = sum(abs(minor) for _, minor, _ in rows)
    return (
        f"01,A,B,{day:%y%m%d},1200,1,,,2/\n02,A,B,1,{day:%y%m%d},,EUR,/\n03,1,EUR,,,,/\n{body}"
        f"49,{total},{len(rows) + 2}/\n98,{total},1,{len(rows) + 4}/\n"
        f"99,{total},1,{len(rows) + 6}/\n"
    ).encode()


def as_qif(rows) -> bytes:
    body = "".join(
        f"D{day}\nT{decimal(minor, '.', ',')}\nP{text}\n^\n" for day, minor, text in rows
    )
    return f"!Type:Bank\n{body}".encode()


def as_csv(rows) -> bytes:
    lines = [
        f'{day:%d.%m.%Y};"{text}";{decimal(minor, ",", ".")};{decimal(after, ",", ".")}'
        for (day, minor, text), after in zip(rows, balances(rows)[1:], strict=True)
    ]
    return "\r\n".join(["Datum;Text;Betrag;Saldo", *lines, ""]).encode()


@pytest.mark.parametrize("write", [as_mt940, as_ofx, as_camt, as_qif, as_csv])
@quick
@given(rows=ROWS)
def test_what_is_written_is_read_again(write, rows):
    reading = read(write(rows), currency="EUR")
    assert told(reading) == [(day, minor) for day, minor, _ in rows]
    assert all(statement.is_proven is not False for statement in reading.statements)


@quick
@given(rows=ROWS)
def test_what_is_written_as_bai2_is_read_again_on_the_day_of_its_group(rows):
    reading = read(as_bai2(rows))
    assert told(reading) == [(rows[0][0], minor) for _, minor, _ in rows]
    assert not reading.warnings


@pytest.mark.parametrize("write", [as_mt940, as_ofx, as_camt, as_bai2])
@quick
@given(rows=ROWS, data=st.data())
def test_a_cut_file_is_refused_or_has_all_its_lines(write, rows, data):
    raw = write(rows)
    at = data.draw(st.integers(0, len(raw)))
    try:
        reading = read(raw[:at])
    except StatementUnreadable:
        return
    assert [minor for _, minor in told(reading)] == [minor for _, minor, _ in rows]


@settings(max_examples=300, deadline=None)
@given(raw=st.binary(max_size=2_000))
def test_any_bytes_are_read_or_refused(raw: bytes):
    attempt(raw)


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=1_000), head=st.sampled_from(["", ":20:A\n:25:B\n", "01,", "<OFX>"]))
def test_any_text_is_read_or_refused(text: str, head: str):
    attempt((head + text).encode("utf-8", "surrogatepass"))


@st.composite
def changed(draw) -> bytes:
    """A real file that was cut, mixed, repeated and pierced."""
    raw = bytearray(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(raw)))
        length = draw(st.sampled_from([1, 3, 20, 300]))
        match draw(st.integers(0, 4)):
            case 0:
                del raw[at : at + length]
            case 1:
                raw[at:at] = draw(st.sampled_from(PIECES))
            case 2:
                raw[at:at] = raw[at : at + length]
            case 3:
                raw[at : at + 1] = draw(st.binary(min_size=1, max_size=3))
            case _:
                other = draw(st.sampled_from(SAMPLES))
                begin = draw(st.integers(0, len(other)))
                raw[at:at] = other[begin : begin + length]
    return bytes(raw)


@settings(max_examples=400, deadline=None)
@given(raw=changed())
def test_a_real_file_that_was_damaged_is_read_or_refused(raw: bytes):
    attempt(raw)


COLUMN = st.none() | st.integers(0, 6)
MAPPINGS = st.builds(
    CsvMapping,
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "cp1252", "utf-16", "zlib", "", "\0"]),
    first_row=st.integers(0, 3),
    date_order=st.sampled_from(["YMD", "DMY", "MDY"]),
    decimal=st.sampled_from([".", ","]),
    date=st.integers(0, 3),
    is_negated=st.booleans(),
    default_currency=st.sampled_from(["", "EUR", "JPY", "nonsense"]),
    description=st.lists(st.integers(0, 6), max_size=2).map(tuple),
    sign_debit=st.just(("D", "AF")),
    **dict.fromkeys([each for each in COLUMNS if each != "date"], COLUMN),
)


@settings(max_examples=300, deadline=None)
@given(mapping=MAPPINGS, rows=ROWS, raw=changed())
def test_a_wrong_mapping_is_refused_or_reads_something_whole(mapping, rows, raw):
    attempt(as_csv(rows), mapping)
    attempt(raw, mapping)


def attempt(raw: bytes, mapping: CsvMapping | None = None) -> None:
    """Read *raw*; whatever comes of it is whole, or it is a refusal in words."""
    try:
        reading = read(raw, mapping=mapping, currency="EUR")
    except StatementUnreadable as reason:
        refused = reason
    else:
        assert_whole(reading)
        return
    assert refused.detail
    assert "\n" not in refused.detail


def assert_whole(reading: Reading) -> None:
    assert reading.statements
    for statement in reading.statements:
        assert len(statement.currency) == 3
        for line in statement.lines:
            assert line.amount.currency == statement.currency
            assert timedelta(0) <= line.booked_on - date(1950, 1, 1) <= timedelta(days=55_152)
            assert len(line.raw) <= 2_000
