"""Bank accounts, the files of banks, their lines, rules and reconciliations."""

import sqlalchemy as sa
from alembic import op

from nexafi.kernel.data.migrations import confine

revision = "ledger_0002"
down_revision = "ledger_0001"


def upgrade() -> None:
    op.create_table(
        "bank_accounts",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("number", sa.String(64), nullable=True),
        sa.Column("bank", sa.String(64), nullable=True),
        sa.Column("mapping", sa.JSON(), nullable=True),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["accounts.organization_id", "accounts.id"],
            name="fk_bank_accounts_organization_id_account_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_bank_accounts"),
        sa.UniqueConstraint(
            "organization_id", "account_id", name="uq_bank_accounts_organization_id_account_id"
        ),
        sa.UniqueConstraint(
            "organization_id",
            "number",
            "currency",
            name="uq_bank_accounts_organization_id_number_currency",
        ),
    )
    op.create_table(
        "imports",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("format", sa.String(16), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("imported_by", sa.String(200), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_by", sa.String(200), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_imports"),
    )
    op.create_index("ix_imports_organization_id_sha256", "imports", ["organization_id", "sha256"])
    op.create_table(
        "statements",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("bank_account_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(64), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("lines_count", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("duplicates", sa.Integer(), nullable=False),
        sa.Column("sum_minor", sa.BigInteger(), nullable=False),
        sa.Column("opening_minor", sa.BigInteger(), nullable=True),
        sa.Column("closing_minor", sa.BigInteger(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("is_proven", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "bank_account_id"],
            ["bank_accounts.organization_id", "bank_accounts.id"],
            name="fk_statements_organization_id_bank_account_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "import_id"],
            ["imports.organization_id", "imports.id"],
            name="fk_statements_organization_id_import_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_statements"),
    )
    op.create_index(
        "ix_statements_organization_id_bank_account_id_closed_on",
        "statements",
        ["organization_id", "bank_account_id", "closed_on"],
    )
    op.create_index(
        "ix_statements_organization_id_import_id", "statements", ["organization_id", "import_id"]
    )
    op.create_table(
        "statement_lines",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("bank_account_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("valued_on", sa.Date(), nullable=True),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("description", sa.String(1000), nullable=False),
        sa.Column("counterparty", sa.String(200), nullable=True),
        sa.Column("counterparty_account", sa.String(64), nullable=True),
        sa.Column("reference", sa.String(200), nullable=True),
        sa.Column("bank_id", sa.String(200), nullable=True),
        sa.Column("kind", sa.String(64), nullable=True),
        sa.Column("original", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("suggestion", sa.JSON(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.CheckConstraint(
            "state IN ('new', 'settled', 'ignored')", name="ck_statement_lines_state_known"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "bank_account_id"],
            ["bank_accounts.organization_id", "bank_accounts.id"],
            name="fk_statement_lines_organization_id_bank_account_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "statement_id"],
            ["statements.organization_id", "statements.id"],
            name="fk_statement_lines_organization_id_statement_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_statement_lines"),
        sa.UniqueConstraint(
            "organization_id",
            "bank_account_id",
            "fingerprint",
            "occurrence",
            name="uq_statement_lines_fingerprint",
        ),
    )
    op.create_index(
        "ix_statement_lines_organization_id_bank_account_id_booked_on_id",
        "statement_lines",
        ["organization_id", "bank_account_id", "booked_on", "id"],
    )
    op.create_index(
        "ix_statement_lines_organization_id_state_booked_on_id",
        "statement_lines",
        ["organization_id", "state", "booked_on", "id"],
    )
    op.create_index(
        "ix_statement_lines_organization_id_statement_id",
        "statement_lines",
        ["organization_id", "statement_id"],
    )
    op.create_table(
        "sightings",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("statement_line_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "statement_id"],
            ["statements.organization_id", "statements.id"],
            name="fk_sightings_organization_id_statement_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "statement_line_id"],
            ["statement_lines.organization_id", "statement_lines.id"],
            name="fk_sightings_organization_id_statement_line_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_sightings"),
        sa.UniqueConstraint(
            "organization_id",
            "statement_line_id",
            "statement_id",
            name="uq_sightings_organization_id_statement_line_id_statement_id",
        ),
    )
    op.create_index(
        "ix_sightings_organization_id_statement_id",
        "sightings",
        ["organization_id", "statement_id"],
    )
    op.create_table(
        "rules",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_rules"),
    )
    op.create_index("ix_rules_organization_id_position", "rules", ["organization_id", "position"])
    op.create_table(
        "reconciliations",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_account_id", sa.Uuid(), nullable=False),
        sa.Column("way", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(500), nullable=True),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_by", sa.String(200), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "bank_account_id"],
            ["bank_accounts.organization_id", "bank_accounts.id"],
            name="fk_reconciliations_organization_id_bank_account_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "entry_id"],
            ["entries.organization_id", "entries.id"],
            name="fk_reconciliations_organization_id_entry_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_reconciliations"),
    )
    op.create_index(
        "ix_reconciliations_organization_id_bank_account_id_id",
        "reconciliations",
        ["organization_id", "bank_account_id", "id"],
    )
    op.create_index(
        "ix_reconciliations_organization_id_entry_id",
        "reconciliations",
        ["organization_id", "entry_id"],
    )
    op.create_table(
        "reconciled_statement_lines",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reconciliation_id", sa.Uuid(), nullable=False),
        sa.Column("statement_line_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "reconciliation_id"],
            ["reconciliations.organization_id", "reconciliations.id"],
            name="fk_reconciled_statement_lines_organization_id_reconciliation_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "statement_line_id"],
            ["statement_lines.organization_id", "statement_lines.id"],
            name="fk_reconciled_statement_lines_organization_id_statement_line_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_reconciled_statement_lines"),
        sa.UniqueConstraint(
            "organization_id",
            "statement_line_id",
            name="uq_reconciled_statement_lines_organization_id_statement_line_id",
        ),
    )
    op.create_index(
        "ix_reconciled_statement_lines_organization_id_reconciliation_id",
        "reconciled_statement_lines",
        ["organization_id", "reconciliation_id"],
    )
    op.create_table(
        "reconciled_lines",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reconciliation_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "line_id"],
            ["lines.organization_id", "lines.id"],
            name="fk_reconciled_lines_organization_id_line_id",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "reconciliation_id"],
            ["reconciliations.organization_id", "reconciliations.id"],
            name="fk_reconciled_lines_organization_id_reconciliation_id",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_reconciled_lines"),
        sa.UniqueConstraint(
            "organization_id", "line_id", name="uq_reconciled_lines_organization_id_line_id"
        ),
    )
    op.create_index(
        "ix_reconciled_lines_organization_id_reconciliation_id",
        "reconciled_lines",
        ["organization_id", "reconciliation_id"],
    )
    confine(
        "bank_accounts",
        "imports",
        "statements",
        "statement_lines",
        "sightings",
        "rules",
        "reconciliations",
        "reconciled_statement_lines",
        "reconciled_lines",
    )
