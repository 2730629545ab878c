"""Settlements, their lines, matches and breaks; what the completeness job finds."""

import sqlalchemy as sa
from alembic import op

from nexafi.kernel.data.migrations import confine

revision = "payments_0005"
down_revision = "payments_0004"


def upgrade() -> None:
    op.create_table(
        "checks",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("movements", sa.Integer(), nullable=False),
        sa.Column("unbooked", sa.Integer(), nullable=False),
        sa.Column("told_again", sa.Integer(), nullable=False),
        sa.Column("findings", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_checks"),
        sa.UniqueConstraint("organization_id", name="uq_checks_organization_id"),
    )
    op.create_table(
        "findings",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("subject", sa.String(100), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("difference_minor", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.String(500), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_findings"),
    )
    op.create_index(
        "uq_findings_subject",
        "findings",
        ["organization_id", "kind", "subject"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "settlement_files",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("format", sa.String(16), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("taken_in_by", sa.String(200), nullable=False),
        sa.Column("taken_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_settlement_files"),
        sa.UniqueConstraint(
            "organization_id", "sha256", name="uq_settlement_files_organization_id_sha256"
        ),
    )
    op.create_table(
        "settlements",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("reference", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("kept_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("lines_count", sa.Integer(), nullable=False),
        sa.Column("matched_count", sa.Integer(), nullable=False),
        sa.Column("received_minor", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("received_minor >= 0", name="ck_settlements_received"),
        sa.ForeignKeyConstraint(
            ["organization_id", "file_id"],
            ["settlement_files.organization_id", "settlement_files.id"],
            name="fk_settlements_organization_id_file_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_settlements"),
        sa.UniqueConstraint(
            "organization_id",
            "provider",
            "reference",
            name="uq_settlements_organization_id_provider_reference",
        ),
    )
    op.create_index(
        "ix_settlements_organization_id_file_id",
        "settlements",
        ["organization_id", "file_id"],
        unique=False,
    )
    op.create_table(
        "settlement_lines",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("line_id", sa.String(200), nullable=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("own_minor", sa.BigInteger(), nullable=True),
        sa.Column("own_currency", sa.String(3), nullable=True),
        sa.Column("aliases", sa.JSON(), nullable=False),
        sa.Column("description", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("matched_minor", sa.BigInteger(), nullable=False),
        sa.Column("explained_minor", sa.BigInteger(), nullable=False),
        sa.Column("taken_minor", sa.BigInteger(), nullable=False),
        sa.Column("taken_currency", sa.String(3), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "settlement_id"],
            ["settlements.organization_id", "settlements.id"],
            name="fk_settlement_lines_organization_id_settlement_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_settlement_lines"),
        sa.UniqueConstraint(
            "organization_id", "provider", "line_id", name="uq_settlement_lines_line_id"
        ),
    )
    op.create_index(
        "ix_settlement_lines_organization_id_provider_taken_currency",
        "settlement_lines",
        ["organization_id", "provider", "taken_currency"],
        unique=False,
    )
    op.create_index(
        "ix_settlement_lines_organization_id_settlement_id_position",
        "settlement_lines",
        ["organization_id", "settlement_id", "position"],
        unique=False,
    )
    op.create_table(
        "settlement_breaks",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("settlement_id", sa.Uuid(), nullable=True),
        sa.Column("line_id", sa.Uuid(), nullable=True),
        sa.Column("movement_id", sa.Uuid(), nullable=True),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("difference_minor", sa.BigInteger(), nullable=False),
        sa.Column("assignee", sa.String(200), nullable=True),
        sa.Column("outcome", sa.String(16), nullable=True),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("adjustment_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(200), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "adjustment_id"],
            ["movements.organization_id", "movements.id"],
            name="fk_settlement_breaks_organization_id_adjustment_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "line_id"],
            ["settlement_lines.organization_id", "settlement_lines.id"],
            name="fk_settlement_breaks_organization_id_line_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "movement_id"],
            ["movements.organization_id", "movements.id"],
            name="fk_settlement_breaks_organization_id_movement_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "settlement_id"],
            ["settlements.organization_id", "settlements.id"],
            name="fk_settlement_breaks_organization_id_settlement_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_settlement_breaks"),
    )
    op.create_index(
        "ix_settlement_breaks_organization_id_line_id",
        "settlement_breaks",
        ["organization_id", "line_id"],
        unique=False,
    )
    op.create_index(
        "ix_settlement_breaks_organization_id_movement_id",
        "settlement_breaks",
        ["organization_id", "movement_id"],
        unique=False,
    )
    op.create_index(
        "ix_settlement_breaks_organization_id_settlement_id",
        "settlement_breaks",
        ["organization_id", "settlement_id"],
        unique=False,
    )
    op.create_index(
        "uq_settlement_breaks_movement_id",
        "settlement_breaks",
        ["organization_id", "movement_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL AND kind = 'missing_line'"),
        postgresql_where=sa.text("closed_at IS NULL AND kind = 'missing_line'"),
    )
    op.create_table(
        "settlement_matches",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("settlement_id", sa.Uuid(), nullable=True),
        sa.Column("line_id", sa.Uuid(), nullable=True),
        sa.Column("movement_id", sa.Uuid(), nullable=False),
        sa.Column("how", sa.String(16), nullable=False),
        sa.Column("matched_by", sa.String(200), nullable=False),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "line_id"],
            ["settlement_lines.organization_id", "settlement_lines.id"],
            name="fk_settlement_matches_organization_id_line_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "movement_id"],
            ["movements.organization_id", "movements.id"],
            name="fk_settlement_matches_organization_id_movement_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "settlement_id"],
            ["settlements.organization_id", "settlements.id"],
            name="fk_settlement_matches_organization_id_settlement_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_settlement_matches"),
        sa.UniqueConstraint(
            "organization_id",
            "movement_id",
            name="uq_settlement_matches_organization_id_movement_id",
        ),
    )
    op.create_index(
        "ix_settlement_matches_organization_id_line_id",
        "settlement_matches",
        ["organization_id", "line_id"],
        unique=False,
    )
    op.create_index(
        "ix_settlement_matches_organization_id_settlement_id",
        "settlement_matches",
        ["organization_id", "settlement_id"],
        unique=False,
    )
    op.create_index(  # unsafe: nobody has movements yet
        "ix_movements_organization_id_provider_reference",
        "movements",
        ["organization_id", "provider", "reference"],
    )
    confine(
        "settlement_files",
        "settlements",
        "settlement_lines",
        "settlement_matches",
        "settlement_breaks",
        "findings",
        "checks",
    )
