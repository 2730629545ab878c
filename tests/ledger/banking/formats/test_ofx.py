"""OFX, QFX: one habit of banks at a time."""

from __future__ import annotations

from datetime import date

import pytest

from nexafi.kernel.values.money import Money
from nexafi.ledger.banking.formats import Caution, read
from nexafi.ledger.errors import StatementUnreadable

SGML = "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:USASCII\nCHARSET:1252\n\n"
TRANSACTION = (
    "<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260105120000[-5:EST]<TRNAMT>-12.50<FITID>F1"
    "<CHECKNUM>0<REFNUM>R1<NAME>Shop &amp; Co<MEMO>Order 7</STMTTRN>"
)


def bank(transactions: str = TRANSACTION, currency: str = "USD", extra: str = "") -> str:
    return (
        f"<STMTTRNRS><STMTRS><CURDEF>{currency}<BANKACCTFROM><BANKID>021000021<ACCTID>123"
        f"</BANKACCTFROM><BANKTRANLIST><DTSTART>20260101<DTEND>20260131{transactions}"
        f"</BANKTRANLIST><LEDGERBAL><BALAMT>87.50<DTASOF>20260131</LEDGERBAL>{extra}"
        "</STMTRS></STMTTRNRS>"
    )


def file(*parts: str, header: str = SGML) -> bytes:
    return f"{header}<OFX><SIGNONMSGSRSV1></SIGNONMSGSRSV1>{''.join(parts)}</OFX>".encode()


def line(transactions: str = TRANSACTION, currency: str = "USD"):
    (statement,) = read(file(bank(transactions, currency))).statements
    (only,) = statement.lines
    return only


def test_a_transaction_of_sgml_is_read_without_its_closing_tags():
    found = line()
    assert found.booked_on == date(2026, 1, 5)
    assert found.amount == Money(-1_250, "USD")
    assert (found.counterparty, found.description) == ("Shop & Co", "Shop & Co Order 7")
    assert (found.bank_id, found.reference, found.kind) == ("F1", "R1", "DEBIT")
    assert found.raw == TRANSACTION


def test_the_same_transaction_as_xml_is_the_same_line():
    xml = TRANSACTION
    for tag in ("TRNTYPE", "DTPOSTED", "TRNAMT", "FITID", "CHECKNUM", "REFNUM", "NAME", "MEMO"):
        before, _, after = xml.partition(f"<{tag}>")
        value, mark, rest = after.partition("<")
        xml = f"{before}<{tag}>{value}</{tag}>{mark}{rest}"
    header = '<?xml version="1.0" encoding="UTF-8"?>\n<?OFX OFXHEADER="200" VERSION="211"?>\n'
    (statement,) = read(file(bank(xml), header=header)).statements
    assert statement.lines[0].raw == xml
    assert statement.lines[0].description == line().description
    assert statement.closing == Money(8_750, "USD")
    assert statement.is_proven is None


def test_values_may_nest_as_some_banks_indent_them():
    nested = (
        "<STMTTRN><TRNTYPE>DEBIT\n<DTPOSTED>20260105\n<TRNAMT>-1.00\n<FITID>9\n<NAME>N"
        "</NAME></FITID></TRNAMT></DTPOSTED></TRNTYPE></STMTTRN>"
    )
    assert line(nested).amount == Money(-100, "USD")


def test_several_accounts_in_one_file_are_several_statements():
    card = bank().replace("STMTTRNRS", "CCSTMTTRNRS").replace("STMTRS", "CCSTMTRS")
    card = card.replace("BANKACCTFROM", "CCACCTFROM").replace("<ACCTID>123", "<ACCTID>4111")
    reading = read(file(bank(), bank(TRANSACTION * 2, "EUR"), card))
    found = [(each.account, each.currency, len(each.lines)) for each in reading.statements]
    assert found == [("123", "USD", 1), ("123", "EUR", 2), ("4111", "USD", 1)]


def test_several_lists_of_one_statement_are_all_read():
    twice = f"{TRANSACTION}</BANKTRANLIST><BANKTRANLIST>{TRANSACTION}"
    assert len(read(file(bank(twice))).statements[0].lines) == 2


def test_of_an_investment_account_the_money_is_read():
    invested = (
        "<INVSTMTTRNRS><INVSTMTRS><CURDEF>USD<INVACCTFROM><BROKERID>b.com<ACCTID>9</INVACCTFROM>"
        "<INVTRANLIST><DTSTART>20260101<DTEND>20260131"
        "<BUYSTOCK><INVBUY><INVTRAN><FITID>1<DTTRADE>20260102</INVTRAN><SECID><UNIQUEID>X</SECID>"
        "<UNITS>2<UNITPRICE>50<TOTAL>-101.00</INVBUY><BUYTYPE>BUY</BUYSTOCK>"
        "<INCOME><INVTRAN><FITID>2<DTTRADE>20260103<MEMO>Dividend</INVTRAN><TOTAL>5.00</INCOME>"
        "<REINVEST><INVTRAN><FITID>3<DTTRADE>20260104</INVTRAN><TOTAL>-5.00</REINVEST>"
        f"<INVBANKTRAN>{TRANSACTION}<SUBACCTFUND>CASH</INVBANKTRAN>"
        "</INVTRANLIST></INVSTMTRS></INVSTMTTRNRS>"
    )
    reading = read(file(invested))
    (statement,) = reading.statements
    assert [each.amount.minor for each in statement.lines] == [-10_100, 500, -1_250]
    assert [each.bank_id for each in statement.lines] == ["1", "2", "F1"]
    assert Caution.LEFT_OUT in {each.caution for each in reading.warnings}


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("-200,00", -20_000),
        ("+1.5", 150),
        ("1,234.56", 123_456),
        ("1.234,56", 123_456),
        ("(3.00)", -300),
        ("3.0000", 300),
        ("-.5", -50),
        ("0", 0),
    ],
)
def test_amounts_are_read_as_banks_write_them(text: str, minor: int):
    assert line(TRANSACTION.replace("-12.50", text)).amount.minor == minor


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1.005", "no whole number of the currency's smallest unit"),
        ("1,234", "could be a thousand"),
        ("abc", "is no amount"),
        ("1e5", "is no amount"),
        ("9" * 30, "larger than any"),
        ("NaN", "is no amount"),
    ],
)
def test_an_amount_that_is_not_exact_is_refused(text: str, why: str):
    with pytest.raises(StatementUnreadable, match=why):
        line(TRANSACTION.replace("-12.50", text))


@pytest.mark.parametrize(
    "text",
    ["20260105", "20260105120000", "20260105120000.000[-5:EST]", "20260105[0:GMT]", "2026-01-05"],
)
def test_dates_are_those_of_the_bank_whatever_the_hour(text: str):
    assert line(TRANSACTION.replace("20260105120000[-5:EST]", text)).booked_on.day == 5


@pytest.mark.parametrize("text", ["20261305", "00000000", "99990101", "yesterday", "05/01/2026"])
def test_a_date_that_is_none_is_refused(text: str):
    with pytest.raises(StatementUnreadable, match=r"date|year"):
        line(TRANSACTION.replace("20260105120000[-5:EST]", text))


def test_an_empty_balance_is_no_balance():
    raw = file(bank()).replace(b"<BALAMT>87.50<DTASOF>20260131", b"<BALAMT/><DTASOF/>")
    assert read(raw).statements[0].closing is None


def test_a_movement_in_another_currency_is_told_in_both():
    rate = "<ORIGCURRENCY><CURRATE>1.10<CURSYM>EUR</ORIGCURRENCY></STMTTRN>"
    found = line(TRANSACTION.replace("-12.50", "-11.00").replace("</STMTTRN>", rate))
    assert (found.amount, found.original) == (Money(-1_100, "USD"), Money(-1_000, "EUR"))

    rate = "<CURRENCY><CURRATE>1.10<CURSYM>EUR</CURRENCY></STMTTRN>"
    found = line(TRANSACTION.replace("-12.50", "-10.00").replace("</STMTTRN>", rate))
    assert (found.amount, found.original) == (Money(-1_100, "USD"), Money(-1_000, "EUR"))


def test_a_file_that_names_no_currency_takes_that_of_the_account_or_is_refused():
    raw = file(bank()).replace(b"<CURDEF>USD", b"")
    assert read(raw, currency="CAD").statements[0].currency == "CAD"
    with pytest.raises(StatementUnreadable, match="names no currency"):
        read(raw)


def test_cdata_is_text():
    found = line(TRANSACTION.replace("Shop &amp; Co", "<![CDATA[A <b> & C]]>"))
    assert found.counterparty == "A <b> & C"


def test_the_header_says_how_letters_are_written():
    raw = file(bank(TRANSACTION.replace("Shop", "Café"))).decode().encode("cp1252")
    reading = read(raw)
    assert reading.statements[0].lines[0].counterparty == "Café & Co"
    assert not reading.warnings


def test_the_answer_of_a_bank_that_is_an_error_is_refused_as_that():
    raw = SGML + (
        "<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>15500<SEVERITY>ERROR<MESSAGE>Wrong password"
        "</STATUS></SONRS></SIGNONMSGSRSV1></OFX>"
    )
    with pytest.raises(StatementUnreadable, match="error instead of a statement: Wrong password"):
        read(raw.encode())


@pytest.mark.parametrize("keep", range(0, 900, 37))
def test_a_file_cut_anywhere_is_refused(keep: int):
    raw = file(bank(TRANSACTION * 2))
    with pytest.raises(StatementUnreadable):
        read(raw[: min(len(SGML) + keep, len(raw) - 3)])


def test_a_transaction_that_is_not_closed_is_refused_with_its_line():
    with pytest.raises(StatementUnreadable, match="Line 7: A <STMTTRN>"):
        line(TRANSACTION.replace("</STMTTRN>", "") + TRANSACTION)


def test_entities_are_refused_and_no_file_is_fetched():
    bomb = '<!DOCTYPE OFX [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    with pytest.raises(StatementUnreadable, match="document type or entities"):
        read(file(bank(TRANSACTION.replace("Shop", "&a;")), header=SGML + bomb))
