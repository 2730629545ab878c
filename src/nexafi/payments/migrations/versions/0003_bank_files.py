"""Mandates, bank files and payouts."""

revision = "payments_0003"
down_revision = "payments_0002"


def upgrade() -> None:
    """Make them."""
