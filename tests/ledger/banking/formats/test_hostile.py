"""What is no statement is refused for the reason that is true, quickly, and with nothing else."""

from __future__ import annotations

import gc
import gzip
import io
import time
import zipfile

import pytest

from nexafi.ledger.banking.formats import read
from nexafi.ledger.errors import StatementUnreadable

MIB = 2**20


def packed(name: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(name, "x")
    return held.getvalue()


REFUSED = {
    "nothing": (b"", "is empty"),
    "blanks": (b" \r\n\t" * 5_000, "is empty"),
    "a mark of bytes alone": (b"\xef\xbb\xbf", "is empty"),
    "zeros": (bytes(1_000), "binary data"),
    "noise": (bytes(range(256)) * 20, "binary data"),
    "a ZIP": (packed("statement.ofx"), "ZIP archive, whatever its name says"),
    "a sheet": (packed("xl/workbook.xml"), "Excel"),
    "gzip": (gzip.compress(b"OFXHEADER:100"), "gzip"),
    "PDF": (b"%PDF-1.7\n" + bytes(range(128, 256)), "PDF"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "picture"),
    "a page": (b"<!DOCTYPE html>\n<html><body>Log in</body></html>", "web page"),
    "a page without a type": (b"\n\n<HTML><HEAD><TITLE>Bank", "web page"),
    "JSON": (b'{"transactions": []}', "JSON"),
    "other XML": (b"<?xml version='1.0'?><note>hi</note>", "neither OFX nor CAMT"),
    "a payment order": (
        b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.001.001.03'/>",
        "payment order",
    ),
    "an empty CAMT": (
        b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.02'/>",
        "holds no account report",
    ),
    "a letter": (b"Dear Sir or Madam\nplease find enclosed\n", "no table either"),
    "a table of something else": (b"name,colour\ncat,grey\ndog,brown\n", "no statement"),
    "a header alone": (b"Date,Text,Amount\n", "no rows"),
    "a zero byte in a text": (
        b"Date,Text,Amount\n" * 400 + b"2026-01-05,\0,1\n",
        "Line 401: .*zero",
    ),
    "half of UTF-16": ("Date,Amount\n".encode("utf-16") + b"\x00", "cut off or damaged"),
    "MT940 without a message": (b"{1:F01BANK}{4:\n-}\n", "no field :20:"),
    "OFX without an end": (b"OFXHEADER:100\n\n<OFX><STMTRS>", "cut off"),
    "OFX header alone": (b"OFXHEADER:100\nDATA:OFXSGML\n", "cut off"),
    "BAI2 without an end": (b"01,A,B,260101,1200,1,,,2/\n", "cut off"),
    "200 MiB of one letter": (b"a" * (200 * MIB), "larger than 64 MiB"),
    "200 MiB of zeros": (bytes(200 * MIB), "binary data"),
    "many lines": (b"2026-01-05,1\n" * (2 * MIB), "more than 1000000 lines"),
    "one long line": (b"a," * (4 * MIB), "longer than any"),
    "many tags": (b"<OFX>" + b"<A>" * (4 * MIB), "more than 3000000 tags"),
    "open tags": (b"<OFX>" + b"<" * (2 * MIB), "cut off"),
    "nested groups": (b"<OFX>" + b"<PAYEE>" * 100_000, "nested deeper"),
    "many fields": (b":20:A\n:25:x\n" + b":61:\n" * 400_000, "no closing balance"),
    "many continuations": (b"01,A,B\n" + b"88,x\n" * 300_000, "cut off"),
    "slashes": (
        b":20:A\n:25:x\n:60F:C260101EUR0,\n:61:260102C5,NTRFX\n:86:" + b"/AB/" * MIB + b"\n",
        "no closing balance",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_for_the_true_reason_and_soon(what: str):
    raw, why = REFUSED[what]
    gc.freeze()  # what the tests before left is not the reader's to look through
    begin = time.thread_time()
    with pytest.raises(StatementUnreadable, match=why) as refused:
        read(raw, name="statement.ofx")
    took_s = time.thread_time() - begin
    gc.unfreeze()
    assert took_s < 5
    assert refused.value.facts["file"] == "statement.ofx"
    assert len(refused.value.detail) < 400


def test_the_problem_names_the_line_as_a_fact():
    with pytest.raises(StatementUnreadable) as refused:
        read(b":20:A\n:25:x\n:60F:C260101EUR0,\n:61:nonsense\n:62F:C260101EUR0,\n-\n")
    assert refused.value.facts == {"line": 4}
    assert refused.value.as_json()["status"] == 422


def test_sums_that_cannot_be_kept_are_refused():
    amount = "9" * 16
    body = f":61:260102C{amount},00NTRFX\n" * 20
    raw = f":20:A\n:25:x\n:60F:C260101EUR0,\n{body}:62F:C260102EUR0,\n-\n"
    with pytest.raises(StatementUnreadable, match="add up to more"):
        read(raw.encode())
