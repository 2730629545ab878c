"""The text that a bank adds to a movement (field :86: of MT940), taken apart where it has parts.

Four ways of writing are known: the German (`166?00text?20purpose?31account?32name`, any sign in
place of ``?``), the Dutch and SEPA (`/EREF/x/NAME/y/REMI/z`), ING's positional `/CNTP/`, and free
text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nexafi.ledger.banking.formats.figures import IBAN, account_number, one_line

EMPTY = {"", "NONREF", "NOTPROVIDED", "KREF", "EREF", "NOT PROVIDED"}
GERMAN = re.compile(r"\d{3}([^\w\s:/+-])\d\d")
SEPA = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|COAM|OAMT|IBAN|BIC|PURP|MTLG)\+")
CODES = frozenset(
    [
        "ACCW",
        "ADDR",
        "BENM",
        "BIC",
        "BO",
        "CBIC",
        "CHGS",
        "CNTP",
        "CREF",
        "CSID",
        "EREF",
        "EXCH",
        "FX",
        "IBAN",
        "ID",
        "INFO",
        "INID",
        "IREF",
        "ISDT",
        "KREF",
        "MARF",
        "NAME",
        "NRTX",
        "OCMT",
        "ORDP",
        "PREF",
        "PURP",
        "REMI",
        "RTRN",
        "RTYP",
        "SVCL",
        "TRCD",
        "TRTP",
        "TRXS",
        "ULTB",
        "ULTC",
        "ULTD",
    ]
)
CODE = re.compile(r"/([A-Z]{2,4})/")
TEXT_MAX = 4_000


@dataclass(frozen=True, slots=True)
class Narrative:
    """What the text says, by part; a part that is not there is empty."""

    description: str
    counterparty: str = ""
    counterparty_account: str = ""
    reference: str = ""


def read(lines: list[str]) -> Narrative:
    """Return the parts of the lines of a field :86:."""
    if not lines:
        return Narrative("")
    start = lines[0][:20]
    if (match := GERMAN.match(start)) and f"{match[1]}2" in "".join(lines)[:TEXT_MAX]:
        return _german("".join(lines)[:TEXT_MAX], match[1])
    text = "".join(lines)[:TEXT_MAX]
    if sum(code in CODES for code in CODE.findall(text)) >= 2 or text.startswith(
        ("/EREF/", "/CNTP/", "/REMI/", "/NAME/", "/TRTP/")
    ):
        return _coded(text)
    return _free(lines)


def _german(text: str, sign: str) -> Narrative:
    """Read subfields of two digits: 00 kind, 20-29 and 60-63 purpose, 31 account, 32-33 name."""
    fields: dict[str, str] = {}
    for part in text[3:].split(sign)[1:]:
        code, content = part[:2], part[2:]
        if not code.isdigit():  # the sign itself, within a text
            code, content = (list(fields) or ["00"])[-1], sign + part
        fields[code] = fields.get(code, "") + content
    purpose = "".join(
        text
        for code, text in sorted(fields.items())
        if "20" <= code <= "29" or "60" <= code <= "63"
    )
    pieces = SEPA.split(purpose)
    told = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    spoken = [pieces[0], told.get("SVWZ", ""), told.get("MTLG", "")]
    description = one_line(" ".join(spoken)) or one_line(purpose)
    reference = one_line(told.get("EREF") or told.get("KREF") or "")
    return Narrative(
        description=one_line(" ".join([fields.get("00", ""), description])),
        counterparty=one_line(fields.get("32", "") + fields.get("33", "")),
        counterparty_account=account_number(fields.get("31", "") or told.get("IBAN", "")),
        reference="" if reference in EMPTY else reference,
    )


def _coded(text: str) -> Narrative:
    """Read parts that are named between slashes; what stands before the first is description."""
    parts: dict[str, str] = {}
    code, begin = "", 0
    at = 0
    while match := CODE.search(text, at):
        at = match.end() - 1
        if match[1] in CODES:
            _keep(parts, code, text[begin : match.start()])
            code, begin = match[1], match.end()
    _keep(parts, code, text[begin:])
    name, account = parts.get("NAME", ""), parts.get("IBAN", "")
    if "CNTP" in parts:
        account, _, name = [*parts["CNTP"].split("/"), "", "", ""][:3]
    remittance = parts.get("REMI", "")
    for structure in ("USTD//", "STRD/CUR/", "STRD/"):
        remittance = remittance.removeprefix(structure)
    reference = parts.get("EREF", "")
    said = [parts.get("", ""), parts.get("TRTP", ""), remittance or parts.get("TRCD", "")]
    return Narrative(
        description=one_line(" ".join(said).strip("/ ")) or one_line(text),
        counterparty=one_line(name.strip("/")),
        counterparty_account=account_number(account.strip("/")),
        reference="" if reference in EMPTY else one_line(reference.strip("/")),
    )


def _keep(parts: dict[str, str], code: str, content: str) -> None:
    """Add *content* to what is known of *code*; the first name is that of the other side."""
    clean = content.strip("/") if code else content
    if code in {"", "REMI"}:
        parts[code] = (parts.get(code, "") + " " + clean).strip()
    else:
        parts.setdefault(code, clean)


def _free(lines: list[str]) -> Narrative:
    """Read text without parts: an IBAN at its beginning is the other side's, its name follows."""
    first, _, rest = lines[0].strip().partition(" ")
    if IBAN.fullmatch(first):
        return Narrative(
            description=one_line(" ".join(lines)),
            counterparty=one_line(rest),
            counterparty_account=first,
        )
    return Narrative(one_line(" ".join(lines)))
