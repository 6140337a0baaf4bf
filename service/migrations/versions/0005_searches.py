"""Searches: their shards, their proposals, and the files that jobs make."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_TIME = sa.DateTime(timezone=True)
_ID = sa.String(64)


def upgrade() -> None:
    """Create the tables."""
    _create_shards()
    _create_proposals()
    op.create_table(
        "job_files",
        sa.Column("job_id", _ID, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        *_owned(),
        *_keys("job_files", "name"),
    )
    op.create_index("ix_job_files_sha256", "job_files", ["sha256"])


def downgrade() -> None:
    """Drop the tables, with all that they hold; jobs stay."""
    op.drop_table("job_files")
    op.drop_table("proposals")
    op.drop_table("search_shards")


def _owned() -> tuple[sa.Column[str], sa.Column[str], sa.Column[datetime]]:
    return (
        sa.Column("project_id", _ID, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("create_time", _TIME, nullable=False),
    )


def _keys(table: str, column: str) -> tuple[sa.PrimaryKeyConstraint, sa.ForeignKeyConstraint]:
    return (
        sa.PrimaryKeyConstraint("job_id", column, name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=f"fk_{table}_job_id_jobs", ondelete="CASCADE"
        ),
    )


def _create_shards() -> None:
    op.create_table(
        "search_shards",
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
        *_owned(),
        *_keys("search_shards", "number"),
    )
    op.create_index("ix_search_shards_claim", "search_shards", ["job_id", "state", "number"])


def _create_proposals() -> None:
    op.create_table(
        "proposals",
        sa.Column("job_id", _ID, nullable=False),
        sa.Column("rank", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("check_rank", sa.Integer(), nullable=False),
        sa.Column("genotype", sa.Text(), nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("is_pareto", sa.Boolean(), nullable=False),
        sa.Column("is_new_combination", sa.Boolean(), nullable=False),
        sa.Column("data", _JSON, nullable=False),
        *_owned(),
        *_keys("proposals", "rank"),
    )
    op.create_index("ix_proposals_check", "proposals", ["job_id", "check_rank"])
