"""An index by which idempotency keys that may be forgotten are found."""

from nexafi.kernel.data.migrations.gently import build_index

revision = "kernel_0002"
down_revision = "kernel_0001"


def upgrade() -> None:
    build_index("ix_idempotency_started_at", "idempotency", ["started_at"])
