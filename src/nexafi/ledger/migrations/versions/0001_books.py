"""The books: chart, journal, seals, balances, drafts, periods, rates.

The journal is append-only, and what enters it is checked here (guards_0001.py), so
that no slip at a prompt rewrites history. The tables stand behind row-level security.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from nexafi.kernel.data.migrations import append_only, confine
from nexafi.ledger.migrations.guards_0001 import raise_guards

revision = "ledger_0001"
down_revision = None
branch_labels = ("ledger",)


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("normal_side", sa.String(6), nullable=False),
        sa.Column("subtype", sa.String(32), nullable=True),
        sa.Column("currency", sa.String(3), nullable=True),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "normal_side IN ('debit', 'credit')", name="ck_accounts_normal_side_known"
        ),
        sa.CheckConstraint(
            "type IN ('asset', 'liability', 'equity', 'income', 'expense')",
            name="ck_accounts_type_known",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "parent_id"],
            ["accounts.organization_id", "accounts.id"],
            name="fk_accounts_organization_id_parent_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_accounts"),
    )
    op.create_index(
        "ix_accounts_organization_id_parent_id",
        "accounts",
        ["organization_id", "parent_id"],
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "uq_accounts_organization_id_code",
        "accounts",
        ["organization_id", "code"],
        unique=True,
        postgresql_where=sa.text("code IS NOT NULL"),
    )
    op.create_table(
        "postings",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_postings"),
    )
    op.create_table(
        "entries",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("journal", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("description", sa.String(500), nullable=False),
        sa.Column("reference", sa.String(200), nullable=True),
        sa.Column("source", sa.String(200), nullable=True),
        sa.Column("tags", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=True),
        sa.Column("base_currency", sa.String(3), nullable=False),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column("lines_count", sa.Integer(), nullable=False),
        sa.Column("posted_by", sa.String(200), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('standard', 'opening', 'closing')", name="ck_entries_kind_known"
        ),
        sa.CheckConstraint("lines_count BETWEEN 2 AND 1000", name="ck_entries_two_lines_or_more"),
        sa.ForeignKeyConstraint(
            ["organization_id", "reverses_id"],
            ["entries.organization_id", "entries.id"],
            name="fk_entries_organization_id_reverses_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_entries"),
    )
    op.create_index(
        "ix_entries_closing",
        "entries",
        ["organization_id", "date"],
        postgresql_where=sa.text("kind = 'closing'"),
        sqlite_where=sa.text("kind = 'closing'"),
    )
    op.create_index(
        "ix_entries_organization_id_date",
        "entries",
        ["organization_id", "date"],
        postgresql_where=sa.text("date IS NOT NULL"),
    )
    op.create_index(
        "uq_entries_organization_id_reverses_id",
        "entries",
        ["organization_id", "reverses_id"],
        unique=True,
        postgresql_where=sa.text("reverses_id IS NOT NULL"),
    )
    op.create_index(
        "uq_entries_organization_id_source",
        "entries",
        ["organization_id", "source"],
        unique=True,
        postgresql_where=sa.text("source LIKE '%/%'"),
        sqlite_where=sa.text("source LIKE '%/%'"),
    )
    op.create_table(
        "lines",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("base_minor", sa.BigInteger(), nullable=False),
        sa.Column("description", sa.String(500), nullable=True),
        sa.CheckConstraint(
            "base_minor BETWEEN -1000000000000000 AND 1000000000000000",
            name="ck_lines_base_minor_in_range",
        ),
        sa.CheckConstraint("minor <> 0 OR base_minor <> 0", name="ck_lines_moves_something"),
        sa.CheckConstraint(
            "minor BETWEEN -1000000000000000 AND 1000000000000000", name="ck_lines_minor_in_range"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["accounts.organization_id", "accounts.id"],
            name="fk_lines_organization_id_account_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "entry_id"],
            ["entries.organization_id", "entries.id"],
            name="fk_lines_organization_id_entry_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_lines"),
        sa.UniqueConstraint(
            "organization_id",
            "entry_id",
            "position",
            name="uq_lines_organization_id_entry_id_position",
        ),
    )
    op.create_index(
        "ix_lines_organization_id_account_id_date",
        "lines",
        ["organization_id", "account_id", "date"],
        postgresql_where=sa.text("account_id IS NOT NULL"),
    )
    op.create_table(
        "fresh",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_fresh"),
    )
    op.create_table(
        "seals",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("journal", sa.String(32), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_seals"),
        sa.UniqueConstraint(
            "organization_id", "journal", "number", name="uq_seals_organization_id_journal_number"
        ),
        sa.UniqueConstraint(
            "organization_id", "position", name="uq_seals_organization_id_position"
        ),
    )
    op.create_table(
        "balances",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("base_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "minor BETWEEN -9000000000000000000 AND 9000000000000000000",
            name="ck_balances_minor_in_range",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["accounts.organization_id", "accounts.id"],
            name="fk_balances_organization_id_account_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_balances"),
        sa.UniqueConstraint(
            "organization_id",
            "account_id",
            "currency",
            "month",
            name="uq_balances_organization_id_account_id_currency_month",
        ),
    )
    op.create_table(
        "drafts",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("description", sa.String(500), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(200), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(500), nullable=True),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'approved', 'rejected')", name="ck_drafts_state_known"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "entry_id"],
            ["entries.organization_id", "entries.id"],
            name="fk_drafts_organization_id_entry_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_drafts"),
    )
    op.create_index("ix_drafts_organization_id_entry_id", "drafts", ["organization_id", "entry_id"])
    op.create_index(
        "ix_drafts_organization_id_state_id", "drafts", ["organization_id", "state", "id"]
    )
    op.create_table(
        "draft_policies",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("approver_differs", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.String(200), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_draft_policies"),
    )
    op.create_table(
        "periods",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("closing_entry_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('year', 'period')", name="ck_periods_kind_known"),
        sa.CheckConstraint("state IN ('open', 'soft', 'closed')", name="ck_periods_state_known"),
        sa.CheckConstraint("starts_on <= ends_on", name="ck_periods_starts_before_it_ends"),
        sa.ForeignKeyConstraint(
            ["organization_id", "closing_entry_id"],
            ["entries.organization_id", "entries.id"],
            name="fk_periods_organization_id_closing_entry_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_periods"),
        sa.UniqueConstraint(
            "organization_id",
            "starts_on",
            "ends_on",
            name="uq_periods_organization_id_starts_on_ends_on",
        ),
    )
    op.create_index(
        "ix_periods_organization_id_closing_entry_id",
        "periods",
        ["organization_id", "closing_entry_id"],
    )
    op.create_table(
        "period_changes",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("period_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("changed_by", sa.String(200), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "period_id"],
            ["periods.organization_id", "periods.id"],
            name="fk_period_changes_organization_id_period_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_period_changes"),
    )
    op.create_index(
        "ix_period_changes_organization_id_period_id",
        "period_changes",
        ["organization_id", "period_id"],
    )
    op.create_table(
        "locks",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("locked_through", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("changed_by", sa.String(200), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_locks"),
    )
    op.create_table(
        "rates",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("rate", sa.String(40), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_rates"),
        sa.UniqueConstraint(
            "organization_id", "currency", "date", name="uq_rates_organization_id_currency_date"
        ),
    )
    confine(
        "accounts",
        "postings",
        "entries",
        "lines",
        "fresh",
        "seals",
        "balances",
        "drafts",
        "draft_policies",
        "periods",
        "period_changes",
        "locks",
        "rates",
    )
    append_only("entries", "lines", "seals", "draft_policies", "period_changes", "locks")
    raise_guards(op.get_bind().dialect.name)
