"""Customers, charges, what providers are asked, and the movements that the books are told of."""

import sqlalchemy as sa
from alembic import op

from nexafi.kernel.data.migrations import confine

revision = "payments_0001"
down_revision = None
branch_labels = ("payments",)


def upgrade() -> None:
    op.create_table(
        "connections",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("hints", sa.JSON(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_connections"),
        sa.UniqueConstraint(
            "organization_id", "provider", name="uq_connections_organization_id_provider"
        ),
    )
    op.create_table(
        "customers",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("email", sa.String(254), nullable=True),
        sa.Column("country", sa.String(2), nullable=True),
        sa.Column("reference", sa.String(200), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_customers"),
        sa.UniqueConstraint(
            "organization_id", "reference", name="uq_customers_organization_id_reference"
        ),
    )
    op.create_table(
        "rates",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("rate", sa.String(64), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_rates"),
        sa.UniqueConstraint(
            "organization_id", "currency", "date", name="uq_rates_organization_id_currency_date"
        ),
    )
    op.create_table(
        "payment_methods",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("tokens", sa.JSON(), nullable=False),
        sa.Column("brand", sa.String(32), nullable=True),
        sa.Column("last4", sa.String(4), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("country", sa.String(2), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detached_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "customer_id"],
            ["customers.organization_id", "customers.id"],
            name="fk_payment_methods_organization_id_customer_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_payment_methods"),
    )
    op.create_index(
        "ix_payment_methods_organization_id_customer_id",
        "payment_methods",
        ["organization_id", "customer_id"],
    )
    op.create_table(
        "charges",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("reference", sa.String(200), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("authorized_minor", sa.BigInteger(), nullable=False),
        sa.Column("capturing_minor", sa.BigInteger(), nullable=False),
        sa.Column("captured_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunding_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("disputed_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("captures", sa.Boolean(), nullable=False),
        sa.Column("rate", sa.String(64), nullable=True),
        sa.Column("method_kind", sa.String(32), nullable=False),
        sa.Column("token", sa.String(255), nullable=False),
        sa.Column("payment_method_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("country", sa.String(2), nullable=True),
        sa.Column("description", sa.String(500), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("return_url", sa.String(2000), nullable=True),
        sa.Column("action", sa.JSON(), nullable=True),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("message", sa.String(500), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "amount_minor BETWEEN 1 AND 1000000000000000"
            " AND authorized_minor BETWEEN 0 AND amount_minor"
            " AND captured_minor >= 0"
            " AND capturing_minor >= 0"
            " AND captured_minor + capturing_minor <= authorized_minor"
            " AND refunded_minor >= 0"
            " AND refunding_minor >= 0"
            " AND disputed_minor >= 0"
            " AND refunded_minor + refunding_minor + disputed_minor <= captured_minor",
            name="ck_charges_within",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "customer_id"],
            ["customers.organization_id", "customers.id"],
            name="fk_charges_organization_id_customer_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "payment_method_id"],
            ["payment_methods.organization_id", "payment_methods.id"],
            name="fk_charges_organization_id_payment_method_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_charges"),
    )
    op.create_index(
        "ix_charges_organization_id_created_at", "charges", ["organization_id", "created_at"]
    )
    op.create_index(
        "ix_charges_organization_id_customer_id_id",
        "charges",
        ["organization_id", "customer_id", "id"],
    )
    op.create_index(
        "ix_charges_organization_id_payment_method_id",
        "charges",
        ["organization_id", "payment_method_id"],
    )
    op.create_index(
        "ix_charges_organization_id_provider_reference",
        "charges",
        ["organization_id", "provider", "reference"],
    )
    op.create_table(
        "operations",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("charge_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("reference", sa.String(200), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("is_last", sa.Boolean(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.String(200), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("message", sa.String(500), nullable=False),
        sa.Column("request_key", sa.String(300), nullable=True),
        sa.Column("asked_by", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "charge_id"],
            ["charges.organization_id", "charges.id"],
            name="fk_operations_organization_id_charge_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_operations"),
        sa.UniqueConstraint(
            "organization_id", "request_key", name="uq_operations_organization_id_request_key"
        ),
    )
    op.create_index(
        "ix_operations_due_at",
        "operations",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_operations_organization_id_charge_id", "operations", ["organization_id", "charge_id"]
    )
    op.create_index(
        "ix_operations_organization_id_reference", "operations", ["organization_id", "reference"]
    )
    op.create_index(
        "uq_operations_organization_id_charge_id",
        "operations",
        ["organization_id", "charge_id"],
        unique=True,
        sqlite_where=sa.text(
            "kind <> 'refund' AND state IN ('asking', 'pending', 'action', 'held')"
        ),
        postgresql_where=sa.text(
            "kind <> 'refund' AND state IN ('asking', 'pending', 'action', 'held')"
        ),
    )
    op.create_table(
        "movements",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("moved_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("reference", sa.String(200), nullable=True),
        sa.Column("charge_id", sa.Uuid(), nullable=True),
        sa.Column("operation_id", sa.Uuid(), nullable=True),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "charge_id"],
            ["charges.organization_id", "charges.id"],
            name="fk_movements_organization_id_charge_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "operation_id"],
            ["operations.organization_id", "operations.id"],
            name="fk_movements_organization_id_operation_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_movements"),
    )
    op.create_index(
        "ix_movements_organization_id_charge_id", "movements", ["organization_id", "charge_id"]
    )
    op.create_index(
        "ix_movements_organization_id_moved_on", "movements", ["organization_id", "moved_on"]
    )
    op.create_index(
        "ix_movements_organization_id_operation_id",
        "movements",
        ["organization_id", "operation_id"],
    )
    op.create_index(
        "ix_movements_unbooked",
        "movements",
        ["told_at"],
        sqlite_where=sa.text("entry_id IS NULL"),
        postgresql_where=sa.text("entry_id IS NULL"),
    )
    confine(
        "customers",
        "payment_methods",
        "charges",
        "operations",
        "movements",
        "rates",
        "connections",
    )
