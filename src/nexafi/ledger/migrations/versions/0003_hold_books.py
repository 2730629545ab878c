"""The lock of who closes a period is taken by a function, so where the organization is.

Spread over machines, a plain statement takes an advisory lock on the coordinator, and those who
post take theirs on the node that has the organization: the two would not meet.
"""

from alembic import op

from nexafi.kernel.data.postgres import APP

revision = "ledger_0003"
down_revision = "ledger_0002"

HOLD_BOOKS = """
CREATE FUNCTION hold_books(organization uuid) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN
    -- that of post_entries, which takes it shared
    PERFORM pg_advisory_xact_lock(hashtextextended(organization::text, 5002));
END $$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(HOLD_BOOKS)
        op.execute(f"GRANT EXECUTE ON FUNCTION hold_books(uuid) TO {APP}")
