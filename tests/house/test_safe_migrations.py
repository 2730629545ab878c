"""A migration runs while the code before it serves: what would stop that code is found here."""

from __future__ import annotations

import pytest

from tests.house.migrating import unsafe
from tests.house.test_house import FILES, SOURCE

MIGRATIONS = [path for path in FILES if path.parent.name == "versions"]
LATER = 'down_revision = "x_0001"\ndef upgrade() -> None:\n    '


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_migration_disturbs_nobody_or_says_why_it_may(path):
    found = list(unsafe(path.read_text(encoding="utf-8")))
    assert found == [], "do it gently (kernel/data/migrations/gently.py), or say `# unsafe: why`"


@pytest.mark.parametrize(
    "deed",
    [
        'op.create_index("i", "entries", ["date"])',
        'op.add_column("entries", sa.Column("x", sa.Integer(), nullable=False))',
        'op.alter_column("entries", "x", type_=sa.BigInteger())',
        'op.alter_column("entries", "x", new_column_name="y")',
        'op.alter_column("entries", "x", nullable=False)',
        'op.drop_column("entries", "x")',
        'op.drop_table("entries")',
        'op.rename_table("entries", "records")',
        'op.create_unique_constraint("u", "entries", ["x"])',
        'op.create_foreign_key("f", "entries", "lines", ["x"], ["y"])',
        'op.create_check_constraint("c", "entries", "x > 0")',
        'op.execute("CREATE INDEX i ON entries (date)")',
        'op.execute("ALTER TABLE entries ALTER COLUMN x TYPE bigint")',
        'op.execute("ALTER TABLE entries RENAME COLUMN x TO y")',
        'op.execute("ALTER TABLE entries DROP COLUMN x")',
        'op.execute("ALTER TABLE entries ADD CONSTRAINT c CHECK (x > 0)")',
        'op.execute("UPDATE entries SET x = 1")',
        'op.get_bind().execute(sa.text("DELETE FROM entries"))',
        'with op.batch_alter_table("entries") as batch:\n        batch.drop_column("x")',
    ],
)
def test_what_would_stop_others_is_found_unless_it_says_why_it_may(deed):
    assert len(list(unsafe(LATER + deed))) == 1
    first, _, last = deed.rpartition("\n")
    excused = f"{first}\n{last}" if first else last
    assert list(unsafe(f"{LATER}{excused}  # unsafe: nobody has such rows yet")) == []
    assert len(list(unsafe(f"{LATER}{excused}  # unsafe:"))) == 1, "a mark without a reason"


@pytest.mark.parametrize(
    "deed",
    [
        'op.add_column("entries", sa.Column("x", sa.Integer(), nullable=True))',
        'op.add_column("entries", sa.Column("x", sa.Date(), nullable=False, server_default="0"))',
        'build_index("i", "entries", ["date"])',
        'fill("entries", "x = 1", where="x IS NULL")',
        'require("entries", "x", sa.Integer())',
        'op.create_table("new")\n    op.create_index("i", "new", ["date"])',
        'op.execute("CREATE INDEX CONCURRENTLY i ON entries (date)")',
        'op.execute("ALTER TABLE entries ADD CONSTRAINT c CHECK (x > 0) NOT VALID")',
        'op.execute("ALTER TABLE entries VALIDATE CONSTRAINT c")',
    ],
)
def test_what_is_done_gently_is_let_pass(deed):
    assert list(unsafe(LATER + deed)) == []


def test_the_first_migration_of_a_branch_makes_what_nobody_uses_yet():
    assert list(unsafe('down_revision = None\nop.create_index("i", "entries", ["date"])')) == []
