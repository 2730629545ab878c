"""Idempotency keys and audit records stand behind a wall, too: each organization sees its own.

A Work of nobody (signing up, logging in) has the rows of NOBODY.
"""

from alembic import op

from nexafi.kernel.data.postgres import ORGANIZATION
from nexafi.kernel.data.tables import NOBODY

revision = "kernel_0005"
down_revision = "kernel_0004"

WALL = """
CREATE POLICY own_records ON {table} USING (
    organization_id = COALESCE(NULLIF(current_setting('{setting}', true), ''), '{nobody}')::uuid
);
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in ("idempotency", "audit"):
            op.execute(WALL.format(table=table, setting=ORGANIZATION, nobody=NOBODY))
