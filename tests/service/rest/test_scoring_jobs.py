"""Scoring jobs over REST: a table or combinations, made once, read, followed, refused."""

import hashlib
import json
from functools import partial

import pytest

from service.contract.jobs import JobKind, JobState
from service.contract.records import JobRecord
from service.contract.repositories import artifacts, job_files, leases
from service.contract.scoring_jobs import ScoringReport
from tests.service.rows import add_model, claim

REPORT = ScoringReport(
    row_count=2,
    scored_count=2,
    seconds=0.5,
    designs_per_second=4.0,
    worker_count=1,
    shard_count=1,
    worker_peak_bytes=10,
    size_bytes=7,
)
TABLE = b"genotype\nb0720:deletion\n\n"
SHA256 = hashlib.sha256(TABLE).hexdigest()


@pytest.fixture
def model_id(context):
    return add_model(context)


@pytest.fixture
def post(rest):
    """Posts a table, with its spec in the query."""

    async def send(spec, content=TABLE, **query):
        parameters = {"spec": json.dumps(spec), **query}
        return await rest.post("/v1/scoring-jobs", params=parameters, content=content)

    return send


def table_spec(model_id, **changes):
    return {"model_id": model_id, "input": {"kind": "table"}, **changes}


def combinations(model_id, **pool):
    return {"model_id": model_id, "input": {"kind": "combinations", "pool": pool}}


def blob_count(context):
    return sum(path.is_file() for path in context.settings.artifact_dir.rglob("*"))


async def test_a_table_becomes_a_job_with_its_source(rest, post, context, model_id):
    before = blob_count(context)
    created = await post(table_spec("model@1"), sha256=SHA256)
    assert created.status_code == 201, created.text
    job = created.json()
    assert (job["state"], job["spec"]["model_id"]) == ("QUEUED", model_id)
    path = f"/v1/scoring-jobs/{job['id']}"
    assert created.headers["Location"] == path
    assert (await rest.get(path)).json() == job
    with context.database.read() as session:
        files = job_files.files_of(session, job["id"])
    assert context.store.read(files["source"]) == TABLE
    assert blob_count(context) == before + 1
    query = {"state": "QUEUED", "model_id": model_id}
    listed = (await rest.get("/v1/scoring-jobs", params=query)).json()
    assert [item["id"] for item in listed["items"]] == [job["id"]]
    assert context.dispatcher.waiting_count(JobKind.SCORING) == 1
    assert (await rest.get(f"{path}/results.parquet")).status_code == 404
    assert (await rest.post(f"{path}:cancel")).json()["state"] == "CANCELLED"
    assert (await rest.post(f"{path}:resume")).json()["state"] == "QUEUED"
    assert (await rest.get(f"/v1/search-jobs/{job['id']}")).status_code == 404


async def test_a_request_that_comes_again_is_answered_though_no_more_may_wait(
    rest, post, context, model_id
):
    context.settings.max_queued_jobs = 2  # the job that made the model has not ended here
    again = {"request_id": "8f1c7a52-3f43-4be5-9d2e-7d2f0d9a2f11"}
    first = await post(table_spec(model_id), **again)
    second = await post(table_spec(model_id), **again)
    assert second.json() == first.json(), second.text
    refused = await post(table_spec(model_id), b"")  # before the body, which is no table
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
    spec = combinations(model_id)
    assert (await rest.post("/v1/scoring-jobs", json=spec)).status_code == 429


async def test_a_request_id_makes_one_job(rest, post, context, model_id):
    before = blob_count(context)
    request_id = "6f1c7a52-3f43-4be5-9d2e-7d2f0d9a2f11"
    first = await post(table_spec(model_id), request_id=request_id)
    second = await post(table_spec(model_id), request_id=request_id)
    assert first.json()["id"] == second.json()["id"]
    other = await post(table_spec(model_id), b"genotype\n", request_id=request_id)
    assert other.json()["reason"] == "REQUEST_ID_REUSED"
    assert blob_count(context) == before + 1
    query = {"request_id": "7f1c7a52-3f43-4be5-9d2e-7d2f0d9a2f11"}
    spec = combinations(model_id)
    made = [await rest.post("/v1/scoring-jobs", params=query, json=spec) for _ in range(2)]
    assert made[0].json()["id"] == made[1].json()["id"]


async def test_results_are_files_of_the_job(rest, post, context, model_id):
    job = (await post(table_spec(model_id))).json()
    lease = claim(context.database, job["id"])
    with context.store.writer() as writer:
        writer.write(b"PAR1...")
        sealed = writer.seal()
        with artifacts.write_blobs(context.database, context.store) as session:
            row = session.get_one(JobRecord, job["id"])
            media_type = "application/vnd.apache.parquet"
            job_files.add_files(session, row, {"results.parquet": (sealed, media_type)})
            job_files.forget_files(session, row, {"source", "no such file"})
            result = {"report": REPORT.model_dump(mode="json")}
            leases.finish(session, lease, JobState.SUCCEEDED, result=result)
    path = f"/v1/scoring-jobs/{job['id']}"
    read = (await rest.get(path)).json()
    assert ScoringReport.model_validate(read["report"]) == REPORT
    file = await rest.get(f"{path}/results.parquet")
    assert (file.content, file.headers["ETag"]) == (b"PAR1...", f'"{sealed.sha256}"')
    assert (await rest.get(f"{path}/results.tsv.gz")).status_code == 404
    assert (await rest.get(f"{path}/events")).text.count("event: state") == 3
    with context.database.read() as session:
        assert list(job_files.files_of(session, job["id"])) == ["results.parquet"]


async def test_what_is_no_job_leaves_nothing(rest, post, context, model_id):
    before = blob_count(context)
    send = partial(rest.post, "/v1/scoring-jobs")
    answers = [
        (await post(table_spec("model_x")), 404, None),
        (await post(combinations(model_id)), 422, "input.kind"),
        (await send(json=table_spec(model_id)), 422, "input.kind"),
        (await post(table_spec(model_id), b""), 422, None),
        (await post(table_spec(model_id), sha256="0" * 64), 422, None),
        (await post(table_spec(model_id), sha256="7"), 422, "sha256"),
        (await send(json=combinations(model_id), params={"sha256": SHA256}), 422, "sha256"),
        (await post(table_spec(model_id, fields=["meen"])), 422, "spec.fields[0]"),
        (await send(content=b"genotype\n"), 422, None),
        (await post(table_spec(model_id), b"x" * (5 * 2**20)), 413, None),
        (await send(content=b"x" * (17 * 2**20)), 413, None),
    ]
    for answer, status, field in answers:
        assert answer.status_code == status, answer.text
        errors = answer.json()["errors"]
        assert field is None or errors[0]["field"] == field
    assert blob_count(context) == before
    assert (await rest.get("/v1/scoring-jobs")).json()["items"] == []


@pytest.mark.parametrize(
    ("pool", "field"),
    [
        ({"edits": ["b0720:deletion", "b9999:deletion"]}, "input.pool.edits[1]"),
        ({"loci": ["b072"]}, "input.pool.loci[0]"),
    ],
)
async def test_names_that_the_model_lacks_are_told(rest, model_id, pool, field):
    refused = await rest.post("/v1/scoring-jobs", json=combinations(model_id, **pool))
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == field


async def test_a_model_that_is_read_is_not_deleted(rest, post, model_id):
    job = (await post(table_spec(model_id))).json()
    refused = await rest.delete(f"/v1/models/{model_id}")
    assert (refused.status_code, job["id"] in refused.json()["detail"]) == (409, True)
    await rest.post(f"/v1/scoring-jobs/{job['id']}:cancel")
    assert (await rest.delete(f"/v1/models/{model_id}")).status_code in (200, 204)
    gone = await rest.post(f"/v1/scoring-jobs/{job['id']}:resume")
    assert gone.status_code == 404
