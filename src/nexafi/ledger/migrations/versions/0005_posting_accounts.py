"""Which account takes what moves in a role: money that moved is booked by it."""

import sqlalchemy as sa
from alembic import op

from nexafi.kernel.data.migrations import confine

revision = "ledger_0005"
down_revision = "ledger_0004"


def upgrade() -> None:
    op.create_table(
        "posting_accounts",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("is_set", sa.Boolean(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["accounts.organization_id", "accounts.id"],
            name="fk_posting_accounts_organization_id_account_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_posting_accounts"),
        sa.UniqueConstraint(
            "organization_id",
            "role",
            "provider",
            "is_set",
            name="uq_posting_accounts_organization_id_role_provider_is_set",
        ),
    )
    op.create_index(
        "ix_posting_accounts_organization_id_account_id",
        "posting_accounts",
        ["organization_id", "account_id"],
    )
    confine("posting_accounts")
