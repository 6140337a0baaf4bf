"""GPUs that a job asks for, and that a worker has."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TABLES = ("jobs", "workers")


def upgrade() -> None:
    """Add the counts; what is there asks for none and has none."""
    for table in _TABLES:
        with op.batch_alter_table(table) as altered:
            altered.add_column(
                sa.Column("gpu_count", sa.Integer(), nullable=False, server_default="0")
            )


def downgrade() -> None:
    """Take them away."""
    for table in _TABLES:
        with op.batch_alter_table(table) as altered:
            altered.drop_column("gpu_count")
