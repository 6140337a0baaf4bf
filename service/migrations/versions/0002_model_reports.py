"""Reports of models as artifacts: the page and the JSON."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COLUMNS = ("report_sha256", "report_page_sha256")


def upgrade() -> None:
    """Add the columns; a model that is there already has no such artifacts."""
    with op.batch_alter_table("models") as table:
        for name in _COLUMNS:
            table.add_column(sa.Column(name, sa.String(64)))
    for name in _COLUMNS:
        op.create_index(f"ix_models_{name.removesuffix('_sha256')}", "models", [name])


def downgrade() -> None:
    """Drop the columns."""
    for name in _COLUMNS:
        op.drop_index(f"ix_models_{name.removesuffix('_sha256')}", "models")
    with op.batch_alter_table("models") as table:
        for name in _COLUMNS:
            table.drop_column(name)
