"""Wallets: their balances, entries, holds, and all that moves their money."""

import sqlalchemy as sa
from alembic import op

from nexafi.kernel.data.migrations import append_only, confine

revision = "payments_0002"
down_revision = "payments_0001"


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "wallets",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "customer_id"],
            ["customers.organization_id", "customers.id"],
            name="fk_wallets_organization_id_customer_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_wallets"),
    )
    op.create_index(
        "ix_wallets_organization_id_customer_id", "wallets", ["organization_id", "customer_id"]
    )
    op.create_table(
        "wallet_holds",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wallet_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("captured_minor", sa.BigInteger(), nullable=False),
        sa.Column("released_minor", sa.BigInteger(), nullable=False),
        sa.Column("cause_id", sa.Uuid(), nullable=True),
        sa.Column("description", sa.String(500), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "amount_minor BETWEEN 1 AND 1000000000000000 AND captured_minor >= 0 AND"
            " released_minor >= 0 AND captured_minor + released_minor <= amount_minor",
            name="ck_wallet_holds_within",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "wallet_id"],
            ["wallets.organization_id", "wallets.id"],
            name="fk_wallet_holds_organization_id_wallet_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_wallet_holds"),
    )
    op.create_index(
        "ix_wallet_holds_expiring",
        "wallet_holds",
        ["expires_at"],
        sqlite_where=sa.text("state = 'active' AND expires_at IS NOT NULL"),
        postgresql_where=sa.text("state = 'active' AND expires_at IS NOT NULL"),
    )
    op.create_index(
        "ix_wallet_holds_organization_id_cause_id", "wallet_holds", ["organization_id", "cause_id"]
    )
    op.create_index(
        "ix_wallet_holds_wallet",
        "wallet_holds",
        ["organization_id", "wallet_id", "currency", "state"],
    )
    op.create_table(
        "wallet_limits",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wallet_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=True),
        sa.Column("transaction_minor", sa.BigInteger(), nullable=True),
        sa.Column("day_minor", sa.BigInteger(), nullable=True),
        sa.Column("month_minor", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "wallet_id"],
            ["wallets.organization_id", "wallets.id"],
            name="fk_wallet_limits_organization_id_wallet_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_wallet_limits"),
        sa.UniqueConstraint(
            "organization_id",
            "wallet_id",
            "currency",
            name="uq_wallet_limits_organization_id_wallet_id_currency",
        ),
    )
    op.create_index(
        "uq_wallet_limits_of_all",
        "wallet_limits",
        ["organization_id", "currency"],
        unique=True,
        sqlite_where=sa.text("wallet_id IS NULL"),
        postgresql_where=sa.text("wallet_id IS NULL"),
    )
    op.create_table(
        "wallet_quotes",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wallet_id", sa.Uuid(), nullable=False),
        sa.Column("gives_currency", sa.String(3), nullable=False),
        sa.Column("gives_minor", sa.BigInteger(), nullable=False),
        sa.Column("takes_currency", sa.String(3), nullable=False),
        sa.Column("takes_minor", sa.BigInteger(), nullable=False),
        sa.Column("rate", sa.String(64), nullable=False),
        sa.Column("gives_rate", sa.String(64), nullable=True),
        sa.Column("takes_rate", sa.String(64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("gives_minor > 0 AND takes_minor > 0", name="ck_wallet_quotes_some"),
        sa.ForeignKeyConstraint(
            ["organization_id", "wallet_id"],
            ["wallets.organization_id", "wallets.id"],
            name="fk_wallet_quotes_organization_id_wallet_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_wallet_quotes"),
    )
    op.create_index(
        "ix_wallet_quotes_organization_id_wallet_id",
        "wallet_quotes",
        ["organization_id", "wallet_id"],
    )
    op.create_table(
        "wallet_payments",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wallet_id", sa.Uuid(), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("description", sa.String(500), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "amount_minor > 0 AND refunded_minor >= 0 AND refunded_minor <= amount_minor",
            name="ck_wallet_payments_within",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "hold_id"],
            ["wallet_holds.organization_id", "wallet_holds.id"],
            name="fk_wallet_payments_organization_id_hold_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "wallet_id"],
            ["wallets.organization_id", "wallets.id"],
            name="fk_wallet_payments_organization_id_wallet_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_wallet_payments"),
    )
    op.create_index(
        "ix_wallet_payments_organization_id_hold_id",
        "wallet_payments",
        ["organization_id", "hold_id"],
    )
    op.create_index(
        "ix_wallet_payments_organization_id_wallet_id",
        "wallet_payments",
        ["organization_id", "wallet_id"],
    )
    op.create_table(
        "wallet_top_ups",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wallet_id", sa.Uuid(), nullable=False),
        sa.Column("charge_id", sa.Uuid(), nullable=False),
        sa.Column("credited_minor", sa.BigInteger(), nullable=False),
        sa.Column("returned_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "credited_minor >= 0 AND returned_minor >= 0 AND returned_minor <= credited_minor",
            name="ck_wallet_top_ups_within",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "charge_id"],
            ["charges.organization_id", "charges.id"],
            name="fk_wallet_top_ups_organization_id_charge_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "wallet_id"],
            ["wallets.organization_id", "wallets.id"],
            name="fk_wallet_top_ups_organization_id_wallet_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_wallet_top_ups"),
        sa.UniqueConstraint(
            "organization_id", "charge_id", name="uq_wallet_top_ups_organization_id_charge_id"
        ),
    )
    op.create_index(
        "ix_wallet_top_ups_organization_id_wallet_id",
        "wallet_top_ups",
        ["organization_id", "wallet_id"],
    )
    op.create_table(
        "wallet_withdrawals",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wallet_id", sa.Uuid(), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("destination", sa.JSON(), nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("reference", sa.String(200), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("description", sa.String(500), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_minor > 0", name="ck_wallet_withdrawals_some"),
        sa.ForeignKeyConstraint(
            ["organization_id", "hold_id"],
            ["wallet_holds.organization_id", "wallet_holds.id"],
            name="fk_wallet_withdrawals_organization_id_hold_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "wallet_id"],
            ["wallets.organization_id", "wallets.id"],
            name="fk_wallet_withdrawals_organization_id_wallet_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_wallet_withdrawals"),
    )
    op.create_index(
        "ix_wallet_withdrawals_organization_id_hold_id",
        "wallet_withdrawals",
        ["organization_id", "hold_id"],
    )
    op.create_index(
        "ix_wallet_withdrawals_organization_id_wallet_id",
        "wallet_withdrawals",
        ["organization_id", "wallet_id"],
    )
    op.create_table(
        "wallet_entries",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wallet_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=False),
        sa.Column("before_number", sa.Integer(), nullable=True),
        sa.Column("before_minor", sa.BigInteger(), nullable=False),
        sa.Column("movement_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=True),
        sa.Column("description", sa.String(500), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(number = 1 AND before_number IS NULL AND before_minor = 0) OR (number > 1 AND"
            " before_number IS NOT NULL AND before_number = number - 1)",
            name="ck_wallet_entries_chain",
        ),
        sa.CheckConstraint(
            "amount_minor <> 0 AND balance_minor >= 0 AND before_minor + amount_minor ="
            " balance_minor",
            name="ck_wallet_entries_sum",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "movement_id"],
            ["movements.organization_id", "movements.id"],
            name="fk_wallet_entries_organization_id_movement_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "wallet_id", "currency", "before_number", "before_minor"],
            [
                "wallet_entries.organization_id",
                "wallet_entries.wallet_id",
                "wallet_entries.currency",
                "wallet_entries.number",
                "wallet_entries.balance_minor",
            ],
            name="fk_wallet_entries_before",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "wallet_id"],
            ["wallets.organization_id", "wallets.id"],
            name="fk_wallet_entries_organization_id_wallet_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_wallet_entries"),
        sa.UniqueConstraint(
            "organization_id",
            "wallet_id",
            "currency",
            "number",
            "balance_minor",
            name="uq_wallet_entries_balance",
        ),
        sa.UniqueConstraint(
            "organization_id", "wallet_id", "currency", "number", name="uq_wallet_entries_number"
        ),
    )
    op.create_index(
        "ix_wallet_entries_made_on",
        "wallet_entries",
        ["organization_id", "wallet_id", "currency", "made_on"],
    )
    op.create_index(
        "ix_wallet_entries_organization_id_movement_id",
        "wallet_entries",
        ["organization_id", "movement_id"],
    )
    op.create_table(
        "wallet_balances",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wallet_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=False),
        sa.Column("held_minor", sa.BigInteger(), nullable=False),
        sa.Column("owed_minor", sa.BigInteger(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "balance_minor BETWEEN 0 AND 1000000000000000 AND held_minor >= 0 AND held_minor <="
            " balance_minor",
            name="ck_wallet_balances_enough",
        ),
        sa.CheckConstraint(
            "last_number IS NOT NULL OR balance_minor = 0", name="ck_wallet_balances_sum"
        ),
        sa.CheckConstraint("owed_minor >= 0", name="ck_wallet_balances_owed"),
        sa.ForeignKeyConstraint(
            ["organization_id", "wallet_id", "currency", "last_number", "balance_minor"],
            [
                "wallet_entries.organization_id",
                "wallet_entries.wallet_id",
                "wallet_entries.currency",
                "wallet_entries.number",
                "wallet_entries.balance_minor",
            ],
            name="fk_wallet_balances_last",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "wallet_id"],
            ["wallets.organization_id", "wallets.id"],
            name="fk_wallet_balances_organization_id_wallet_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_wallet_balances"),
        sa.UniqueConstraint(
            "organization_id",
            "wallet_id",
            "currency",
            name="uq_wallet_balances_organization_id_wallet_id_currency",
        ),
    )
    confine(
        "wallets",
        "wallet_holds",
        "wallet_limits",
        "wallet_quotes",
        "wallet_payments",
        "wallet_top_ups",
        "wallet_withdrawals",
        "wallet_entries",
        "wallet_balances",
    )
    append_only("wallet_entries")
