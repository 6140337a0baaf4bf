"""How far an ingest is, of an upload that is INGESTING."""

from service.contract.datasets import DatasetState
from service.contract.records import DatasetRecord, JobRecord
from service.contract.repositories import leases
from service.handlers.datasets import cancel_dataset, get_dataset, list_datasets
from service.handlers.gene_tables import (
    get_gene_table,
    get_network,
    list_gene_tables,
    list_networks,
)
from service.handlers.requests import PageRequest
from service.handlers.uploads import upload_dataset
from tests.service.handlers.test_gene_tables import add_network, add_table
from tests.service.handlers.test_uploads import TABLE, pieces, upload_of


def work_on(context, upload_id):
    """Claim its job as a worker does, and tell that a quarter is done."""
    with context.database.write() as session:
        job = session.query(JobRecord).filter_by(subject_id=upload_id).one()
        leases.claim(session, job.id, "worker", 60)
        leases.set_progress(session, leases.Lease(job.id, 1), 0.25, 12.0)


def progress_of(upload):
    return upload.fraction, upload.estimated_seconds_left


async def test_a_data_set_tells_it_until_it_is_ready(context, caller):
    made = await upload_dataset(context, caller, upload_of(), pieces(TABLE))
    assert progress_of(made) == (0.0, None)
    work_on(context, made.id)
    assert progress_of(get_dataset(context, caller, made.id)) == (0.25, 12.0)
    assert progress_of(cancel_dataset(context, caller, made.id)) == (0.25, 12.0)
    (listed,) = list_datasets(context, caller, PageRequest()).items
    assert progress_of(listed) == (0.25, 12.0)
    with context.database.write() as session:
        row = session.get_one(DatasetRecord, made.id)
        row.state = DatasetState.READY
    assert progress_of(get_dataset(context, caller, made.id)) == (None, None)


async def test_gene_tables_and_networks_tell_it_as_well(context, caller):
    waiting = await add_table(context, caller, is_ready=False)
    work_on(context, waiting.id)
    assert progress_of(get_gene_table(context, caller, waiting.id)) == (0.25, 12.0)
    table = await add_table(context, caller)
    network = await add_network(context, caller, table)
    work_on(context, network.id)
    assert progress_of(get_network(context, caller, table.id, network.id)) == (0.25, 12.0)
    (listed,) = list_networks(context, caller, table.id, PageRequest()).items
    assert progress_of(listed) == (0.25, 12.0)
    tables = list_gene_tables(context, caller, PageRequest()).items
    assert [progress_of(one) for one in tables] == [(None, None), (0.25, 12.0)]
