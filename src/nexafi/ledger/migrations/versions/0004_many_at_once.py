"""Many entries are taken apart and checked by one statement on SQLite, as on PostgreSQL.

An entry alone still goes in as it did, so the code before this one posts as before. The table
`taken`, through which they go on SQLite, is empty on both engines.
"""

import sqlalchemy as sa
from alembic import op

from nexafi.kernel.data.migrations import confine
from nexafi.ledger.migrations.guards_0004 import raise_guards

revision = "ledger_0004"
down_revision = "ledger_0003"


def upgrade() -> None:
    op.create_table(
        "taken",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("journal", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=True),
        sa.Column("base_currency", sa.Text(), nullable=True),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column("posted_by", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lines_count", sa.Integer(), nullable=True),
        sa.Column("line_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("base_minor", sa.BigInteger(), nullable=True),
        sa.Column("is_whole", sa.Boolean(), nullable=True),
        sa.Column("line_description", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_taken"),
    )
    confine("taken")
    if op.get_bind().dialect.name == "sqlite":
        raise_guards()
