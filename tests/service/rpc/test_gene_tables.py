"""Gene tables and networks over gRPC: uploads, pages, deletion, and asking wrongly."""

import pytest
from grpc import StatusCode
from sqlalchemy import select

from service.contract.blobs import Blob
from service.contract.jobs import JobState
from service.contract.records import GeneTableRecord, JobRecord
from service.contract.repositories import uploads
from service.contract.resources import GeneTable, Network
from service.handlers import gene_tables
from service.rpc.mapping import read_message
from service.rpc.pb.cellgebra.v1 import datasets_pb2, genes_pb2, genes_pb2_grpc
from tests.service.rows import claim, finish
from tests.service.rpc.statuses import fails
from tests.service.rpc.uploads import parts

TABLE = b"locus\tx\na\t1\nb\t2\n"
EDGES = b"a\tb\na\tb\n"
PROBLEM = {"code": "INVALID_ARGUMENT", "reason": "BAD_TABLE", "detail": "bad", "errors": []}


@pytest.fixture
def genes(channel):
    return genes_pb2_grpc.GeneTableServiceStub(channel)


@pytest.fixture
def add_table(genes):
    async def create(content=TABLE, **header):
        given = genes_pb2.GeneTableHeader(**header)
        messages = parts(genes_pb2.CreateGeneTableRequest, given, content)
        return await genes.CreateGeneTable(messages)

    return create


@pytest.fixture
async def table_id(add_table, context):
    made = await add_table()
    with context.database.write() as session:
        row = session.get_one(GeneTableRecord, made.id)
        uploads.mark_ready(session, row, profile=PROFILE, table=Blob("b" * 64, 1))
    return made.id


PROFILE = {
    "row_count": 2,
    "locus_count": 2,
    "alias_count": 3,
    "ambiguous_alias_count": 1,
    "ambiguous_aliases": {"x": ["a", "b"]},
    "shadowed_alias_count": 0,
    "feature_count": 1,
    "feature_names": ["x"],
    "features": [{"name": "x", "missing_share": 0.0, "min": 1.0, "mean": 1.5, "max": 2.0}],
}


@pytest.fixture
def add_network(genes, table_id):
    async def create(content=EDGES, **header):
        given = genes_pb2.NetworkHeader(**{"gene_table_id": table_id, "name": "string", **header})
        return await genes.CreateNetwork(parts(genes_pb2.CreateNetworkRequest, given, content))

    return create


async def test_a_table_is_sent_as_the_handler_gives_it(genes, context, caller, table_id):
    found = await genes.GetGeneTable(genes_pb2.GetGeneTableRequest(id=table_id))
    assert found.state == datasets_pb2.DATASET_STATE_READY
    assert found.spec.locus_column == "locus"
    assert found.spec.features.WhichOneof("layout") == "wide"
    assert not found.spec.features.wide.HasField("columns")
    assert list(found.profile.ambiguous_aliases["x"].loci) == ["a", "b"]
    received = GeneTable.model_validate(read_message(found))
    assert received == gene_tables.get_gene_table(context, caller, table_id)


async def test_a_table_without_features_is_not_one_of_any_features(add_table):
    made = await add_table(spec={"features": {"wide": {"columns": {}}}})
    assert made.spec.features.wide.HasField("columns")


async def test_pages_of_tables(genes, add_table, table_id):
    made = [(await add_table(TABLE + b"c\t%d\n" % n, name=f"{n}")).id for n in range(2)]
    asked = genes_pb2.ListGeneTablesRequest(page_size=2)
    first = await genes.ListGeneTables(asked)
    asked.page_token = first.next_page_token
    second = await genes.ListGeneTables(asked)
    ids = [table.id for table in [*first.gene_tables, *second.gene_tables]]
    assert ids == [*reversed(made), table_id]
    ready = genes_pb2.ListGeneTablesRequest(state=datasets_pb2.DATASET_STATE_READY)
    assert [one.id for one in (await genes.ListGeneTables(ready)).gene_tables] == [table_id]


async def test_a_network_from_upload_to_deletion(genes, add_network, context, caller, table_id):
    made = await add_network(spec={"score_unit": 1000, "channel_columns": {}})
    of_it = {"gene_table_id": table_id, "id": made.id}
    assert await genes.GetNetwork(genes_pb2.GetNetworkRequest(**of_it)) == made
    received = Network.model_validate(read_message(made))
    assert received == gene_tables.get_network(context, caller, table_id, made.id)
    assert (received.spec.score_unit, received.spec.channel_columns) == (1000, ())
    listed = genes_pb2.ListNetworksRequest(gene_table_id=table_id)
    assert list((await genes.ListNetworks(listed)).networks) == [made]
    async with fails(StatusCode.FAILED_PRECONDITION) as failure:
        await genes.DeleteNetwork(genes_pb2.DeleteNetworkRequest(**of_it))
    assert "in use by a job" in failure.message
    with context.database.read() as session:
        job_id = session.scalar(select(JobRecord.id).where(JobRecord.subject_id == made.id))
    finish(context.database, claim(context.database, job_id), JobState.FAILED, error=PROBLEM)
    await genes.DeleteNetwork(genes_pb2.DeleteNetworkRequest(**of_it))
    assert not (await genes.ListNetworks(listed)).networks


async def test_a_name_is_that_of_one_network(add_network):
    await add_network()
    async with fails(StatusCode.ALREADY_EXISTS) as failure:
        await add_network(EDGES + b"b\ta\n")
    assert failure.reason == "NAME_TAKEN"


async def test_a_network_needs_a_table_that_is_there_and_ready(add_network, add_table):
    async with fails(StatusCode.NOT_FOUND):
        await add_network(gene_table_id="genes_0")
    async with fails(StatusCode.NOT_FOUND):
        await add_network(gene_table_id="")
    ingesting = await add_table(TABLE + b"c\t3\n")
    async with fails(StatusCode.FAILED_PRECONDITION) as failure:
        await add_network(gene_table_id=ingesting.id)
    assert "INGESTING" in failure.message
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await add_network(gene_table_id="genes\0")
    assert "NUL" in failure.message


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ({"name": ""}, "header.name"),
        ({"spec": {"locus_column": ""}}, "header.spec.locus_column"),
        ({"spec": {"features": {}}}, "header.spec.features"),
        ({"spec": {"features": {"long": {}}}}, "header.spec.features.long.feature_column"),
        (
            {"spec": {"features": {"wide": {"columns": {"columns": ["x", ""]}}}}},
            "header.spec.features.wide.columns.columns[1]",
        ),
    ],
)
async def test_a_wrong_header_is_refused_by_the_path_of_its_field(add_table, header, field):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await add_table(**header)
    assert field in [path for path, _ in failure.violations]


async def test_what_is_not_there(genes, table_id):
    for call, request in (
        (genes.GetGeneTable, genes_pb2.GetGeneTableRequest(id="genes_0")),
        (genes.DeleteGeneTable, genes_pb2.DeleteGeneTableRequest(id="genes_0")),
        (genes.GetNetwork, genes_pb2.GetNetworkRequest(gene_table_id=table_id, id="network_0")),
        (
            genes.DeleteNetwork,
            genes_pb2.DeleteNetworkRequest(gene_table_id=table_id, id="network_0"),
        ),
        (genes.ListNetworks, genes_pb2.ListNetworksRequest(gene_table_id="genes_0")),
    ):
        async with fails(StatusCode.NOT_FOUND):
            await call(request)


@pytest.mark.parametrize("kind", ["GeneTables", "Networks"])
@pytest.mark.parametrize(
    ("query", "text"), [({"page_size": 0}, "page_size"), ({"page_token": "x"}, "page_token")]
)
async def test_a_page_that_cannot_be(genes, table_id, kind, query, text):
    of_table = {"gene_table_id": table_id} if kind == "Networks" else {}
    request = getattr(genes_pb2, f"List{kind}Request")(**of_table, **query)
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await getattr(genes, f"List{kind}")(request)
    assert text in failure.message
