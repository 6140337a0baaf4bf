"""What one project holds is not there for another: every route is tried with its ids."""

import pyarrow
import pytest
from fastapi.routing import iter_route_contexts

from service.handlers.permissions import OPERATIONS
from tests.service.keys import bearer, make_key
from tests.service.projects import EDGES, fill
from tests.service.rows import Owner, add_dataset, publish_blob

# Nothing of any project is in these, or what is in them is made by the caller.
OF_NOBODY = {"listLosses", "listSchemas", "getSchema", "getServerMetadata"}
ASK_A_WORKER = {"checkModel", "exportModel", "isModelReady", "isVersionReady"}
STREAMS = {f"stream{kind}JobEvents" for kind in ("Training", "Search", "Scoring")}
MADE_ANEW = {"createDataset", "createGeneTable", "createApiKey"}
LISTS = {
    *("listDatasets", "listGeneTables", "listTrainingJobs", "listSweeps", "listModels"),
    *("listModelAliases", "listPromotions", "listSearchJobs", "listScoringJobs", "listArtifacts"),
    *("listApiKeys", "listAuditEvents"),
}
# What the path alone does not ask for.
GENOTYPES = {"genotypes": ["b0720:deletion"]}
INPUT = {"name": "genotype", "shape": [1], "datatype": "BYTES", "data": ["b0720:deletion"]}
ARROW = "application/vnd.apache.arrow.stream"
INFER = {"inputs": [INPUT]}


def one_row():
    """A table of one design, as an Arrow stream."""
    table = pyarrow.table({"genotype": GENOTYPES["genotypes"]})
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def request_of(operation, held):
    """What an operation takes beside its path."""
    return {
        "createTrainingJob": {"json": held.training_spec()},
        "createSweep": {"json": held.sweep_spec()},
        "createSearchJob": {"json": held.search_spec()},
        "createScoringJob": {"json": held.scoring_spec()},
        "createNetwork": {"content": EDGES},
        "score": {"json": GENOTYPES},
        "scoreTable": {"content": one_row(), "headers": {"content-type": ARROW}},
        "compose": {"json": {"operation": "compose", "designs": ["b0720:deletion"] * 2}},
        "compareModels": {"json": {"model_ids": [held.model_id, held.other_model_id]}},
        "promoteModel": {"json": {"alias": "champion"}},
        "infer": {"json": INFER},
        "inferByVersion": {"json": INFER},
    }.get(operation, {})


def path_of(route, held):
    """A route's path with the ids of the project; a parameter of another kind is a KeyError."""
    kind = route.path_format.split("/")[2].partition(":")[0] if route.path_format else ""
    jobs = {
        "training-jobs": held.training_job_id,
        "search-jobs": held.search_job_id,
        "scoring-jobs": held.scoring_job_id,
    }
    return route.path_format.format_map(
        {
            **vars(held),
            "job_id": jobs.get(kind),
            "reference": held.alias,
            "model_name": held.model_id if "versions" not in route.path_format else "titer",
            "model_version": held.version,
        }
    )


@pytest.fixture
def routes(rest):
    return [
        (method, route)
        for route in iter_route_contexts(rest._transport.app.routes)
        for method in sorted(route.methods or ())
        if getattr(route, "operation_id", None) and OPERATIONS[route.operation_id] is not None
    ]


@pytest.fixture
async def held(context, database):
    made = await fill(context, "")
    key_id, secret = make_key(database)
    await context.keys.refresh()
    return type(made)(**{**vars(made), "key_id": key_id}), secret


@pytest.fixture
async def stranger(context, database, held):  # noqa: ARG001 - comes after
    _, secret = make_key(database, project="another")
    await context.keys.refresh()
    return bearer(secret)


async def test_every_route_says_that_it_is_not_there(rest, routes, held, stranger):
    project, _ = held
    asked = set()
    for method, route in routes:
        name = route.operation_id
        if name in LISTS | OF_NOBODY | MADE_ANEW:
            continue
        path = path_of(route, project)
        asks = request_of(name, project)
        headers = stranger | asks.pop("headers", {})
        answer = await rest.request(method, path, headers=headers, **asks)
        assert answer.status_code == 404, (name, answer.status_code, answer.text)
        asked.add(name)
    assert len(asked) > 50


async def test_every_list_is_empty(rest, routes, held, stranger):
    project, _ = held
    seen = set()
    for method, route in routes:
        if route.operation_id not in LISTS:
            continue
        answer = await rest.request(method, route.path_format, headers=stranger)
        assert answer.status_code == 200, answer.text
        assert [one for one in project.ids if one in answer.text] == []
        if route.operation_id != "listApiKeys":
            assert answer.json()["items"] == [], route.operation_id
        seen.add(route.operation_id)
    assert seen == LISTS


async def test_to_their_project_the_same_requests_are_something(rest, routes, held):
    """The ids above are right: with its own key no path to read is 404 but those of no file."""
    project, secret = held
    missing = []
    for method, route in routes:
        name = route.operation_id
        if method in ("GET", "HEAD") and name not in LISTS | OF_NOBODY | STREAMS | ASK_A_WORKER:
            path = path_of(route, project)
            answer = await rest.request(method, path, headers=bearer(secret), timeout=5)
            missing += [route.operation_id] if answer.status_code == 404 else []
    no_file = {"getProposalsParquet", "getOrderSheet", "getModelReport", "getModelReportPage"}
    no_file |= {"getScoringResultsParquet", "getScoringResultsTsv"}
    assert set(missing) <= no_file


async def test_the_same_bytes_of_two_projects_tell_neither_of_the_other(
    rest, held, stranger, context, database
):
    project, secret = held
    path = f"/v1/artifacts/{project.sha256}"
    assert (await rest.get(path, headers=stranger)).status_code == 404
    content = b"secret of a lab"
    publish_blob(database, context.store, content, owner=Owner("another", "eve"))
    theirs = await rest.get(path, headers=stranger)
    assert (theirs.status_code, theirs.content) == (200, content)
    mine = (await rest.get(path, headers=bearer(secret))).headers
    assert mine["etag"] == theirs.headers["etag"]
    listed = (await rest.get("/v1/artifacts", headers=stranger)).json()["items"]
    assert [one["sha256"] for one in listed] == [project.sha256]


async def test_genes_of_another_project_are_not_there_for_a_training(
    rest, held, stranger, database
):
    project, _ = held
    mine, _ = add_dataset(database, owner=Owner("another", "eve"))
    spec = {**project.training_spec(), "dataset_id": mine, "model": {"kind": "gp"}}
    spec["genes"] = {"gene_table_id": project.gene_table_id}
    answer = await rest.post("/v1/training-jobs", json=spec, headers=stranger)
    assert answer.status_code == 404, answer.text
    assert project.gene_table_id in answer.json()["detail"]
