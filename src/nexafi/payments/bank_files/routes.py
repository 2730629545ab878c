"""Files for the bank, and its answers, over HTTP."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Begin, Work
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.web.downloads import Download
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page, PageQuery
from nexafi.kernel.web.uploads import Upload
from nexafi.payments.bank_files import actions, answering, collecting, deciding, queries
from nexafi.payments.bank_files.answering import Given
from nexafi.payments.bank_files.formats import recognition, tree
from nexafi.payments.bank_files.rules import FileKind
from nexafi.payments.bank_files.schemas import (
    BankAnswerOut,
    BankDecisionIn,
    BankFileIn,
    BankFileOut,
    BankFilesQuery,
    BankOrderOut,
    BankOrdersQuery,
)
from nexafi.payments.errors import AnswerUnreadable

routes = Routes("/api/v1/payments/bank-files")


@routes.post("", needs=May.BANK_FILE_EDIT, gives=BankFileOut)
def make_bank_file(begin: Begin, body: BankFileIn, secret: Secret) -> BankFileOut:
    """Put all that is open into one file for the bank; an order is never in two.

    `pain.001` sends payouts and refunds by SEPA, `pain.008` collects debits by SEPA, `nacha` does
    both in the United States. Debits whose mandates have ended fail here.
    """
    with begin() as work:
        collecting.drop_unfit(work, body.kind)
    with begin() as work:
        return BankFileOut.of(actions.make(work, secret, body.kind, body.execution_on))


@routes.get("", needs=May.BANK_FILE_READ, gives=Page[BankFileOut])
def list_bank_files(work: Work, query: BankFilesQuery) -> Page[BankFileOut]:
    """Return a page of files, the newest first."""
    return Page[BankFileOut].of(queries.files(work, query, kind=query.kind), query, BankFileOut.of)


@routes.get("/<uuid:file_id>", needs=May.BANK_FILE_READ, gives=BankFileOut)
def read_bank_file(work: Work, file_id: UUID) -> BankFileOut:
    """Return one file, without its bytes."""
    return BankFileOut.of(queries.file(work, file_id))


@routes.get("/<uuid:file_id>/content", needs=May.BANK_FILE_EDIT, gives=None)
def download_bank_file(work: Work, file_id: UUID, secret: Secret) -> Download:
    """Return the bytes of a file, to hand to the bank. They hold account numbers."""
    row = queries.file(work, file_id)
    kind, end = ("text/plain", "ach") if row.kind == FileKind.NACHA else ("application/xml", "xml")
    return Download(actions.content(secret, row), kind, f"{row.message_id}.{end}")


@routes.act("/<uuid:file_id>/sent", needs=May.BANK_FILE_EDIT, gives=BankFileOut)
def mark_bank_file_sent(work: Work, file_id: UUID) -> BankFileOut:
    """Say that a file is with the bank. From then on its debits may come to be thought paid."""
    return BankFileOut.of(actions.mark_sent(work, file_id))


@routes.get("/orders", needs=May.BANK_FILE_READ, gives=Page[BankOrderOut])
def list_bank_orders(work: Work, query: BankOrdersQuery) -> Page[BankOrderOut]:
    """Return a page of the orders in files, the newest first."""
    rows = queries.orders(work, query, file_id=query.file, payout_id=query.payout)
    return Page[BankOrderOut].of(rows, query, BankOrderOut.of)


@routes.act("/orders/<uuid:order_id>/decide", needs=May.BANK_FILE_EDIT, gives=BankOrderOut)
def decide_bank_order(work: Work, order_id: UUID, body: BankDecisionIn) -> BankOrderOut:
    """Say how an order ended that no file of the bank speaks of, once you found out."""
    return BankOrderOut.of(deciding.decide(work, order_id, body.outcome.fact, body.code))


@routes.post("/answers", needs=May.BANK_FILE_EDIT, gives=BankAnswerOut)
def take_in_bank_answer(begin: Begin, file: Upload, secret: Secret) -> BankAnswerOut:
    """Take in what the bank answered: a pain.002, a camt.053 or camt.054, NACHA returns.

    A file that is damaged, or speaks of another's account or of other amounts, is refused whole.
    The same file again changes nothing.
    """
    if file.size > tree.BYTES_MAX:
        raise AnswerUnreadable(f"The file is larger than {tree.BYTES_MAX // 2**20} MiB.")
    given = Given(file.name, file.read())
    report = recognition.read(given.raw)
    with begin() as work:
        return BankAnswerOut.of(answering.take_in(work, secret, given, report))


@routes.get("/answers", needs=May.BANK_FILE_READ, gives=Page[BankAnswerOut])
def list_bank_answers(work: Work, query: PageQuery) -> Page[BankAnswerOut]:
    """Return a page of the bank's answers, the newest first."""
    return Page[BankAnswerOut].of(queries.answers(work, query), query, BankAnswerOut.of)


@routes.get("/answers/<uuid:answer_id>", needs=May.BANK_FILE_READ, gives=BankAnswerOut)
def read_bank_answer(work: Work, answer_id: UUID) -> BankAnswerOut:
    """Return one answer of the bank, and what came of it."""
    return BankAnswerOut.of(queries.answer(work, answer_id))
