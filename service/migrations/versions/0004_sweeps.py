"""Sweeps, their trials, and which jobs belong to one."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_TIME = sa.DateTime(timezone=True)
_ID = sa.String(64)


def upgrade() -> None:
    """Create the tables; jobs that are there belong to no sweep."""
    _create_sweeps()
    _create_trials()
    op.add_column("jobs", sa.Column("sweep_id", _ID))
    op.add_column("jobs", sa.Column("trial_number", sa.Integer()))
    op.create_index("ix_jobs_sweep", "jobs", ["sweep_id"])


def downgrade() -> None:
    """Drop the tables, with all that they hold; jobs stay."""
    op.drop_index("ix_jobs_sweep", "jobs")
    op.drop_column("jobs", "trial_number")
    op.drop_column("jobs", "sweep_id")
    op.drop_table("sweep_trials")
    op.drop_table("sweeps")


def _owned() -> tuple[sa.Column[str], sa.Column[str], sa.Column[datetime]]:
    return (
        sa.Column("project_id", _ID, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("create_time", _TIME, nullable=False),
    )


def _create_sweeps() -> None:
    op.create_table(
        "sweeps",
        sa.Column("id", _ID, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("spec", _JSON, nullable=False),
        sa.Column("dataset_id", _ID, nullable=False),
        sa.Column("request_id", _ID),
        sa.Column("request_sha256", sa.String(64)),
        sa.Column("start_time", _TIME),
        sa.Column("end_time", _TIME),
        sa.Column("best_trial_number", sa.Integer()),
        sa.Column("winner_job_id", _ID),
        sa.Column("error", _JSON),
        *_owned(),
        sa.PrimaryKeyConstraint("id", name="pk_sweeps"),
        sa.UniqueConstraint("project_id", "request_id", name="uq_sweeps_project_id_request_id"),
    )
    page = ["create_time", "id"]
    op.create_index("ix_sweeps_page", "sweeps", ["project_id", *page])
    op.create_index("ix_sweeps_page_state", "sweeps", ["project_id", "state", *page])
    op.create_index("ix_sweeps_state", "sweeps", ["state"])


def _create_trials() -> None:
    op.create_table(
        "sweep_trials",
        sa.Column("sweep_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("values", _JSON, nullable=False),
        sa.Column("fold_scores", _JSON, nullable=False),
        sa.Column("objective", sa.Float()),
        sa.Column("job_id", _ID),
        sa.Column("reason", sa.String(1000)),
        *_owned(),
        sa.PrimaryKeyConstraint("sweep_id", "number", name="pk_sweep_trials"),
        sa.ForeignKeyConstraint(
            ["sweep_id"], ["sweeps.id"], name="fk_sweep_trials_sweep_id_sweeps", ondelete="CASCADE"
        ),
    )
