"""The registry of models: versions, aliases, promotions."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_TIME = sa.DateTime(timezone=True)
_ID = sa.String(64)
_PAGE = ["create_time", "id"]


def upgrade() -> None:
    """Create the tables; models of one name become its versions, the oldest first."""
    with op.batch_alter_table("models") as table:
        table.add_column(sa.Column("version", sa.Integer()))
        table.add_column(sa.Column("archive_time", _TIME))
    op.execute(
        "UPDATE models SET version = numbered.version FROM (SELECT id, row_number() OVER "
        "(PARTITION BY project_id, name ORDER BY create_time, id) AS version FROM models) "
        "AS numbered WHERE numbered.id = models.id"
    )
    with op.batch_alter_table("models") as table:
        table.alter_column("version", existing_type=sa.Integer(), nullable=False)
        table.create_unique_constraint(
            "uq_models_project_id_name_version", ["project_id", "name", "version"]
        )
    op.create_index("ix_models_page_name", "models", ["project_id", "name", *_PAGE])
    _create_names()
    _create_aliases()
    _create_promotions()


def downgrade() -> None:
    """Drop the tables, with all that they hold, and the versions; models stay."""
    for name in ("promotion_loads", "promotions", "model_aliases", "model_names"):
        op.drop_table(name)
    op.drop_index("ix_models_page_name", "models")
    with op.batch_alter_table("models") as table:
        table.drop_constraint("uq_models_project_id_name_version", type_="unique")
        table.drop_column("archive_time")
        table.drop_column("version")


def _owned() -> tuple[sa.Column[str], sa.Column[str], sa.Column[datetime]]:
    return (
        sa.Column("project_id", _ID, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("create_time", _TIME, nullable=False),
    )


def _create_names() -> None:
    op.create_table(
        "model_names",
        *_owned(),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("last_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "name", name="pk_model_names"),
    )
    op.execute(
        "INSERT INTO model_names (project_id, created_by, create_time, name, last_version) "
        "SELECT project_id, min(created_by), min(create_time), name, max(version) FROM models "
        "GROUP BY project_id, name"
    )


def _create_aliases() -> None:
    op.create_table(
        "model_aliases",
        sa.Column("id", _ID, nullable=False),
        *_owned(),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("alias", sa.String(63), nullable=False),
        sa.Column("model_id", _ID),
        sa.Column("previous_model_id", _ID),
        sa.Column("switch_time", _TIME, nullable=False),
        sa.Column("pending_model_id", _ID),
        sa.Column("promotion_id", _ID),
        sa.PrimaryKeyConstraint("id", name="pk_model_aliases"),
        sa.UniqueConstraint(
            "project_id", "name", "alias", name="uq_model_aliases_project_id_name_alias"
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], ["models.id"], name=f"fk_model_aliases_{column}_models"
            )
            for column in ("model_id", "pending_model_id")
        ),
    )
    op.create_index("ix_model_aliases_page", "model_aliases", ["project_id", *_PAGE])
    op.create_index("ix_model_aliases_model", "model_aliases", ["model_id"])


def _create_promotions() -> None:
    op.create_table(
        "promotions",
        sa.Column("id", _ID, nullable=False),
        *_owned(),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("alias", sa.String(63), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("from_model_id", _ID),
        sa.Column("from_version", sa.Integer()),
        sa.Column("to_model_id", _ID, nullable=False),
        sa.Column("to_version", sa.Integer(), nullable=False),
        sa.Column("figures", _JSON, nullable=False),
        sa.Column("note", sa.String(1000), nullable=False),
        sa.Column("expire_time", _TIME, nullable=False),
        sa.Column("end_time", _TIME),
        sa.Column("error", _JSON),
        sa.PrimaryKeyConstraint("id", name="pk_promotions"),
    )
    op.create_index("ix_promotions_page", "promotions", ["project_id", *_PAGE])
    op.create_index("ix_promotions_page_name", "promotions", ["project_id", "name", *_PAGE])
    op.create_index("ix_promotions_state", "promotions", ["state"])
    op.create_table(
        "promotion_loads",
        sa.Column("promotion_id", _ID, nullable=False),
        sa.Column("worker_id", sa.String(200), nullable=False),
        sa.Column("error", _JSON),
        *_owned(),
        sa.PrimaryKeyConstraint("promotion_id", "worker_id", name="pk_promotion_loads"),
        sa.ForeignKeyConstraint(
            ["promotion_id"],
            ["promotions.id"],
            name="fk_promotion_loads_promotion_id_promotions",
            ondelete="CASCADE",
        ),
    )
