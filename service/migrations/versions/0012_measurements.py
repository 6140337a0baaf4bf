"""Traces of jobs and sweeps, figures of workers, and totals."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_TRACED = ("jobs", "sweeps")


def upgrade() -> None:
    """Add them; what is there has no trace, no figures, and nothing was counted."""
    for table in _TRACED:
        with op.batch_alter_table(table) as altered:
            altered.add_column(sa.Column("trace_id", sa.String(64)))
            altered.add_column(sa.Column("span_id", sa.String(16)))
    with op.batch_alter_table("workers") as workers:
        workers.add_column(sa.Column("figures", _JSON))
    op.create_table(
        "totals",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("subject", sa.String(100), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", "subject", name="pk_totals"),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("totals")
    with op.batch_alter_table("workers") as workers:
        workers.drop_column("figures")
    for table in _TRACED:
        with op.batch_alter_table(table) as altered:
            altered.drop_column("span_id")
            altered.drop_column("trace_id")
