"""CSV: what the reader finds by itself, what it says it cannot know, and how it is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from nexafi.kernel.values.money import Money
from nexafi.ledger.banking.formats import UNKNOWN_CURRENCY, Caution, CsvMapping, read
from nexafi.ledger.errors import StatementUnreadable

LAYOUTS = {
    "no header, and a currency among the columns": (
        (
            "123456789\tEUR\t20260105\t1000,00\t987,50\t20260105\t-12,50\tSHOP\n"
            "123456789\tEUR\t20260206\t987,50\t2237,50\t20260206\t1250,00\tCLIENT\n"
        ),
        "EUR",
    ),
    "no header, two columns and a balance": (
        "01/15/2026,SHOP,12.50,,987.50\n01/16/2026,PAYROLL,,1250.00,2237.50\n",
        UNKNOWN_CURRENCY,
    ),
    "names that are not known here": (
        "日付,摘要,お支払,お預り,残高\n2026年1月5日,店,12.50,,987.50\n2026年1月6日,客,,1250.00,2237.50\n",
        UNKNOWN_CURRENCY,
    ),
    "points and commas of the Netherlands, Af or Bij": (
        (
            '"Datum","Naam / Omschrijving","Rekening","Tegenrekening","Code","Af Bij",'
            '"Bedrag (EUR)","Mutatiesoort","Mededelingen"\n'
            '"20260105","Shop","NL01INGB0000000001","","BA","Af","12,50","Betaling",'
            '"Pas 001"\n'
            '"20260206","Client","NL01INGB0000000001","NL02RABO0000000002","OV","Bij",'
            '"1.250,00","OV","Factuur"\n'
        ),
        "EUR",
    ),
    "a German preamble, and a semicolon at the end of each row": (
        (
            '"Kontonummer:";"DE02120300000000202051";\n'
            "\n"
            '"Von:";"01.01.2026";\n'
            "\n"
            '"Buchungstag";"Wertstellung";"Buchungstext";"Verwendungszweck";"Betrag (EUR)";\n'
            '"05.01.2026";"05.01.2026";"Karte";"Kauf";"-12,50";\n'
            '"06.02.2026";"06.02.2026";"Gutschrift";"Rechnung";"1.250,00";\n'
        ),
        "EUR",
    ),
    "two columns, one of them empty, with apostrophes of Switzerland": (
        (
            "Buchungsdatum;Beschreibung;Belastung;Gutschrift;Saldo\n"
            "05.01.2026;Kauf;12.50;;987.50\n"
            "06.02.2026;Rechnung;;1'250.00;2'237.50\n"
        ),
        UNKNOWN_CURRENCY,
    ),
    "French debits with a minus and thousands by space": (
        ("Date;Libellé;Débit;Crédit\n05/01/2026;CARTE;-12,50;\n16/01/2026;VIR;;1 250,00\n"),
        UNKNOWN_CURRENCY,
    ),
    "newest first, proven upwards, in dollars": (
        (
            "Details,Posting Date,Description,Amount,Balance\n"
            'CREDIT,01/15/2026,"DEPOSIT","$1,250.00","$2,237.50"\n'
            'DEBIT,01/05/2026,"SHOP",($12.50),"$987.50"\n'
        ),
        "USD",
    ),
    "tabs, a mark of bytes and no end of the last line": (
        ("\ufeffdate\tdescription\tamount\n2026-01-05\tshop\t-12.5\n2026-01-06\tclient\t1250"),
        UNKNOWN_CURRENCY,
    ),
    "a line that names the delimiter, and months by name": (
        ("sep=;\nDate;Details;Amount\n5 Jan 2026;shop;-12,50\n16 Jan 2026;client;1250,00\n"),
        UNKNOWN_CURRENCY,
    ),
    "no header at all": (
        ('"01/15/2026","-12.50","*","","PURCHASE"\n"01/16/2026","1250.00","*","","DEPOSIT"\n'),
        UNKNOWN_CURRENCY,
    ),
    "a minus behind, and debits that a balance proves to be positive": (
        (
            "Datum|Text|Umsatz|Saldo\n"
            "05.01.2026|Kauf|12,50-|987,50\n"
            "06.01.2026|R|1.250,00|2.237,50\n"
        ),
        UNKNOWN_CURRENCY,
    ),
    "India's lakhs": (
        (
            "Date,Narration,Withdrawal Amt.,Deposit Amt.,Closing Balance\n"
            '15/01/26,SHOP,12.50,,"1,00,000.00"\n'
            '16/01/26,NEFT,,"1,250.00","1,01,250.00"\n'
        ),
        UNKNOWN_CURRENCY,
    ),
}


def cautions(reading) -> set[Caution]:
    return {each.caution for each in reading.warnings}


def rows(header: str, *lines: str) -> bytes:
    return "\n".join([header, *lines, ""]).encode()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_a_bank_writes_is_found_and_the_same_when_the_mapping_is_given(layout: str):
    text, currency = LAYOUTS[layout]
    reading = read(text.encode())
    (statement,) = reading.statements

    assert sorted(each.amount.minor for each in statement.lines) == [-1_250, 125_000]
    assert statement.currency == currency
    assert min(each.booked_on for each in statement.lines).year == 2026
    assert all(each.description and each.raw for each in statement.lines)
    assert statement.is_proven is (True if reading.mapping.balance is not None else None)
    assert cautions(reading) <= {Caution.UNKNOWN_CURRENCY}

    saved = CsvMapping.from_json(reading.mapping.to_json())
    assert saved == reading.mapping
    assert read(text.encode(), mapping=saved).statements == reading.statements


def test_the_mapping_says_how_it_was_found():
    told = " ".join(read(LAYOUTS["India's lakhs"][0].encode()).mapping.decisions)
    for word in ("comma", "'Date'", "DMY", "'Withdrawal Amt.'", "100 % of the balances"):
        assert word in told


def test_dates_that_no_row_decides_are_chosen_and_told():
    raw = rows("Date,Description,Amount", "01/02/2026,a,-5.00", "02/03/2026,b,7.00")
    reading = read(raw, currency="EUR")
    assert reading.statements[0].lines[0].booked_on == date(2026, 2, 1)
    assert cautions(reading) == {Caution.AMBIGUOUS_DATES}
    assert "01/02/2026" in reading.mapping.doubts[0]

    corrected = replace(reading.mapping, date_order="MDY")
    found = read(raw, mapping=corrected)
    assert found.statements[0].lines[0].booked_on == date(2026, 1, 2)
    assert not found.warnings


def test_in_dollars_the_month_is_taken_to_be_first_and_still_told():
    raw = rows("Date,Description,Amount", "01/02/2026,a,-5.00", "02/03/2026,b,7.00")
    reading = read(raw, currency="USD")
    assert reading.statements[0].lines[0].booked_on == date(2026, 1, 2)
    assert cautions(reading) == {Caution.AMBIGUOUS_DATES}


@pytest.mark.parametrize(
    ("dates", "first"),
    [
        (["01/02/2026", "13/02/2026"], date(2026, 2, 1)),
        (["01/02/2026", "02/13/2026"], date(2026, 1, 2)),
        (["01.02.2026", "02.03.2026"], date(2026, 2, 1)),
        (["01/02/2026", "05/01/2026", "03/02/2026"], date(2026, 2, 1)),
        (["26-02-01", "26-02-28"], date(2026, 2, 1)),
        (["20260201", "20260202"], date(2026, 2, 1)),
        (["2026-02-01T10:00:00Z", "2026-02-02T10:00:00Z"], date(2026, 2, 1)),
        (["Feb 1, 2026", "Feb 2, 2026"], date(2026, 2, 1)),
    ],
)
def test_one_row_decides_the_order_for_all(dates: list[str], first: date):
    raw = rows("Date;Description;Amount", *(f"{each};a;-5.00" for each in dates))
    if dates[1] == "05/01/2026":  # rising in neither order: left open
        assert cautions(read(raw, currency="EUR")) == {Caution.AMBIGUOUS_DATES}
        return
    reading = read(raw, currency="EUR")
    assert reading.statements[0].lines[0].booked_on == first
    assert not reading.warnings


def test_a_sequence_that_runs_in_one_order_only_decides_it():
    dates = ["30/11/2025", "01/12/2025", "02/12/2025", "05/01/2026"]
    assert read(rows("Date,Text,Amount", *(f"{each},a,1.00" for each in dates))).mapping
    dates = ["05/11/2025", "06/11/2025", "03/12/2025", "04/12/2025"]
    raw = rows("Date,Text,Amount", *(f"{each},a,1.00" for each in dates))
    reading = read(raw, currency="EUR")
    assert reading.mapping.date_order == "DMY"
    assert not reading.warnings


@pytest.mark.parametrize(
    ("amounts", "minor"),
    [
        (["1,000", "2,500"], 100_000),
        (["1.000", "2.500"], 100_000),
        (["1,000", "   17"], 100_000),
        (["1.000", "2,50"], 100_000),
        (["1,000", "2.50"], 100_000),
        (["0,125", "1,50"], None),
    ],
)
def test_all_amounts_together_tell_what_divides_decimals(amounts: list[str], minor: int | None):
    raw = rows("Date;Text;Amount", *(f"2026-01-05;a;{each}" for each in amounts))
    if minor is None:
        with pytest.raises(StatementUnreadable, match="has 3 decimals, but EUR has 2"):
            read(raw, currency="EUR")
        return
    reading = read(raw, currency="EUR")
    assert reading.statements[0].lines[0].amount.minor == minor
    is_open = len(amounts[1]) == 5
    assert cautions(reading) == ({Caution.AMBIGUOUS_AMOUNTS} if is_open else set())


def test_the_decimals_of_the_currency_decide_what_three_digits_are():
    raw = rows("Date;Text;Amount", "2026-01-05;a;1.253")
    reading = read(raw, currency="EUR")
    assert reading.statements[0].lines[0].amount == Money(125_300, "EUR")
    assert not reading.warnings
    assert cautions(read(raw, currency="KWD")) == {Caution.AMBIGUOUS_AMOUNTS}


def test_amounts_that_contradict_each_other_are_refused():
    raw = rows("Date;Text;Amount", "2026-01-05;a;1.000,50", "2026-01-05;a;1,000.50")
    with pytest.raises(StatementUnreadable, match="contradict each other"):
        read(raw)


def test_of_several_amounts_those_are_taken_that_the_balance_proves():
    raw = rows(
        "Date,Name,Gross,Fee,Net,Balance",
        "2026-01-05,a,100.00,-3.20,96.80,96.80",
        "2026-01-06,b,10.00,-0.50,9.50,106.30",
    )
    reading = read(raw, currency="USD")
    assert [each.amount.minor for each in reading.statements[0].lines] == [9_680, 950]
    assert reading.statements[0].opening == Money(0, "USD")
    assert not reading.warnings
    raw = raw.replace(b"Net", b"Other").replace(b"Gross", b"Amount")
    fee = read(raw, currency="USD")
    assert [each.amount.minor for each in fee.statements[0].lines] == [9_680, 950]
    assert fee.mapping.fee == 3


def test_rows_whose_money_has_not_moved_are_left_out_unless_the_balance_counts_them():
    raw = rows(
        "Date,Text,Amount,Status",
        "2026-01-05,a,10.00,Completed",
        "2026-01-06,b,20.00,Declined",
        "2026-01-07,c,30.00,Pending",
    )
    reading = read(raw, currency="USD")
    assert [each.amount.minor for each in reading.statements[0].lines] == [1_000]
    assert cautions(reading) == {Caution.NOT_BOOKED}
    assert "DECLINED, PENDING" in " ".join(reading.mapping.decisions)
    saved = CsvMapping.from_json(reading.mapping.to_json())
    assert read(raw, mapping=saved).statements == reading.statements

    with pytest.raises(StatementUnreadable, match="Nothing in the table is booked: its 1 rows"):
        read(rows("Date,Text,Amount,Status", "2026-01-07,c,30.00,Pending"), mapping=saved)

    counted = rows(
        "Date,Text,Amount,Status,Balance",
        "2026-01-05,a,10.00,Completed,10.00",
        "2026-01-06,b,20.00,Pending,30.00",
    )
    assert len(read(counted, currency="USD").statements[0].lines) == 2


def test_without_a_balance_other_amounts_are_told():
    raw = rows("Date,Name,Amount,Net", "2026-01-05,a,100.00,96.80", "2026-01-06,b,10.00,9.50")
    reading = read(raw, currency="USD")
    assert cautions(reading) == {Caution.AMBIGUOUS_COLUMNS}
    assert "'Amount'" in reading.warnings[0].text


def test_a_card_that_writes_spending_positive_is_turned_if_the_balance_says_so():
    raw = rows("Date,Text,Amount,Balance", "2026-01-05,a,10.00,-10.00", "2026-01-06,b,5.00,-15.00")
    reading = read(raw, currency="USD")
    assert [each.amount.minor for each in reading.statements[0].lines] == [-1_000, -500]
    assert reading.mapping.is_negated


def test_a_balance_that_does_not_follow_is_told_with_the_difference():
    raw = rows("Date,Text,Amount,Balance", *(f"2026-01-0{n},a,10.00,{n}0.00" for n in range(1, 6)))
    assert read(raw, currency="EUR").statements[0].is_proven
    reading = read(raw.replace(b",30.00", b",31.00"), currency="EUR")
    assert reading.statements[0].is_proven is None
    assert cautions(reading) == {Caution.UNPROVEN}
    assert "at 2 of 4 steps" in reading.warnings[0].text


def test_each_currency_and_each_account_is_a_statement():
    raw = rows(
        "Account,Date,Text,Amount,Currency",
        "A1,2026-01-05,a,10.00,EUR",
        "A1,2026-01-05,b,1000,JPY",
        "A2,2026-01-05,c,30.00,EUR",
        "A2,2026-01-05,d,40.00,EUR",
    )
    found = [(each.account, each.currency, each.sum.minor) for each in read(raw).statements]
    assert found == [("A1", "EUR", 1_000), ("A1", "JPY", 1_000), ("A2", "EUR", 7_000)]


def test_rows_that_are_no_movement_are_left_out_and_told():
    raw = rows("Date,Text,Amount", "2026-01-05,a,10.00", "Total,,10.00", "", "printed by the bank")
    reading = read(raw, currency="EUR")
    assert len(reading.statements[0].lines) == 1
    (remark,) = reading.warnings
    assert remark.caution is Caution.LEFT_OUT
    assert remark.text.startswith("2 rows")
    assert "line 3" in remark.text


@pytest.mark.parametrize(
    ("last", "why"),
    [
        ("2026-02-31,a,1.00\n", "Line 3: '2026-02-31' is no date"),
        ("31/12/2025,a,1.00\n", "contradict"),
        ("2026-01-05,a,ten\n", "Line 3: 'ten' in 'Amount' is no amount"),
        ("2026-01-05,a,1.005\n", "Line 3: The amount 1.005 has 3 decimals"),
        ("2026-01-0", "Line 3: .*date|cut off"),
        ("2026-01-05,a", "Line 3: The file is cut off: its last row has 2 columns"),
        ('2026-01-05,"a', "Line 3: The file is cut off"),
        ('2026-01-05,b,"1.00', "Line 3: The file is cut off: it ends within quotation marks"),
        ("1026-01-05,a,1.00\n", "no date|year"),
        ("2026-01-05,a," + "9" * 50 + "\n", "larger than any"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_with_its_line(last: str, why: str):
    raw = b"Date,Text,Amount\n2026-01-04,a,1.50\n" + last.encode()
    with pytest.raises(StatementUnreadable, match=why):
        read(raw, currency="EUR")


def test_a_mapping_of_another_table_is_refused():
    mapping = read(rows("Date,Text,Amount", "2026-01-05,a,1.00")).mapping
    with pytest.raises(StatementUnreadable, match="this has others"):
        read(rows("Day,Text,Sum", "2026-01-05,a,1.00"), mapping=mapping)


def test_a_saved_mapping_reads_the_next_file_though_its_preamble_is_longer():
    mapping = read(rows("Date,Text,Amount", "2026-01-05,a,1.00")).mapping
    raw = b"My bank\nprinted on,2026-02-01\n" + rows("DATE, Text ,amount", "2026-02-05,a,2.00")
    assert read(raw, mapping=mapping).statements[0].lines[0].amount.minor == 200


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no mapping"),
        ("[]", "JSON object"),
        ('{"colour": 1}', "no colour"),
        ('{"date": null}', "whole number"),
        ('{"date": -1}', "whole number"),
        ('{"date": true}', "whole number"),
        ('{"amount": 1.5}', "whole number"),
        ('{"delimiter": "x"}', "cannot be 'x'"),
        ('{"date_order": "YDM"}', "cannot be"),
        ('{"decimal": []}', "cannot be"),
        ('{"header": "Date"}', "is a list"),
        ('{"header": [1]}', "is text"),
        ('{"description": [[]]}', "whole number"),
        ("[" * 100_000, "no mapping"),
    ],
)
def test_a_mapping_that_is_none_is_refused(text: str, why: str):
    with pytest.raises(ValueError, match=why):
        CsvMapping.from_json(text)


def test_words_of_the_sign_are_compared_in_capitals():
    text = '{"date": 0, "amount": 1, "sign": 2, "sign_debit": ["raus"], "default_currency": "EUR"}'
    mapping = CsvMapping.from_json(text)
    reading = read(b"2026-01-05,1.00,Raus\n2026-01-06,2.00,rein\n", mapping=mapping)
    assert [each.amount.minor for each in reading.statements[0].lines] == [-100, 200]


def test_columns_tells_which_column_has_what():
    mapping = CsvMapping(date=0, amount=3, balance=5)
    assert mapping.columns() == {"date": 0, "amount": 3, "balance": 5}
