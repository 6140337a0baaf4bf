"""Gene tables and their networks."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_TIME = sa.DateTime(timezone=True)
_ID = sa.String(64)
_SHA256 = sa.String(64)


def upgrade() -> None:
    """Create the tables."""
    page = ["create_time", "id"]
    op.create_table(
        "gene_tables",
        *_upload(),
        sa.PrimaryKeyConstraint("id", name="pk_gene_tables"),
    )
    op.create_index("ix_gene_tables_page", "gene_tables", ["project_id", *page])
    op.create_index("ix_gene_tables_page_state", "gene_tables", ["project_id", "state", *page])
    op.create_index("ix_gene_tables_source", "gene_tables", ["source_sha256"])
    op.create_index("ix_gene_tables_table", "gene_tables", ["table_sha256"])
    op.create_table(
        "networks",
        *_upload(),
        sa.Column("gene_table_id", _ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_networks"),
        sa.ForeignKeyConstraint(
            ["gene_table_id"],
            ["gene_tables.id"],
            name="fk_networks_gene_table_id_gene_tables",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_networks_page", "networks", ["project_id", "gene_table_id", *page])
    op.create_index("ix_networks_name", "networks", ["gene_table_id", "name"])
    op.create_index("ix_networks_source", "networks", ["source_sha256"])
    op.create_index("ix_networks_table", "networks", ["table_sha256"])


def downgrade() -> None:
    """Drop the tables, with all that they hold."""
    for table in ("networks", "gene_tables"):
        op.drop_table(table)


def _upload() -> tuple[sa.Column[Any], ...]:
    """What every uploaded thing has."""
    return (
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("spec", _JSON, nullable=False),
        sa.Column("source_sha256", _SHA256, nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("table_sha256", _SHA256),
        sa.Column("profile", _JSON),
        sa.Column("error", _JSON),
        sa.Column("job_id", _ID, nullable=False),
        sa.Column("project_id", _ID, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("create_time", _TIME, nullable=False),
    )
