"""Shards of any job, where those of searches were: work under way is begun anew."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_TIME = sa.DateTime(timezone=True)
_ID = sa.String(64)


def upgrade() -> None:
    """Put the table of all shards in the place of that of searches."""
    op.drop_table("search_shards")
    _create("job_shards")


def downgrade() -> None:
    """Put the table of searches back, empty."""
    op.drop_table("job_shards")
    _create("search_shards")


def _create(table: str) -> None:
    op.create_table(
        table,
        sa.Column("job_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("spec", _JSON, nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(200)),
        sa.Column("lease_until", _TIME),
        sa.Column("evaluated_count", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.LargeBinary()),
        sa.Column("project_id", _ID, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("create_time", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "number", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=f"fk_{table}_job_id_jobs", ondelete="CASCADE"
        ),
    )
    op.create_index(f"ix_{table}_claim", table, ["job_id", "state", "number"])
