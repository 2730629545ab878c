"""Settlements, their lines and breaks."""

revision = "payments_0005"
down_revision = "payments_0004"


def upgrade() -> None:
    """Make them."""
