"""Alembic's environment: it runs on the connection that `migrate` hands over."""

from alembic import context

# Importing the rows registers their tables in the metadata that is compared.
from service.contract.records import JobRecord

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=JobRecord.metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
