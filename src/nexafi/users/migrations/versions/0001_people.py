"""Users, members, invitations, sessions, refresh tokens, attempts and signing keys."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

from nexafi.kernel.data.migrations import grant

revision = "users_0001"
down_revision = None
branch_labels = ("users",)

TABLES = (
    "users",
    "members",
    "invitations",
    "sessions",
    "refresh_tokens",
    "attempts",
    "signing_keys",
)


def moment(name: str, *, nullable: bool = False) -> sa.Column[dt.datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.String(254), nullable=False),
        sa.Column("password", sa.String(100), nullable=False),
        moment("created_at"),
        moment("password_set_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email_key", name="uq_users_email_key"),
    )
    op.create_table(
        "members",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        moment("since"),
        sa.PrimaryKeyConstraint("id", name="pk_members"),
        sa.UniqueConstraint(
            "organization_id", "user_id", name="uq_members_organization_id_user_id"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_members_user_id"),
        sa.CheckConstraint(
            "role IN ('owner', 'accountant', 'viewer')", name="ck_members_role_known"
        ),
    )
    op.create_index("ix_members_user_id", "members", ["user_id"])
    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        moment("ends_at"),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("digest", name="uq_invitations_digest"),
        sa.UniqueConstraint("member_id", name="uq_invitations_member_id"),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_invitations_member_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        moment("started_at"),
        moment("refreshed_at"),
        moment("ends_at"),
        moment("ended_at", nullable=True),
        sa.Column("ended_because", sa.String(32), nullable=False),
        moment("changed_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_index("ix_sessions_ends_at", "sessions", ["ends_at"])
    op.create_index("ix_sessions_changed_at_id", "sessions", ["changed_at", "id"])
    op.create_table(
        "refresh_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        moment("issued_at"),
        moment("used_at", nullable=True),
        sa.Column("salt", sa.LargeBinary(16), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_refresh_tokens"),
        sa.UniqueConstraint("digest", name="uq_refresh_tokens_digest"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_refresh_tokens_session_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_refresh_tokens_session_id", "refresh_tokens", ["session_id"])
    op.create_table(
        "attempts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        moment("last_at"),
        moment("blocked_until", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
        sa.UniqueConstraint("digest", name="uq_attempts_digest"),
    )
    op.create_index("ix_attempts_last_at", "attempts", ["last_at"])
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kid", sa.String(64), nullable=False),
        sa.Column("public", sa.JSON(), nullable=False),
        sa.Column("private", sa.LargeBinary(), nullable=False),
        moment("created_at"),
        moment("retired_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_signing_keys"),
        sa.UniqueConstraint("kid", name="uq_signing_keys_kid"),
    )
    for table in TABLES:
        grant(table, app="SELECT, INSERT, UPDATE, DELETE", steward="SELECT")
