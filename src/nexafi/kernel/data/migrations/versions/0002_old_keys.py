"""An index by which idempotency keys that may be forgotten are found."""

from alembic import op

revision = "kernel_0002"
down_revision = "kernel_0001"


def upgrade() -> None:
    op.create_index("ix_idempotency_started_at", "idempotency", ["started_at"])
