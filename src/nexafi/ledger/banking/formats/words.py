"""The words that banks of many countries use: names of columns, months, debit and credit.

One line has the names of one meaning, divided by commas; a second line of the same meaning names it
less surely. They are written as `plain` makes them: small, without accents and signs.
"""

from __future__ import annotations

import re
import unicodedata

COLUMNS = """
date: completed date, booking date, bookingdate, posting date, posted date, post date, posted,
    buchungstag, buchungsdatum, buchung, boekdatum, boekingsdatum, bokforingsdag,
    bokforingsdatum, bogfort dato, bogforingsdato, bokfort dato, bokforingsdato, kirjauspaiva,
    date comptable, date operation, date de comptabilisation, date d operation, data contabile,
    data operazione, data ksiegowania, data operacji, fecha operacion, fecha contable, fecha de
    operacion, f operacion, data lancamento, data mov, data movimento, data do movimento
date: transaction date, trans date, transactiedatum, transaktionsdatum, date, datum, fecha,
    data, dato, pvm, tarih, datetime, date time, created, created at, created on, dt, started
    date, day, tag, data transakcji, data transacao, time stamp, timestamp, umsatzdatum
valued: value date, valuedate, valuta, valutadatum, valutadag, wertstellung, wertstellungstag,
    wert, date valeur, date de valeur, fecha valor, f valor, data valuta, data valor, data
    waluty, rentedatum, valuutpaiva, arvopaiva, valor date, val date, value dt, rentedato,
    valordato
amount: net, net amount, netto, nettobetrag, net amount eur
amount: amount, betrag, umsatz, montant, importe, importo, kwota, kwota operacji, bedrag,
    belopp, belop, beloeb, belob, valor, value, transaction amount, transaktionsbetrag, amt,
    summe, summa, maara, castka, objem, osszeg, transactiebedrag, amount eur, quantia, montante,
    tutar, monto, kwota transakcji, kwota w walucie rachunku, betrag in eur, movement, signed
    amount, amount signed
amount: gross, brutto, bruttobetrag, gross amount
debit: debit, debits, debit amount, withdrawal, withdrawals, withdrawal amount, withdrawal amt,
    paid out, money out, out, soll, ausgabe, ausgaben, ausgang, belastung, lastschrift, cargo,
    cargos, addebito, addebiti, uscite, uscita, dare, obciazenia, obciazenie, debet, af,
    afschrijving, spent, ut, ut av konto, uttag, ud, debito, debitos, charge, charges, payment
    amount, spend, paid, cargo eur, montant debit, withdrawn
credit: credit, credits, credit amount, deposit, deposits, deposit amount, deposit amt, paid in,
    money in, in, haben, gutschrift, eingang, einnahmen, einnahme, abono, abonos, accredito,
    accrediti, entrate, entrata, avere, uznania, uznanie, kredit, bij, bijschrijving, received,
    inn pa konto, insattning, ind, credito, creditos, montant credit, deposited, ingreso,
    ingresos
sign: d c, c d, dc, cd, cr dr, dr cr, debit credit, credit debit, af bij, bij af, soll haben,
    haben soll, s h, h s, sign, vorzeichen, direction, debit or credit, credit or debit, credit
    debit indicator, debit credit indicator, debet credit, transaction type, type, sens, debit
    credit flag, indicator, crdr, drcr, tipo, umsatzart, plus minus
currency: currency, wahrung, waehrung, devise, moneda, divisa, valuta, munt, muntsoort, waluta,
    ccy, moeda, valuutta, mena, penznem, currency code, doviz, kontowahrung, curr, valutakod,
    payment currency, account currency
balance: balance, saldo, kontostand, solde, running balance, runningbalance, running bal, saldo
    po operacji, saldo na transactie, balance after, balance eur, account balance, closing
    balance, saldo nach buchung, saldo efter, saldo na mutatie, resulting balance, bakiye,
    available balance, saldo contabile, bokfort saldo, egyenleg, saldo disponible, saldo
    despues, ledger balance, resterend saldo
counterparty: partner name, payee, payee name, counterparty, counterparty name, counter party,
    beneficiary, beneficiary name, empfanger, zahlungsempfanger, zahlungspflichtiger,
    zahlungspflichtige r, zahlungsempfanger in, auftraggeber, auftraggeber beguenstigter,
    auftraggeber begunstigter, auftraggeber empfanger, beguenstigter zahlungspflichtiger,
    begunstigter zahlungspflichtiger, name zahlungsbeteiligter, naam tegenpartij, naam
    omschrijving, to from, kontrahent, destinataire, nadawca odbiorca, payment recipient,
    empfanger name, gegenpartei, tegenpartij, tegenpartij naam, mottagare, mottaker, modtager,
    beneficiario, ordenante, beneficiary     originator, saaja, saaja maksaja, dane kontrahenta,
    target name, source name
counterparty: naam, merchant, merchant name, recipient, sender, name, nom, payer, payor
account: source account,
    auftragskonto, iban auftragskonto, rekening, rekeningnummer, account, account number,
    konto, iban bban, numer rachunku, compte, cuenta, conto, konto kontonummer, own account,
    account no, account name, card number, card no
counterparty_account: rekeningnummer tegenpartij,
    bank account, iban, counterparty account, counterparty iban, kontonummer,
    partner account, iban bban tegenpartij, tegenrekening, tegenrekening iban bban, rekening
    tegenpartij, kontonummer iban, iban zahlungsbeteiligter, partner iban, account number iban,
    gegenkonto, rachunek kontrahenta, beneficiary account, payee account, counterparty account
    number, compte contrepartie, iban beneficiario, empfanger iban, iban empfanger, numer konta,
    numer rachunku kontrahenta, tegenpartij iban, to account, recipient account
description: description, label, memo, details, narrative, verwendungszweck, buchungstext,
    omschrijving, mededelingen, mededeling, libelle, concepto, descrizione, causale, tytul,
    tytulem, tytul operacji, opis, opis operacji, particulars, transaction description,
    transaction details, item title, text, texte, note, notes, subject, betreff, title,
    remittance information, payment reference, referenz verwendungszweck, beskrivning,
    beskrivelse, tekst, descricao, historico, observaciones, message, melding, meddelande,
    viesti, selitys, booking text, vwz, remarks, omschrijving 1, omschrijving 2, omschrijving 3,
    additional information, narration, description 1, description 2, aciklama, kozlemeny,
    detail, transaktionstyp och text, rubrik
bank_id: transaction id, transactionid, id, fitid, bank reference, tx id, unique id, transaction
    reference, transactie id, volgnr, transaction number, buchungsreferenz, transferwise id,
    bank ref, transactiereferentie, umsatz id
reference: reference, ref, ref no, check #, check, check number, check no, cheque, cheque
    number, cheque no, chq no, chq ref no, betalingskenmerk, kundenreferenz, kundenreferenz end
    to end, end to end reference, end to end id, endtoendid, mandatsreferenz, referenz,
    referentie, reference number, slip, check or slip, referencia, riferimento, reference no,
    kenmerk, viite, referens, kid, customer reference
fee: fee, fees, total fees, gebuhr, gebuhren, commission, kosten, frais, comision, commissione
status: status, state, statut, estado, stato, transaction status, buchungsstatus, tila
kind: type, transaction type, category, code, mutatiesoort, buchungstext, typ, soort, art,
    transactiesoort, rodzaj operacji, tipo, kategorie, kind, umsatztyp, tapahtumalaji
"""
MONTH_NAMES = """
jan januar january janvier enero gennaio januari jän jänner ene gen
feb februar february février fevrier febrero febbraio februari fév fev févr
mar mär mrz märz march mars marzo maart maa mrt
apr april avril abril aprile avr abr
may mai mayo maggio mei maj mag
jun juni june juin junio giugno giu
jul juli july juillet julio luglio lug juil
aug august août aout agosto augustus ago augusti
sep sept september septembre septiembre settembre set
oct okt october oktober octobre octubre ottobre ott
nov november novembre noviembre
dec dez december dezember décembre decembre diciembre dicembre dic déc des
"""
MONTHS = {
    name: number
    for number, names in enumerate(MONTH_NAMES.strip().split("\n"), 1)
    for name in names.split()
}
DEBIT_WORDS = frozenset(
    [
        "-",
        "A",
        "AF",
        "BELASTUNG",
        "CARGO",
        "D",
        "DARE",
        "DB",
        "DBIT",
        "DEBET",
        "DEBIT",
        "DEBITO",
        "DEBITS",
        "DR",
        "DT",
        "DÉBIT",
        "EXPENSE",
        "LASTSCHRIFT",
        "NEGATIVE",
        "OUT",
        "OUTFLOW",
        "OUTGOING",
        "S",
        "SOLL",
        "SPEND",
        "SPENT",
        "UIT",
        "WITHDRAWAL",
    ]
)
CREDIT_WORDS = frozenset(
    [
        "+",
        "ABONO",
        "AVERE",
        "B",
        "BIJ",
        "C",
        "CR",
        "CRDT",
        "CREDIT",
        "CREDITO",
        "CREDITS",
        "CRÉDIT",
        "CT",
        "DEPOSIT",
        "GUTSCHRIFT",
        "H",
        "HABEN",
        "IN",
        "INCOME",
        "INCOMING",
        "INFLOW",
        "K",
        "KREDIT",
        "POSITIVE",
        "RECEIVED",
    ]
)
UNBOOKED_WORDS = frozenset(
    {
        "PENDING",
        "DECLINED",
        "REVERTED",
        "FAILED",
        "CANCELLED",
        "CANCELED",
        "REJECTED",
        "DENIED",
        "VOIDED",
        "EXPIRED",
        "VORGEMERKT",
        "AUTHORIZED",
        "AUTHORISED",
        "BLOCKED",
        "SCHEDULED",
    }
)
"""What stands in a status when no money has moved, or not yet."""
FOREIGN = frozenset(
    {"foreign", "original", "local", "fremd", "fremdwahrung", "oorspr", "exchange", "ursprung"}
)
"""In the name of a column: what is meant is not the money of the account."""
CURRENCY_BEHIND = re.compile(r"\b(?:in )?([a-z]{3})$")


def plain(name: str) -> str:
    """Return the name of a column in small letters, without accents, signs and repeated spaces."""
    folded = unicodedata.normalize(
        "NFKD", name[:200].casefold().replace("ø", "o").replace("ł", "l")
    )
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[^\w#]+", " ", bare.replace("_", " ")).split()).lstrip("# ")


def _ranks() -> dict[str, dict[str, int]]:
    """Return for each name what it can mean, with its rank: that of its line in `COLUMNS`."""
    ranks: dict[str, dict[str, int]] = {}
    lines: dict[str, int] = {}
    for line in COLUMNS.replace("\n    ", " ").strip().split("\n"):
        role, _, names = line.partition(": ")
        lines[role] = lines.get(role, -1) + 1
        for name in names.split(", "):
            ranks.setdefault(name.strip(), {}).setdefault(role, lines[role])
    return ranks


RANKS = _ranks()


def roles(name: str) -> dict[str, int]:
    """Return what a column of this name can be, each with its rank: 0 is the surest."""
    clean = plain(name)
    if clean in RANKS:
        return RANKS[clean]
    shorter = CURRENCY_BEHIND.sub("", clean).strip()
    if shorter in RANKS:
        return RANKS[shorter]
    found: dict[str, int] = {}
    if FOREIGN & set(clean.split()):
        return found
    for word in clean.split():
        for role, rank in RANKS.get(word, {}).items():
            found.setdefault(role, rank + 5)
    return found
