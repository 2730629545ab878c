"""Disputes over HTTP."""

from __future__ import annotations

from uuid import UUID

from nexafi.contracts.payments.permissions import PaymentsPermission as May
from nexafi.kernel.data.work import Begin, Work
from nexafi.kernel.trust.secrets import Secret
from nexafi.kernel.web.downloads import Download
from nexafi.kernel.web.endpoints import Routes
from nexafi.kernel.web.paging import Page
from nexafi.kernel.web.uploads import Upload
from nexafi.payments.disputes import actions, answering, queries, rules
from nexafi.payments.disputes.schemas import (
    DisputeFileOut,
    DisputeFilesOut,
    DisputeOut,
    DisputesQuery,
    EvidenceIn,
    FileQuery,
    SubmitIn,
    SubmittedOut,
)
from nexafi.payments.errors import EvidenceNotTaken
from nexafi.payments.providers.port import Providers

routes = Routes("/api/v1/payments/disputes")
ENVELOPE_BYTES = 64 * 1024
"""How much a file is wrapped in."""


@routes.get("", needs=May.DISPUTE_READ, gives=Page[DisputeOut])
def list_disputes(work: Work, query: DisputesQuery) -> Page[DisputeOut]:
    """Return a page of disputes, the newest first."""
    rows = queries.disputes(work, query, state=query.state, charge_id=query.charge)
    return Page[DisputeOut].of(rows, query, DisputeOut.of)


@routes.get("/<uuid:dispute_id>", needs=May.DISPUTE_READ, gives=DisputeOut)
def read_dispute(work: Work, dispute_id: UUID) -> DisputeOut:
    """Return one dispute."""
    return DisputeOut.of(queries.dispute(work, dispute_id))


@routes.put("/<uuid:dispute_id>/evidence", needs=May.DISPUTE_EDIT, gives=DisputeOut)
def write_evidence(work: Work, dispute_id: UUID, body: EvidenceIn) -> DisputeOut:
    """Keep what is to be said to a dispute; it is a draft until it is submitted."""
    return DisputeOut.of(actions.write_evidence(work, dispute_id, body.texts))


@routes.get("/<uuid:dispute_id>/files", needs=May.DISPUTE_READ, gives=DisputeFilesOut)
def list_dispute_files(work: Work, dispute_id: UUID) -> DisputeFilesOut:
    """Return all files of a dispute, oldest first."""
    found = queries.files(work, queries.dispute(work, dispute_id).id)
    return DisputeFilesOut(items=[DisputeFileOut.of(each) for each in found])


@routes.post(
    "/<uuid:dispute_id>/files",
    needs=May.DISPUTE_EDIT,
    gives=DisputeFileOut,
    bytes_max=rules.FILE_BYTES_MAX + ENVELOPE_BYTES,
)
def add_dispute_file(
    work: Work, dispute_id: UUID, query: FileQuery, file: Upload
) -> DisputeFileOut:
    """Keep a PDF, JPEG or PNG that proves something: 2 MiB at most, 5 MiB with all others."""
    row = actions.add_file(work, dispute_id, query.kind, file.name, file.read())
    return DisputeFileOut.of(row)


@routes.get("/<uuid:dispute_id>/files/<uuid:proof_id>", needs=May.DISPUTE_READ, gives=None)
def read_dispute_file(work: Work, dispute_id: UUID, proof_id: UUID) -> Download:
    """Return what is in a file."""
    row = queries.file(work, dispute_id, proof_id)
    return Download(row.content, row.media_type, f"{row.id}")


@routes.delete("/<uuid:dispute_id>/files/<uuid:proof_id>", needs=May.DISPUTE_EDIT)
def remove_dispute_file(work: Work, dispute_id: UUID, proof_id: UUID) -> None:
    """Throw away a file that was not handed in."""
    actions.remove_file(work, dispute_id, proof_id)


@routes.act(
    "/<uuid:dispute_id>/submit",
    needs=May.DISPUTE_EDIT,
    gives=SubmittedOut,
    problems=[EvidenceNotTaken],
)
def submit_evidence(
    begin: Begin,
    dispute_id: UUID,
    body: SubmitIn,  # noqa: ARG001 - it says nothing, and no more may be said
    providers: Providers,
    secret: Secret,
) -> SubmittedOut:
    """Hand in what was kept, once. Where the provider takes none by a call, do it at its site."""
    is_sent = answering.submit(begin, providers, secret, dispute_id)
    with begin() as work:
        row = queries.dispute(work, dispute_id)
        return SubmittedOut(dispute=DisputeOut.of(row), is_sent=is_sent)
