"""The audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make its table, empty."""
    op.create_table(
        "audit_events",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("door", sa.String(10), nullable=False),
        sa.Column("operation", sa.String(100), nullable=False),
        sa.Column("resource_id", sa.String(300), nullable=False),
        sa.Column("address", sa.String(100), nullable=False),
        sa.Column("result", sa.String(30), nullable=False),
        sa.Column("trace_id", sa.String(64), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_events"),
    )
    op.create_index("ix_audit_events_page", "audit_events", ["project_id", "create_time", "id"])
    op.create_index("ix_audit_events_time", "audit_events", ["create_time"])


def downgrade() -> None:
    """Forget it."""
    op.drop_table("audit_events")
