"""Webhooks in and out, disputes and payment links."""

revision = "payments_0004"
down_revision = "payments_0003"


def upgrade() -> None:
    """Make them."""
