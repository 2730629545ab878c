"""Wallets, platform fees and routing."""

revision = "payments_0002"
down_revision = "payments_0001"


def upgrade() -> None:
    """Make them."""
