"""Find refresh tokens that were used long ago: a busy session leaves a hundred a day."""

from nexafi.kernel.data.migrations.gently import build_index

revision = "users_0002"
down_revision = "users_0001"
branch_labels = None


def upgrade() -> None:
    build_index("ix_refresh_tokens_used_at", "refresh_tokens", ["used_at"])
