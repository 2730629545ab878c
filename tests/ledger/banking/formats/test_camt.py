"""CAMT.052, .053 and .054, in the shapes of all versions."""

from __future__ import annotations

from datetime import date

import pytest
from lxml import etree

from nexafi.kernel.values.money import Money
from nexafi.ledger.banking.formats import Caution, read
from nexafi.ledger.errors import StatementUnreadable
from tests.shared import shared

KINDS = {
    "052": ("BkToCstmrAcctRpt", "Rpt"),
    "053": ("BkToCstmrStmt", "Stmt"),
    "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}
DETAILS = (
    "<TxDtls><Refs><EndToEndId>E2E-1</EndToEndId></Refs><Amt Ccy='EUR'>7.50</Amt>"
    "<CdtDbtInd>CRDT</CdtDbtInd><RltdPties><Dbtr><Nm>Payer</Nm></Dbtr><DbtrAcct><Id>"
    "<IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct></RltdPties>"
    "<RmtInf><Ustrd>invoice 17</Ustrd></RmtInf></TxDtls>"
)
ENTRY = (
    "<Ntry><Amt Ccy='EUR'>7.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>"
    "<BookgDt><Dt>2026-01-05</Dt></BookgDt><ValDt><DtTm>2026-01-06T00:30:00+01:00</DtTm></ValDt>"
    "<AcctSvcrRef>B-1</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd>"
    f"<SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls>{DETAILS}</NtryDtls></Ntry>"
)


def balance(code: str, amount: str, sign: str = "CRDT", day: str = "2026-01-01") -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{amount}</Amt>"
        f"<CdtDbtInd>{sign}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


BALANCES = balance("OPBD", "100.00") + balance("CLBD", "107.50", day="2026-01-31")


def report(*parts: str, account: str = "NL71RABO0123456789", name: str = "Stmt") -> str:
    return (
        f"<{name}><Id>S1</Id><LglSeqNb>5</LglSeqNb><Acct><Id><IBAN>{account}</IBAN></Id>"
        f"<Ccy>EUR</Ccy><Svcr><FinInstnId><BICFI>RABONL2U</BICFI></FinInstnId></Svcr></Acct>"
        f"{''.join(parts)}</{name}>"
    )


def file(*reports: str, kind: str = "053", version: str = "08") -> bytes:
    message, name = KINDS[kind]
    inner = "".join(reports).replace("<Stmt>", f"<{name}>").replace("</Stmt>", f"</{name}>")
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        f"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.{version}'>"
        f"<{message}><GrpHdr><MsgId>M</MsgId></GrpHdr>{inner}</{message}></Document>"
    ).encode()


def line(entry: str):
    (statement,) = read(file(report(entry))).statements
    (only,) = statement.lines
    return only


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("version", [f"{number:02}" for number in range(1, 14)])
def test_every_version_of_every_kind_is_read(kind: str, version: str):
    entry = ENTRY
    if int(version) >= 7:
        entry = entry.replace("<Sts>BOOK</Sts>", "<Sts><Cd>BOOK</Cd></Sts>")
        entry = entry.replace(
            "<Dbtr><Nm>Payer</Nm></Dbtr>", "<Dbtr><Pty><Nm>Payer</Nm></Pty></Dbtr>"
        )
    reading = read(file(report(BALANCES, entry), kind=kind, version=version))
    (statement,) = reading.statements
    (found,) = statement.lines

    assert reading.format == f"camt.{kind}"
    assert (statement.account, statement.bank, statement.number) == (
        "NL71RABO0123456789",
        "RABONL2U",
        "5",
    )
    assert statement.is_proven
    assert (statement.opened_on, statement.closed_on) == (date(2026, 1, 1), date(2026, 1, 31))
    assert found.amount == Money(750, "EUR")
    assert (found.booked_on, found.valued_on) == (date(2026, 1, 5), date(2026, 1, 6))
    assert (found.counterparty, found.counterparty_account) == ("Payer", "DE89370400440532013000")
    assert (found.description, found.reference, found.bank_id) == ("invoice 17", "E2E-1", "B-1")
    assert found.kind == "PMNT/RCDT/ESCT"


def test_the_other_side_of_a_debit_is_the_creditor():
    entry = ENTRY.replace("CRDT", "DBIT").replace("Dbtr", "Cdtr")
    found = line(entry)
    assert (found.amount.minor, found.counterparty) == (-750, "Payer")


def test_a_reversal_keeps_the_sign_that_the_bank_gives():
    found = line(ENTRY.replace("</CdtDbtInd><Sts>", "</CdtDbtInd><RvslInd>true</RvslInd><Sts>"))
    assert found.is_reversal
    assert found.amount == Money(750, "EUR")


def test_a_batch_is_one_line_with_its_payments_as_parts():
    batch = f"<Btch><NbOfTxs>2</NbOfTxs></Btch>{DETAILS}{DETAILS.replace('7.50', '2.50')}"
    found = line(ENTRY.replace("7.50", "10.00", 1).replace(DETAILS, batch))
    assert found.amount == Money(1_000, "EUR")
    assert [part.amount.minor for part in found.parts] == [750, 250]
    assert [part.counterparty for part in found.parts] == ["Payer", "Payer"]
    assert found.counterparty == ""


def test_charges_and_the_instructed_amount_are_told():
    details = DETAILS.replace(
        "<RltdPties>",
        "<AmtDtls><InstdAmt><Amt Ccy='USD'>9.00</Amt></InstdAmt></AmtDtls>"
        "<Chrgs><TtlChrgsAndTaxAmt Ccy='EUR'>0.31</TtlChrgsAndTaxAmt></Chrgs><RltdPties>",
    )
    found = line(ENTRY.replace(DETAILS, details))
    assert found.original == Money(900, "USD")
    assert found.charges == Money(31, "EUR")


@pytest.mark.parametrize(
    ("balances", "opening", "closing"),
    [
        (balance("PRCD", "1.00") + balance("CLBD", "8.50"), 100, 850),
        (balance("OPBD", "1.00", "DBIT") + balance("CLBD", "6.50"), -100, 650),
        (balance("OPBD", "1.00") + balance("PRCD", "2.00") + balance("CLBD", "8.50"), 100, 850),
        (balance("ITBD", "1.00") + balance("ITBD", "8.50"), 100, 850),
        (balance("OPBD", "1.00") + balance("ITBD", "8.50"), 100, 850),
        (balance("ITBD", "1.00") + balance("CLBD", "8.50"), 100, 850),
        (balance("ITBD", "8.50"), None, 850),
        (balance("OPAV", "1.00") + balance("CLAV", "8.50"), None, None),
    ],
)
def test_booked_balances_are_taken_and_available_ones_are_not(balances, opening, closing):
    (statement,) = read(file(report(balances, ENTRY))).statements
    told = [each.minor if each else None for each in (statement.opening, statement.closing)]
    assert told == [opening, closing]


def test_several_statements_and_accounts_are_kept_apart():
    other = report(ENTRY.replace("7.50", "8.50"), account="DE89370400440532013000")
    reading = read(file(report(BALANCES, ENTRY), report(ENTRY * 2), other))
    assert [(each.account[:2], len(each.lines)) for each in reading.statements] == [
        ("NL", 1),
        ("NL", 2),
        ("DE", 1),
    ]


def test_pending_entries_are_left_out_and_told():
    pending = ENTRY.replace("BOOK", "PDNG").replace("B-1", "B-2")
    reading = read(file(report(BALANCES, ENTRY, pending, ENTRY.replace("BOOK", "INFO"))))
    assert len(reading.statements[0].lines) == 1
    told = [each.text for each in reading.warnings if each.caution is Caution.NOT_BOOKED]
    assert len(told) == 2


def test_a_summary_that_counts_other_entries_is_told():
    summary = "<TxsSummry><TtlNtries><NbOfNtries>3</NbOfNtries></TtlNtries></TxsSummry>"
    (remark,) = read(file(report(summary, ENTRY))).warnings
    assert "says 3 entries; there are 1" in remark.text


@pytest.mark.parametrize(
    ("text", "minor"), [("8.850", 885), ("8.85000", 885), ("8", 800), (".5", 50), ("0", 0)]
)
def test_decimals_that_are_zeros_change_nothing(text: str, minor: int):
    assert line(ENTRY.replace("7.50", text, 1)).amount.minor == minor


@pytest.mark.parametrize("text", ["8.85123", "8.855", "-1.00", "1,00", "1e3", "x", "9" * 40])
def test_an_amount_that_is_not_exact_is_refused_with_its_line(text: str):
    with pytest.raises(StatementUnreadable, match="Line 2: "):
        line(ENTRY.replace("7.50", text, 1))


def test_an_entry_in_another_currency_than_the_account_is_refused():
    with pytest.raises(StatementUnreadable, match="in USD, but the account is in EUR"):
        line(ENTRY.replace("Ccy='EUR'>7.50", "Ccy='USD'>7.50", 1))


def test_without_a_currency_of_the_account_that_of_its_entries_is_taken():
    raw = file(report(BALANCES, ENTRY.replace("Ccy='EUR'", "Ccy='SEK'"))).replace(
        b"<Ccy>EUR</Ccy>", b""
    )
    reading = read(raw)
    (statement,) = reading.statements
    assert (statement.currency, statement.sum.minor) == ("SEK", 750)
    assert (statement.opening, statement.closing) == (None, None)
    told = [each.caution for each in reading.warnings]
    assert told == [Caution.NOT_COMPARABLE, Caution.NOT_COMPARABLE]

    (empty,) = read(file(report(BALANCES)).replace(b"<Ccy>EUR</Ccy>", b"")).statements
    assert (empty.currency, empty.lines) == ("EUR", ())
    assert empty.is_proven is False


BOMB = "".join(f"<!ENTITY b{n} '{f'&b{n - 1};' * 10}'>" for n in range(1, 9))


@pytest.mark.parametrize(
    "declared",
    [
        f"<!DOCTYPE Document [<!ENTITY b0 'lol'>{BOMB}]>",
        "<!DOCTYPE Document [<!ENTITY b8 SYSTEM 'file:///etc/hostname'>]>",
        "<!DOCTYPE Document SYSTEM 'http://127.0.0.1:21000/x.dtd'>",
        "<!DOCTYPE Document [<!ENTITY % p SYSTEM 'http://127.0.0.1:21000/x'> %p;]>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_entities_and_document_types_are_refused_in_any_encoding(declared: str, encoding: str):
    text = file(report(ENTRY.replace("invoice 17", "&b8;"))).decode()
    text = text.replace("?>\n", f"?>\n{declared}").replace("UTF-8", encoding.removesuffix("-sig"))
    with pytest.raises(StatementUnreadable, match="document type or entities"):
        read(text.encode(encoding))


def test_elements_nested_without_end_are_refused():
    deep = "<a>" * 100_000
    with pytest.raises(StatementUnreadable, match="nested deeper"):
        read(file(report(ENTRY.replace(DETAILS, deep))))


@pytest.mark.parametrize("keep", range(5, 100, 6))
def test_a_file_cut_anywhere_is_refused(keep: int):
    raw = file(report(BALANCES, ENTRY, ENTRY))
    with pytest.raises(StatementUnreadable):
        read(raw[: len(raw) * keep // 100])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_the_declared_encoding_is_kept(encoding: str):
    text = file(report(ENTRY.replace("Payer", "Müller"))).decode()
    raw = text.replace("UTF-8", encoding).encode(encoding)
    assert read(raw).statements[0].lines[0].counterparty == "Müller"


@pytest.mark.parametrize("schema", ["camt.053.001.02", "camt.053.001.08", "camt.054.001.08"])
def test_our_own_samples_are_not_made_up(schema: str):
    """Elements we lean on exist in the schemas: their names are looked up in the shared XSDs."""
    tree = etree.parse(shared("bank") / "xsd" / f"{schema}.xsd")
    names = set(tree.xpath("//@name"))
    wanted = "Ntry Amt CdtDbtInd RvslInd Sts BookgDt ValDt AcctSvcrRef BkTxCd NtryDtls TxDtls Btch"
    wanted += " NbOfTxs EndToEndId Dbtr DbtrAcct Cdtr Ustrd IBAN Acct Ccy Svcr LglSeqNb InstdAmt"
    assert set(wanted.split()) <= names
