"""Mandates, bank files and payouts."""

import sqlalchemy as sa
from alembic import op

from nexafi.kernel.data.migrations import confine

revision = "payments_0003"
down_revision = "payments_0002"


def upgrade() -> None:
    op.create_table(
        "bank_answers",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_bank_answers"),
        sa.UniqueConstraint(
            "organization_id", "digest", name="uq_bank_answers_organization_id_digest"
        ),
    )
    op.create_table(
        "bank_files",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("version", sa.String(16), nullable=False),
        sa.Column("message_id", sa.String(35), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("debit_minor", sa.BigInteger(), nullable=False),
        sa.Column("credit_minor", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_bank_files"),
        sa.UniqueConstraint(
            "organization_id", "message_id", name="uq_bank_files_organization_id_message_id"
        ),
    )
    op.create_table(
        "payouts",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("rate", sa.String(64), nullable=True),
        sa.Column("creditor", sa.String(140), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("last4", sa.String(4), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("entry_class", sa.String(3), nullable=False),
        sa.Column("remittance", sa.String(140), nullable=False),
        sa.Column("creditor_reference", sa.String(25), nullable=True),
        sa.Column("purpose", sa.String(4), nullable=False),
        sa.Column("execute_on", sa.Date(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("message", sa.String(500), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_minor BETWEEN 1 AND 1000000000000000", name="ck_payouts_amount"),
        sa.ForeignKeyConstraint(
            ["organization_id", "customer_id"],
            ["customers.organization_id", "customers.id"],
            name="fk_payouts_organization_id_customer_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_payouts"),
    )
    op.create_index(
        "ix_payouts_organization_id_created_at", "payouts", ["organization_id", "created_at"]
    )
    op.create_index(
        "ix_payouts_organization_id_customer_id", "payouts", ["organization_id", "customer_id"]
    )
    op.create_index(
        "ix_payouts_waiting",
        "payouts",
        ["organization_id", "execute_on"],
        sqlite_where=sa.text("state = 'created'"),
        postgresql_where=sa.text("state = 'created'"),
    )
    op.create_table(
        "mandates",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("payment_method_id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.String(16), nullable=False),
        sa.Column("reference", sa.String(35), nullable=False),
        sa.Column("holder", sa.String(140), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("last4", sa.String(4), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("entry_class", sa.String(3), nullable=False),
        sa.Column("recurs", sa.Boolean(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("used_on", sa.Date(), nullable=True),
        sa.Column("fresh_on", sa.Date(), nullable=False),
        sa.Column("corrected", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "customer_id"],
            ["customers.organization_id", "customers.id"],
            name="fk_mandates_organization_id_customer_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "payment_method_id"],
            ["payment_methods.organization_id", "payment_methods.id"],
            name="fk_mandates_organization_id_payment_method_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_mandates"),
        sa.UniqueConstraint(
            "organization_id", "reference", name="uq_mandates_organization_id_reference"
        ),
    )
    op.create_index(
        "ix_mandates_fresh_on",
        "mandates",
        ["fresh_on"],
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_index(
        "ix_mandates_organization_id_customer_id", "mandates", ["organization_id", "customer_id"]
    )
    op.create_index(
        "ix_mandates_organization_id_payment_method_id",
        "mandates",
        ["organization_id", "payment_method_id"],
    )
    op.create_table(
        "bank_orders",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("payout_id", sa.Uuid(), nullable=True),
        sa.Column("operation_id", sa.Uuid(), nullable=True),
        sa.Column("mandate_id", sa.Uuid(), nullable=True),
        sa.Column("is_debit", sa.Boolean(), nullable=False),
        sa.Column("end_to_end_id", sa.String(35), nullable=False),
        sa.Column("batch", sa.String(35), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("execute_on", sa.Date(), nullable=False),
        sa.Column("accepted_on", sa.Date(), nullable=True),
        sa.Column("paid_from", sa.Date(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("paid_by", sa.String(8), nullable=False),
        sa.Column("refused_on", sa.Date(), nullable=True),
        sa.Column("returned_on", sa.Date(), nullable=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.CheckConstraint(
            "(payout_id IS NULL) <> (operation_id IS NULL)", name="ck_bank_orders_one_source"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "file_id"],
            ["bank_files.organization_id", "bank_files.id"],
            name="fk_bank_orders_organization_id_file_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "mandate_id"],
            ["mandates.organization_id", "mandates.id"],
            name="fk_bank_orders_organization_id_mandate_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "operation_id"],
            ["operations.organization_id", "operations.id"],
            name="fk_bank_orders_organization_id_operation_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "payout_id"],
            ["payouts.organization_id", "payouts.id"],
            name="fk_bank_orders_organization_id_payout_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_bank_orders"),
        sa.UniqueConstraint(
            "organization_id", "end_to_end_id", name="uq_bank_orders_organization_id_end_to_end_id"
        ),
        sa.UniqueConstraint(
            "organization_id", "number", name="uq_bank_orders_organization_id_number"
        ),
        sa.UniqueConstraint(
            "organization_id", "operation_id", name="uq_bank_orders_organization_id_operation_id"
        ),
        sa.UniqueConstraint(
            "organization_id", "payout_id", name="uq_bank_orders_organization_id_payout_id"
        ),
    )
    op.create_index(
        "ix_bank_orders_organization_id_file_id_number",
        "bank_orders",
        ["organization_id", "file_id", "number"],
    )
    op.create_index(
        "ix_bank_orders_organization_id_mandate_id",
        "bank_orders",
        ["organization_id", "mandate_id"],
    )
    op.create_index(
        "ix_bank_orders_paid_from",
        "bank_orders",
        ["paid_from"],
        sqlite_where=sa.text("paid_on IS NULL AND refused_on IS NULL"),
        postgresql_where=sa.text("paid_on IS NULL AND refused_on IS NULL"),
    )
    confine("mandates", "payouts", "bank_files", "bank_orders", "bank_answers")
