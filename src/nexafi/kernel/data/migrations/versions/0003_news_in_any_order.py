"""The revision of an organization, and the trace of an event: news may come in any order."""

import sqlalchemy as sa
from alembic import op

revision = "kernel_0003"
down_revision = "kernel_0002"


def upgrade() -> None:
    op.add_column(
        "organizations", sa.Column("revision", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column(
        "outbox", sa.Column("traceparent", sa.String(64), nullable=False, server_default="")
    )
