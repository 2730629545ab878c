"""Idempotency keys and audit records stand behind a wall, too: each organization sees its own.

A Work of nobody (signing up, logging in) has the rows of NOBODY. What somebody did who proved in it
who they are is noted for their organization: audit records may be written for whomever, and read
by their own.
"""

from alembic import op

from nexafi.kernel.data.postgres import ORGANIZATION
from nexafi.kernel.data.tables import NOBODY

revision = "kernel_0005"
down_revision = "kernel_0004"

WALL = """
CREATE POLICY own_records ON {table} {deed} USING (
    organization_id = COALESCE(NULLIF(current_setting('{setting}', true), ''), '{nobody}')::uuid
);
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, deed in (("idempotency", ""), ("audit", "FOR SELECT")):
            given = {"setting": ORGANIZATION, "nobody": NOBODY}
            op.execute(WALL.format(table=table, deed=deed, **given))
        op.execute("CREATE POLICY anyone_writes ON audit FOR INSERT WITH CHECK (true)")
