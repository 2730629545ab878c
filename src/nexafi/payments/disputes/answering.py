"""Answering a dispute: the provider is asked with no transaction open, and once."""

from __future__ import annotations

from uuid import UUID

from nexafi.kernel.data.work import Begin
from nexafi.kernel.trust.secrets import Secret
from nexafi.payments.connections import actions as connections
from nexafi.payments.disputes import actions, queries
from nexafi.payments.errors import EvidenceNotTaken
from nexafi.payments.providers.port import (
    Evidence,
    EvidenceFile,
    Outcome,
    Providers,
    TakesEvidence,
)


def submit(begin: Begin, providers: Providers, secret: Secret, dispute_id: UUID) -> bool:
    """Hand in what is said to a dispute; return whether the provider was given it by us.

    Where a provider takes none by a call, a person hands it in there. One that did not
    take it leaves a draft.
    """
    with begin() as work:
        row = actions.check_submittable(work, dispute_id)
        provider = providers[row.provider]
        account = connections.account(work, secret, provider)
        files = [
            EvidenceFile(each.kind, each.name, each.media_type, each.content)
            for each in queries.files(work, dispute_id, whole=True)
        ]
        evidence = Evidence(row.id, row.reference, row.evidence, files)

    is_sent = isinstance(provider, TakesEvidence)
    if isinstance(provider, TakesEvidence):
        answer = provider.submit_evidence(account, evidence)
        if answer.outcome is not Outcome.SUCCEEDED:
            raise EvidenceNotTaken(
                answer.message or f"{provider.title} did not take it; it is kept as a draft."
            )

    with begin() as work:
        actions.note_submitted(work, dispute_id)
    return is_sent
