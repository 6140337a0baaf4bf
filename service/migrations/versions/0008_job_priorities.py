"""Priorities of jobs, by which the next one is claimed."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give every job the middle class."""
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("jobs") as jobs:
        jobs.alter_column("priority", server_default=None)
        jobs.create_index("ix_jobs_queue", ["state", "kind", "priority", "create_time", "id"])


def downgrade() -> None:
    """Forget them."""
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_index("ix_jobs_queue")
        jobs.drop_column("priority")
