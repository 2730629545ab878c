"""MT940 and MT942, one habit of banks at a time."""

from __future__ import annotations

from datetime import date

import pytest

from nexafi.kernel.values.money import Money
from nexafi.ledger.banking.formats import Caution, read
from nexafi.ledger.errors import StatementUnreadable

HEAD = ":20:S1\n:25:NL71RABO0123456789\n:28C:5/1\n:60F:C260101EUR100,00\n"


def message(body: str, closing: str = "100,00", head: str = HEAD) -> bytes:
    return f"{head}{body}:62F:C260131EUR{closing}\n-\n".encode()


def line(body: str, closing: str = "100,00"):
    reading = read(message(body, closing))
    (statement,) = reading.statements
    (only,) = statement.lines
    return only


def test_a_statement_has_account_number_balances_and_days():
    (statement,) = read(
        message(":61:2601050105D12,5NTRFNONREF//B7\n:86:Shop\n", "87,50")
    ).statements

    assert (statement.account, statement.currency) == ("NL71RABO0123456789", "EUR")
    assert statement.number == "5/1"
    assert (statement.opening, statement.closing) == (Money(10_000, "EUR"), Money(8_750, "EUR"))
    assert (statement.opened_on, statement.closed_on) == (date(2026, 1, 1), date(2026, 1, 31))
    assert statement.is_proven is True


@pytest.mark.parametrize(
    ("text", "minor", "reversal"),
    [
        ("C9,", 900, False),
        ("D9,5", -950, False),
        ("CR9,50", 950, False),  # R is the third letter of EUR
        ("DR1234567,89", -123_456_789, False),
        ("RC9,00", -900, True),  # a credit taken back
        ("RD9,00", 900, True),
        ("RCR9,00", -900, True),
        ("C000000000025,00", 2_500, False),
        ("C9.50", 950, False),
        ("C1.234,50", 123_450, False),
    ],
)
def test_the_mark_gives_the_sign(text, minor, reversal):
    found = line(f":61:2601050105{text}NTRFNONREF\n")
    assert found.amount == Money(minor, "EUR")
    assert found.is_reversal is reversal
    assert found.kind == "NTRF"


@pytest.mark.parametrize(
    ("dates", "booked", "valued"),
    [
        ("260105", date(2026, 1, 5), date(2026, 1, 5)),
        ("2601050107", date(2026, 1, 7), date(2026, 1, 5)),
        ("2601021231", date(2025, 12, 31), date(2026, 1, 2)),
        ("2512310102", date(2026, 1, 2), date(2025, 12, 31)),
        ("2601050000", date(2026, 1, 5), date(2026, 1, 5)),
        ("260105    ", date(2026, 1, 5), date(2026, 1, 5)),
    ],
)
def test_the_day_of_booking_lies_nearest_to_the_value_date(dates: str, booked: date, valued: date):
    found = line(f":61:{dates}C1,NTRFNONREF\n")
    assert (found.booked_on, found.valued_on) == (booked, valued)


def test_the_30th_of_february_is_the_last_of_the_month_and_told():
    reading = read(message(":61:2602300301D6,N024NONREF\n"))
    assert reading.statements[0].lines[0].valued_on == date(2026, 2, 28)
    assert Caution.IMPOSSIBLE_DATE in {each.caution for each in reading.warnings}


@pytest.mark.parametrize("dates", ["261305", "260432", "260230"])
def test_another_date_that_none_is_is_refused_with_its_line(dates: str):
    if dates == "260230":
        dates = "260431"
    with pytest.raises(StatementUnreadable, match=r"Line 5: .* is no date"):
        line(f":61:{dates}C1,NTRFNONREF\n")


def test_the_german_subfields_are_taken_apart():
    found = line(
        ":61:2601050105DR20,NTRFKREF+//B1\n"
        ":86:166?00GUTSCHRIFT?100399?20EREF+E2E-1?21SVWZ+Rechnung ?2217 vom M\n"
        "ai?30PBNKDEFF100?31DE42100100100043921105?32Richter Re?33nate?60 Dank\n"
    )
    assert found.description == "GUTSCHRIFT Rechnung 17 vom Mai Dank"
    assert found.counterparty == "Richter Renate"
    assert found.counterparty_account == "DE42100100100043921105"
    assert found.reference == "E2E-1"
    assert found.bank_id == "B1"


@pytest.mark.parametrize("sign", list("?>~<^"))
def test_any_sign_may_divide_the_german_subfields(sign: str):
    text = f"911{sign}00PRZELEW{sign}20Faktura 7{sign}31PL29{sign}32Jan"
    found = line(f":61:2601050105C1,NTRFNONREF\n:86:{text}\n")
    assert (found.description, found.counterparty) == ("PRZELEW Faktura 7", "Jan")


def test_the_dutch_parts_are_taken_apart():
    found = line(
        ":61:260105D25,00N102EREF\nNL70ABNA0987654321\n"
        ":86:/EREF/INV-1/BENM//NAME/CONTRA HOL\nDER/REMI/Order 7/ISDT/2026-01-05\n"
    )
    assert found.counterparty == "CONTRA HOLDER"
    assert (found.description, found.reference) == ("Order 7", "INV-1")


def test_the_positions_of_cntp_are_known():
    found = line(
        ":61:260105D25,00NTRFEREF\n"
        ":86:/EREF/X1/CNTP/NL32INGB0000012345/INGBNL2A/ING BANK///REMI/USTD//rent/\n"
    )
    assert (found.counterparty, found.counterparty_account) == ("ING BANK", "NL32INGB0000012345")
    assert (found.description, found.reference) == ("rent", "X1")


def test_free_text_that_begins_with_an_iban_names_the_other_side():
    found = line(":61:260105D1,NOVBX\n:86:NL47INGB9999999999 h paulissen\n\nBetaling\n")
    assert found.counterparty_account == "NL47INGB9999999999"
    assert found.counterparty == "h paulissen"
    assert found.description == "NL47INGB9999999999 h paulissen Betaling"


def test_what_is_said_of_the_statement_is_not_said_of_its_last_line():
    raw = HEAD + ":61:260105C1,NTRFX\n:86:a\n:62F:C260131EUR101,\n:86:SUMMARY\n-\n"
    assert read(raw.encode()).statements[0].lines[0].description == "a"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{1:F01RABONL2UXXXX0000000000}{2:O940RABONL2UXXXXN}{3:}{4:\n", "-}{5:}\n"),
        ("{1:F01RABONL2UXXXX0000000000}{2:I940RABONL2UXXXXN}{4:\n", "-}\n"),
        ("ABNANL2A\n940\nABNANL2A\n", "-\n"),
        ("0000 01INGBNL2AXXXX00001\n940 00\n", "-XXX\n"),
        ("\x01\n", "-\x03\n"),
        (":940:\n", ""),
        ("\r\n", "-\r\n"),
    ],
)
def test_an_envelope_of_any_kind_is_taken_off(before: str, after: str):
    body = HEAD + ":61:260105C1,NTRFX\n:86:a\n:62F:C260131EUR101,00\n"
    raw = (before + body + after) * 2
    first, second = read(raw.encode()).statements
    assert first.is_proven
    assert first == second
    if "F01" in before:
        assert first.bank == "RABONL2U"


def test_pages_that_follow_each_other_are_one_statement():
    one = HEAD + ":61:260105C1,NTRFX\n:62M:C260110EUR101,00\n-\n"
    two = HEAD.replace("5/1", "5/2").replace("60F:C260101EUR100", "60M:C260110EUR101")
    two += ":61:260111C2,NTRFX\n:62F:C260131EUR103,00\n-\n"

    (statement,) = read((one + two).encode()).statements
    assert [each.amount.minor for each in statement.lines] == [100, 200]
    assert statement.opening == Money(10_000, "EUR")
    assert statement.is_proven

    (alone,) = read(one.encode()).statements
    assert alone.is_proven
    assert read(one.encode()).warnings[0].caution is Caution.MORE_PAGES


def test_a_message_without_its_closing_balance_is_refused():
    raw = HEAD + ":61:260105C1,NTRFX\n:86:a\n"
    with pytest.raises(StatementUnreadable, match=r"Line 1: .*closing balance"):
        read(raw.encode())
    with pytest.raises(StatementUnreadable, match="Line 8"):
        read(message(":61:260105C1,NTRFX\n", "101,00") + raw.encode())


def test_a_file_that_ends_within_its_closing_balance_is_refused():
    raw = message(":61:260105C1,25NTRFX\n", "101,25").removesuffix(b"\n-\n")
    assert read(raw).statements[0].is_proven
    with pytest.raises(StatementUnreadable, match="within its closing balance"):
        read(raw[:-1])


def test_an_envelope_that_is_not_closed_is_refused():
    raw = b"{1:F01RABONL2UXXXX0000000000}{2:O940RABONL2UXXXXN}{4:\n" + message("")[:-2]
    with pytest.raises(StatementUnreadable, match="not closed by"):
        read(raw)


def test_a_field_that_is_indented_is_a_field():
    raw = message(":61:260105C1,NTRFX\n", "101,00").replace(b"\n:61:", b"\n  :61:")
    assert read(raw).statements[0].is_proven


def test_a_movement_that_cannot_be_read_is_refused_with_its_line():
    with pytest.raises(StatementUnreadable, match="Line 5: The movement 'nonsense'"):
        line(":61:nonsense\n")


def test_the_difference_is_named_when_it_does_not_add_up():
    reading = read(message(":61:260105C1,NTRFX\n", "105,00"))
    assert reading.statements[0].is_proven is False
    assert reading.statements[0].difference == Money(400, "EUR")
    (remark,) = reading.warnings
    assert remark.caution is Caution.UNPROVEN
    assert "4.00 EUR" in remark.text
    assert remark.statement == 0


def test_a_currency_behind_the_iban_is_no_part_of_it():
    head = HEAD.replace("NL71RABO0123456789", "NL91ABNA0417164300EUR")
    assert read(message("", head=head)).statements[0].account == "NL91ABNA0417164300"


MT942 = (
    ":20:I1\n:25:PL61109010140000071219812874\n:28C:1\n:34F:PLND0,\n:34F:PLNC0,\n"
    ":13D:2601051200+0100\n:61:2601050105C5,NTRFX\n:86:a\n:61:2601050105D2,NTRFY\n:86:b\n"
    ":90D:1PLN2,00\n:90C:1PLN5,00\n-\n"
)


def test_an_interim_report_has_lines_and_totals_but_no_balances():
    reading = read(MT942.encode())
    (statement,) = reading.statements
    assert reading.format == "mt942"
    assert [each.amount.minor for each in statement.lines] == [500, -200]
    assert (statement.opening, statement.closing, statement.is_proven) == (None, None, None)
    assert not reading.warnings


def test_totals_of_an_interim_report_that_differ_are_told():
    (remark,) = read(MT942.replace("90C:1PLN5", "90C:2PLN9").encode()).warnings
    assert remark.caution is Caution.UNPROVEN
    assert "2 movements of 9.00 PLN" in remark.text


def test_movements_that_are_only_expected_are_left_out():
    reading = read(MT942.replace("0105D2", "0105ED2").encode())
    assert len(reading.statements[0].lines) == 1
    assert Caution.NOT_BOOKED in {each.caution for each in reading.warnings}


@pytest.mark.parametrize(
    ("currency", "amount", "minor"), [("JPY", "1200,", 1200), ("BHD", "1,234", 1234)]
)
def test_the_currency_says_how_many_decimals(currency: str, amount: str, minor: int):
    raw = message(f":61:260105C{amount}NTRFX\n").decode().replace("EUR100,00", f"{currency}0,")
    assert read(raw.encode()).statements[0].lines[0].amount == Money(minor, currency)


def test_letters_of_older_systems_are_guessed_and_told():
    raw = message(":61:260105C1,NTRFX\n:86:Überweisung für Müßig\n", "101,")
    reading = read(raw.decode().encode("cp1252"))
    assert reading.statements[0].lines[0].description == "Überweisung für Müßig"
    assert reading.warnings[0].caution is Caution.GUESSED_ENCODING
    polish = raw.decode().replace("Überweisung", "Zażółć gęślą jaźń")
    found = read(polish.encode("cp1250")).statements[0].lines[0].description
    assert found.startswith("Zażółć gęślą jaźń")
