"""A table becomes a file that other programs and people can read."""

from __future__ import annotations

import csv as reader
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO, StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from pypdf import PdfReader

from nexafi.kernel.files import csv, layout, pdf, typefaces, xlsx
from nexafi.kernel.files.table import Column, Kind, Paper, Row, Shape, Table
from nexafi.kernel.values.money import Money

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
COLUMNS = (
    Column("Account", is_printed=False),
    Column("Name", is_wide=True),
    Column("31 Mar 2026", Shape.MONEY),
    Column("Change", Shape.SHARE),
)
ROWS = (
    Row(["", "Assets"], Kind.HEADING),
    Row(["1000", "Bank", Money(123_456, "EUR"), Decimal("0.125")], level=1),
    Row(["1200", "Überzahlte Löhne", Money(-5, "EUR"), None], level=1),
    Row(["", "Total assets", Money(123_451, "EUR")], Kind.TOTAL),
)
TABLE = Table(
    "Balance sheet", "Sample & Söhne", "As of 31 March 2026", "EUR", COLUMNS, ROWS, known_at=NOON
)


def records(raw: bytes) -> list[list[str]]:
    return list(reader.reader(StringIO(raw.decode(), newline=""), strict=True))


def pages(raw: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(raw)).pages]


def with_rows(rows: list[Row], **changes: object) -> Table:
    return replace(TABLE, rows=rows, **changes)


def sheet(raw: bytes):
    return load_workbook(BytesIO(raw)).active


def test_a_csv_is_a_head_and_a_record_for_each_row():
    assert records(csv.write(TABLE)) == [
        ["row", "Account", "Name", "31 Mar 2026 (EUR)", "Change"],
        ["heading", "", "Assets", "", ""],
        ["item", "1000", "Bank", "1234.56", "0.125"],
        ["item", "1200", "Überzahlte Löhne", "-0.05", ""],
        ["total", "", "Total assets", "1234.51", ""],
    ]


def test_a_csv_ends_its_lines_as_rfc_4180_says():
    raw = csv.write(with_rows([Row(["1", 'says "no", twice\r\nand again'])]))

    assert raw.endswith(b'item,1,"says ""no"", twice\r\nand again",,\r\n')


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1", "\uff1dcmd"]
)
def test_no_text_of_a_csv_is_computed(text):
    ((_kind, _code, name, *_rest),) = records(csv.write(with_rows([Row(["", text])])))[1:]

    assert name == f"'{text}"


def test_a_negative_amount_in_a_csv_stays_a_number():
    assert records(csv.write(with_rows([Row(["", "", Money(-150, "JPY")])])))[1][3] == "-150"


@settings(deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), max_size=4))
def test_whatever_is_written_is_read_back_from_a_csv(texts):
    columns = [Column(str(n)) for n in range(4)]
    table = Table("T", "C", "P", "EUR", columns, [Row(texts)])

    read = records(csv.write(table))[1][1 : len(texts) + 1]

    assert read == [csv.safe(text) for text in texts]


def test_an_xlsx_has_real_numbers_and_dates():
    rows = [Row(["1000", "Bank", Money(-123_456, "EUR"), Decimal("0.125")]), Row([date.min, "x"])]
    rows[1] = Row([date(2026, 3, 31), "x", Money(7, "KWD")])
    read = sheet(xlsx.write(with_rows(rows)))
    head = next(row for row in read.iter_rows() if row[0].value == "Account")[0].row

    first, second = read[head + 1], read[head + 2]
    assert (first[2].value, first[3].value) == (-1234.56, 0.125)
    assert "0.00" in first[2].number_format
    assert (str(second[0].value.date()), second[2].value) == ("2026-03-31", 0.007)
    assert "0.000" in second[2].number_format
    assert read.freeze_panes == f"A{head + 1}"
    assert read.print_title_rows == f"${head}:${head}"


def test_an_xlsx_says_whose_it_is_and_when_it_was_known():
    read = sheet(xlsx.write(TABLE))

    assert [read.cell(n, 1).value for n in range(1, 6)] == [
        "Sample & Söhne",
        "Balance sheet",
        "As of 31 March 2026",
        "Amounts in EUR",
        "As known at 1 April 2026 12:00 UTC",
    ]
    assert read.oddFooter.left.text == "Sample && Söhne, Balance sheet"
    assert read.page_setup.paperSize == 9


def test_nothing_in_an_xlsx_is_a_formula():
    read = sheet(xlsx.write(with_rows([Row(["=1+1", "@x"]), Row(["{=1}", "http://x.test"])])))

    cells = [cell for row in read.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.hyperlink is None for cell in cells)


def test_an_amount_that_a_spreadsheet_would_round_is_kept_as_text():
    read = sheet(xlsx.write(with_rows([Row(["", "", Money(10**15 + 1, "EUR")])])))

    assert [cell.value for row in read.iter_rows() for cell in row][-2] == "10000000000000.01"


def test_a_pdf_says_all_that_its_reader_must_know():
    (text,) = pages(pdf.write(TABLE))

    for said in (
        "Sample & Söhne",
        "Balance sheet",
        "As of 31 March 2026",
        "Amounts in EUR",
        "As known at 1 April 2026 12:00 UTC",
        "Page 1 of 1",
        "Überzahlte Löhne",
        "1,234.56",
        "(0.05)",
        "12.5%",
    ):
        assert said in text
    assert "1000" not in text, "codes are for machines"


def test_the_same_table_gives_the_same_bytes():
    for write in (csv.write, xlsx.write, pdf.write):
        assert write(TABLE) == write(TABLE)


def test_headings_are_repeated_and_pages_counted():
    items = [Row([str(n), f"Account {n}", Money(n, "EUR")], level=1) for n in range(150)]
    total = Row(["", "Total assets", Money(11_175, "EUR")], Kind.TOTAL)
    read = pages(pdf.write(with_rows([ROWS[0], *items, total])))

    assert len(read) > 2
    for number, text in enumerate(read, start=1):
        assert f"Page {number} of {len(read)}" in text
        assert "31 Mar 2026" in text
        assert ("Assets (continued)" in text) == (number > 1)
    assert sum(text.count("Account ") for text in read) == 150


@pytest.mark.parametrize("count", range(36, 60))
def test_a_total_never_stands_alone_and_a_heading_never_ends_a_page(count):
    rows = [Row(["", f"item {n}", Money(n, "EUR")]) for n in range(count)]
    rows += [Row(["", "Heading"], Kind.HEADING), Row(["", "last", Money(1, "EUR")])]
    rows += [Row(["", "Total", Money(1, "EUR")], Kind.TOTAL)]
    table = with_rows(rows)
    (laid,) = layout.sheets(table)

    for page in layout.pages(table, laid):
        assert page[0].row.kind is not Kind.TOTAL
        assert page[-1].row.kind is not Kind.HEADING


def test_other_scripts_are_set_in_a_face_that_has_them():
    name = "Ωμέγα Кириллица Łódź 株式会社 アイウ 한국"
    raw = pdf.write(replace(TABLE, company=name))

    assert pages(raw)[0].replace("\n", "").startswith(name)
    assert "Latin letters" not in pages(raw)[0]


@pytest.mark.parametrize("name", ["ไทยพาณิชย์", "شركة", "בנק", "हिन्दी", "👍"])
def test_what_no_face_can_set_is_written_in_latin_letters_and_said(name):
    (text,) = pages(pdf.write(replace(TABLE, company=name)))

    assert "is written here in Latin letters" in text.replace("\n", " ")
    assert text.splitlines()[0].isascii()


@settings(deadline=None, max_examples=200)
@given(st.text(st.characters(codec="utf-8"), max_size=30), st.booleans())
def test_no_letter_is_ever_set_in_a_face_that_lacks_it(text, bold):
    for face, part in typefaces.runs(text, bold=bold):
        assert all(ord(letter) in typefaces._glyphs(face) for letter in part)


def test_many_columns_are_laid_across_and_then_in_parts():
    def table(count: int) -> Table:
        columns = [Column("Name", is_wide=True)]
        columns += [Column(f"Month {n}", Shape.MONEY) for n in range(count)]
        row = Row(["Bank", *(Money(123_456_789 + n, "EUR") for n in range(count))])
        return Table("T", "C", "P", "EUR", columns, [row])

    assert [s.width < s.height for s in layout.sheets(table(2))] == [True]
    assert [s.width < s.height for s in layout.sheets(table(8))] == [False]
    parts = layout.sheets(table(36))
    assert len(parts) > 1
    assert all(at.right <= s.width - layout.MARGIN + 0.1 for s in parts for at in s.columns)
    text = "".join(pages(pdf.write(table(36))))
    assert all(f"1,234,5{67 + n // 100}.{(89 + n) % 100:02}" in text for n in range(10))
    assert {at.column.title for s in parts for at in s.columns} >= {f"Month {n}" for n in range(36)}


def test_type_is_made_a_little_smaller_to_spare_a_page():
    def table(count: int) -> Table:
        return with_rows([Row(["", f"item {n}", Money(n, "EUR")]) for n in range(count)])

    sizes = {count: layout.sheets(table(count))[0].size for count in (40, 55, 90)}
    assert sizes[40] > sizes[55] >= sizes[40] * layout.SQUEEZE
    assert sizes[90] == sizes[40], "two pages are set as large as one"
    assert [len(pages(pdf.write(table(count)))) for count in (40, 55, 90)] == [1, 1, 2]


def test_long_text_is_broken_and_stays_on_the_paper():
    rows = [Row(["", "word " * 40]), Row(["", "x" * 300]), Row(["", "a b" * 2_000])]
    table = with_rows(rows)
    (laid,) = layout.sheets(table)

    for each in (each for page in layout.pages(table, laid) for each in page):
        (at,) = (column for column in laid.columns if column.column.is_wide)
        for line in each.lines[at.index]:
            assert typefaces.width(line, laid.size) <= at.right - at.left + 8


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (0, "EUR", "\u2013"),
        (5, "EUR", "0.05"),
        (-123_456_789, "EUR", "(1,234,567.89)"),
        (-1500, "JPY", "(1,500)"),
        (1_234_567, "KWD", "1,234.567"),
    ],
)
def test_amounts_are_shown_as_accountants_write_them(minor, currency, text):
    assert layout.shown(Money(minor, currency)) == text


def test_each_country_has_its_paper():
    assert [Paper.of(country) for country in ("US", "DE", "CA", "JP")] == [
        Paper.LETTER,
        Paper.A4,
        Paper.LETTER,
        Paper.A4,
    ]
