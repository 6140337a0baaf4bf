"""First tables: jobs, their events, data sets, models, artifacts, workers."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_TIME = sa.DateTime(timezone=True)
_ID = sa.String(64)
_SHA256 = sa.String(64)


def upgrade() -> None:
    """Create the tables."""
    _create_jobs()
    _create_job_events()
    _create_datasets()
    _create_models()
    _create_artifacts()
    _create_workers()


def downgrade() -> None:
    """Drop the tables, with all that they hold."""
    for table in ("workers", "artifacts", "models", "datasets", "job_events", "jobs"):
        op.drop_table(table)


def _owned() -> tuple[sa.Column[str], sa.Column[str], sa.Column[datetime]]:
    return (
        sa.Column("project_id", _ID, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("create_time", _TIME, nullable=False),
    )


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", _ID, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("spec", _JSON, nullable=False),
        sa.Column("subject_id", _ID, nullable=False),
        sa.Column("request_id", _ID),
        sa.Column("request_sha256", _SHA256),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(200)),
        sa.Column("lease_until", _TIME),
        sa.Column("dispatch_time", _TIME),
        sa.Column("start_time", _TIME),
        sa.Column("end_time", _TIME),
        sa.Column("fraction", sa.Float(), nullable=False),
        sa.Column("estimated_seconds_left", sa.Float()),
        sa.Column("event_sequence", sa.Integer(), nullable=False),
        sa.Column("checkpoint_sha256", _SHA256),
        sa.Column("error", _JSON),
        sa.Column("result", _JSON),
        *_owned(),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint(
            "project_id", "kind", "request_id", name="uq_jobs_project_id_kind_request_id"
        ),
    )
    page = ["create_time", "id"]
    op.create_index("ix_jobs_page", "jobs", ["project_id", "kind", *page])
    op.create_index("ix_jobs_page_state", "jobs", ["project_id", "kind", "state", *page])
    op.create_index("ix_jobs_subject", "jobs", ["project_id", "kind", "subject_id", *page])
    op.create_index("ix_jobs_recovery", "jobs", ["state", "lease_until"])


def _create_job_events() -> None:
    op.create_table(
        "job_events",
        sa.Column("job_id", _ID, nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("data", _JSON, nullable=False),
        *_owned(),
        sa.PrimaryKeyConstraint("job_id", "sequence", name="pk_job_events"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_job_events_job_id_jobs", ondelete="CASCADE"
        ),
    )


def _create_datasets() -> None:
    op.create_table(
        "datasets",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("spec", _JSON, nullable=False),
        sa.Column("source_sha256", _SHA256, nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("table_sha256", _SHA256),
        sa.Column("vocabulary_sha256", _SHA256),
        sa.Column("profile", _JSON),
        sa.Column("error", _JSON),
        sa.Column("job_id", _ID, nullable=False),
        *_owned(),
        sa.PrimaryKeyConstraint("id", name="pk_datasets"),
    )
    page = ["create_time", "id"]
    op.create_index("ix_datasets_page", "datasets", ["project_id", *page])
    op.create_index("ix_datasets_page_state", "datasets", ["project_id", "state", *page])
    op.create_index("ix_datasets_source", "datasets", ["source_sha256"])
    op.create_index("ix_datasets_table", "datasets", ["table_sha256"])
    op.create_index("ix_datasets_vocabulary", "datasets", ["vocabulary_sha256"])


def _create_models() -> None:
    op.create_table(
        "models",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("job_id", _ID, nullable=False),
        sa.Column("dataset_id", _ID, nullable=False),
        sa.Column("manifest_sha256", _SHA256, nullable=False),
        sa.Column("weights_sha256", _SHA256, nullable=False),
        sa.Column("report", _JSON, nullable=False),
        *_owned(),
        sa.PrimaryKeyConstraint("id", name="pk_models"),
        sa.UniqueConstraint("job_id", name="uq_models_job_id"),
    )
    page = ["create_time", "id"]
    op.create_index("ix_models_page", "models", ["project_id", *page])
    op.create_index("ix_models_page_dataset", "models", ["project_id", "dataset_id", *page])
    op.create_index("ix_models_manifest", "models", ["manifest_sha256"])
    op.create_index("ix_models_weights", "models", ["weights_sha256"])


def _create_artifacts() -> None:
    op.create_table(
        "artifacts",
        sa.Column("sha256", _SHA256, nullable=False),
        sa.Column("project_id", _ID, nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("create_time", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("sha256", "project_id", name="pk_artifacts"),
    )
    op.create_index("ix_artifacts_page", "artifacts", ["project_id", "create_time", "sha256"])


def _create_workers() -> None:
    op.create_table(
        "workers",
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("queues", _JSON, nullable=False),
        sa.Column("host", sa.String(200), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("heartbeat_time", _TIME, nullable=False),
        *_owned(),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
    )
    op.create_index("ix_workers_heartbeat_time", "workers", ["heartbeat_time"])
