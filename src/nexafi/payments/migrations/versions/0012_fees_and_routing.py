"""Platform fees and routing rules."""

import sqlalchemy as sa
from alembic import op

from nexafi.kernel.data.migrations import confine

revision = "payments_0012"
down_revision = "payments_0005"


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "fee_rules",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("share", sa.String(32), nullable=False),
        sa.Column("amounts", sa.JSON(), nullable=False),
        sa.Column("plan", sa.String(40), nullable=True),
        sa.Column("method_kind", sa.String(32), nullable=True),
        sa.Column("provider", sa.String(32), nullable=True),
        sa.Column("crosses_border", sa.Boolean(), nullable=True),
        sa.Column("currency", sa.String(3), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_fee_rules"),
    )
    op.create_table(
        "routing_rules",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("choice", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_routing_rules"),
    )
    op.create_index(
        "ix_routing_rules_organization_id_position_id",
        "routing_rules",
        ["organization_id", "position", "id"],
    )
    op.create_table(
        "charge_fees",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("charge_id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("taken_minor", sa.BigInteger(), nullable=False),
        sa.Column("returned_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "taken_minor >= 0 AND returned_minor >= 0 AND returned_minor <= taken_minor",
            name="ck_charge_fees_within",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "charge_id"],
            ["charges.organization_id", "charges.id"],
            name="fk_charge_fees_organization_id_charge_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_charge_fees"),
        sa.UniqueConstraint(
            "organization_id", "charge_id", name="uq_charge_fees_organization_id_charge_id"
        ),
    )
    confine("fee_rules", "charge_fees", "routing_rules")
