"""The steward, who carries the news, may remove what was carried long ago."""

from nexafi.kernel.data.migrations import grant

revision = "kernel_0004"
down_revision = "kernel_0003"


def upgrade() -> None:
    grant("outbox", app="INSERT", steward="DELETE")
    grant("inbox", app="INSERT", steward="DELETE")
