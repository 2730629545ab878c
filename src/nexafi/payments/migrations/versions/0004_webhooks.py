"""Webhooks in and out, disputes and payment links."""

import sqlalchemy as sa
from alembic import op

from nexafi.kernel.data.migrations import confine

revision = "payments_0004"
down_revision = "payments_0003"


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("description", sa.String(500), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("off_because", sa.String(500), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_before", sa.LargeBinary(), nullable=True),
        sa.Column("before_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rests_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_webhook_endpoints"),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(100), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("response", sa.String(1000), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("attempts", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "endpoint_id"],
            ["webhook_endpoints.organization_id", "webhook_endpoints.id"],
            name="fk_webhook_deliveries_organization_id_endpoint_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_webhook_deliveries"),
    )
    op.create_index(
        "ix_webhook_deliveries_due_at",
        "webhook_deliveries",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_webhook_deliveries_organization_id_endpoint_id",
        "webhook_deliveries",
        ["organization_id", "endpoint_id"],
    )
    op.create_index(
        "ix_webhook_deliveries_organization_id_state_id",
        "webhook_deliveries",
        ["organization_id", "state", "id"],
    )
    op.create_table(
        "disputes",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("charge_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("reference", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("money", sa.String(16), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("counted_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("evidence_due_on", sa.Date(), nullable=True),
        sa.Column("told_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "amount_minor BETWEEN 1 AND 1000000000000000"
            " AND counted_minor BETWEEN 0 AND amount_minor AND fee_minor >= 0",
            name="ck_disputes_amounts",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "charge_id"],
            ["charges.organization_id", "charges.id"],
            name="fk_disputes_organization_id_charge_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_disputes"),
        sa.UniqueConstraint(
            "organization_id",
            "provider",
            "reference",
            name="uq_disputes_organization_id_provider_reference",
        ),
    )
    op.create_index(
        "ix_disputes_evidence_due_on",
        "disputes",
        ["evidence_due_on"],
        sqlite_where=sa.text(
            "state = 'needs_response' AND evidence_due_on IS NOT NULL AND told_due_at IS NULL"
        ),
        postgresql_where=sa.text(
            "state = 'needs_response' AND evidence_due_on IS NOT NULL AND told_due_at IS NULL"
        ),
    )
    op.create_index(
        "ix_disputes_organization_id_charge_id", "disputes", ["organization_id", "charge_id"]
    )
    op.create_index(
        "ix_disputes_organization_id_state_id", "disputes", ["organization_id", "state", "id"]
    )
    op.create_table(
        "payment_links",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("min_minor", sa.BigInteger(), nullable=True),
        sa.Column("max_minor", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(500), nullable=False),
        sa.Column("is_single", sa.Boolean(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("charge_id", sa.Uuid(), nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "amount_minor BETWEEN 1 AND 1000000000000000 OR amount_minor IS NULL"
            " AND min_minor >= 1 AND max_minor BETWEEN min_minor AND 1000000000000000",
            name="ck_payment_links_amount",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "charge_id"],
            ["charges.organization_id", "charges.id"],
            name="fk_payment_links_organization_id_charge_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "customer_id"],
            ["customers.organization_id", "customers.id"],
            name="fk_payment_links_organization_id_customer_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_payment_links"),
        sa.UniqueConstraint(
            "organization_id", "token", name="uq_payment_links_organization_id_token"
        ),
    )
    op.create_index(
        "ix_payment_links_organization_id_charge_id",
        "payment_links",
        ["organization_id", "charge_id"],
    )
    op.create_index(
        "ix_payment_links_organization_id_customer_id",
        "payment_links",
        ["organization_id", "customer_id"],
    )
    op.create_table(
        "dispute_files",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dispute_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "dispute_id"],
            ["disputes.organization_id", "disputes.id"],
            name="fk_dispute_files_organization_id_dispute_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_dispute_files"),
    )
    op.create_index(
        "ix_dispute_files_organization_id_dispute_id",
        "dispute_files",
        ["organization_id", "dispute_id"],
    )
    op.create_table(
        "webhook_events",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("event", sa.String(200), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("notice", sa.JSON(), nullable=False),
        sa.Column("charge_id", sa.Uuid(), nullable=True),
        sa.Column("operation_id", sa.Uuid(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "charge_id"],
            ["charges.organization_id", "charges.id"],
            name="fk_webhook_events_organization_id_charge_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "operation_id"],
            ["operations.organization_id", "operations.id"],
            name="fk_webhook_events_organization_id_operation_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_webhook_events"),
        sa.UniqueConstraint(
            "organization_id",
            "provider",
            "event",
            name="uq_webhook_events_organization_id_provider_event",
        ),
    )
    op.create_index(
        "ix_webhook_events_due_at",
        "webhook_events",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_webhook_events_organization_id_charge_id",
        "webhook_events",
        ["organization_id", "charge_id"],
    )
    op.create_index(
        "ix_webhook_events_organization_id_operation_id",
        "webhook_events",
        ["organization_id", "operation_id"],
    )
    op.create_index(
        "ix_webhook_events_organization_id_state_id",
        "webhook_events",
        ["organization_id", "state", "id"],
    )
    confine(
        "webhook_events",
        "webhook_endpoints",
        "webhook_deliveries",
        "payment_links",
        "disputes",
        "dispute_files",
    )
