"""Quotas of a day at both doors: the same refusal, which says of which quota and until when."""

import json
import uuid

import pytest
from grpc import StatusCode

from service.contract.api_keys import id_of
from service.rpc.pb.cellgebra.v1 import (
    datasets_pb2,
    datasets_pb2_grpc,
    inference_pb2,
    inference_pb2_grpc,
    scoring_pb2,
    scoring_pb2_grpc,
    training_pb2,
)
from tests.service.keys import bearer, make_key
from tests.service.rest.test_datasets import QUERY, TABLE
from tests.service.rows import add_model, add_training_job
from tests.service.rpc.statuses import fails
from tests.service.rpc.test_access import metadata
from tests.service.rpc.test_datasets import SPEC
from tests.service.rpc.uploads import parts

DAY = 24 * 60 * 60
REQUESTS, DESIGNS, UPLOADS = 12, 4, 3
DESIGN_TABLE = b"genotype\n+\n"
# One edit or two of them: ten sets, of which three are designs.
LEVELS = ["b0720:deletion", *(f"b1812:knockdown@{level}" for level in (0.1, 0.2, 0.3))]


@pytest.fixture
def database_kind():
    return "sqlite"


@pytest.fixture
def settings(settings):
    quotas = {
        "quota_requests_per_day": REQUESTS,
        "quota_designs_per_day": DESIGNS,
        "quota_upload_bytes_per_day": UPLOADS * len(TABLE),
    }
    return settings.model_copy(update=quotas)


@pytest.fixture
async def secret(database, context):
    _, made = make_key(database)
    await context.keys.refresh()
    return made


@pytest.fixture
def refused(rest, secret):
    """Requires that a request is refused by a quota, and gives what REST says of it."""

    async def ask(method, path, **request):
        answer = await rest.request(method, path, headers=bearer(secret), **request)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (429, "RESOURCE_EXHAUSTED"), problem
        assert problem["reason"] == "QUOTA_EXCEEDED"
        assert 0.9 * DAY < int(answer.headers["retry-after"]) <= 2 * DAY
        return problem["detail"]

    return ask


async def refused_call(call):
    """Requires the same of a call."""
    async with fails(StatusCode.RESOURCE_EXHAUSTED) as failure:
        await call
    assert failure.reason == "QUOTA_EXCEEDED"
    assert 0.9 * DAY < failure.retry_seconds <= 2 * DAY
    return failure.message


async def test_requests(rest, training, database, secret, refused):
    job_id = add_training_job(database)
    path = f"/v1/training-jobs/{job_id}"
    asked = training_pb2.GetTrainingJobRequest(id=job_id)
    for left in range(REQUESTS - 1, -1, -2):
        answer = await rest.get(path, headers=bearer(secret))
        assert answer.status_code == 200
        assert f'"requests-a-day";r={left};t={DAY}' in answer.headers["ratelimit"]
        await training.GetTrainingJob(asked, metadata=metadata(secret))
    for said in (
        await refused("GET", path),
        await refused_call(training.GetTrainingJob(asked, metadata=metadata(secret))),
    ):
        assert f"{REQUESTS} requests a day (CELLGEBRA_QUOTA_REQUESTS_PER_DAY)" in said
        assert "there is room for this again in 2" in said


async def test_designs(rest, channel, context, secret, refused):
    model_id = add_model(context)
    path, body = f"/v1/models/{model_id}:score", {"genotypes": ["+"] * (DESIGNS // 2)}
    stub = inference_pb2_grpc.InferenceServiceStub(channel)
    asked = inference_pb2.ScoreRequest(model_id=model_id, genotypes=body["genotypes"])
    answer = await rest.post(path, json=body, headers=bearer(secret))
    assert answer.json()["reason"] == "INVALID_DESIGN"
    async with fails(StatusCode.INVALID_ARGUMENT):
        await stub.Score(asked, metadata=metadata(secret))
    for said in (
        await refused("POST", path, json=body),
        await refused_call(stub.Score(asked, metadata=metadata(secret))),
    ):
        assert f"{DESIGNS} designs a day (CELLGEBRA_QUOTA_DESIGNS_PER_DAY)" in said


def jobs_of(model_id, edits=None):
    """A spec of combinations, and one of a table, as REST and gRPC have them."""
    shared = {"model_id": model_id}
    pairs = {"pool": {} if edits is None else {"edits": edits}, "min_order": 1}
    rest = [{**shared, "input": {"kind": "combinations", **pairs}}]
    rest += [{**shared, "input": {"kind": "table"}}]
    inputs = {"combinations": pairs}, {"table": {}}
    return rest, [{**shared, "input": one} for one in inputs]


async def test_scoring_jobs(rest, channel, context, secret, refused):
    model_id = add_model(context)
    stub = scoring_pb2_grpc.ScoringServiceStub(channel)
    given, asked = jobs_of(model_id)

    def create(spec, table, **header):
        sent = parts(scoring_pb2.CreateScoringJobRequest, {"spec": spec, **header}, table)
        return stub.CreateScoringJob(sent, metadata=metadata(secret))

    def query(**changes):
        return {"params": {"spec": json.dumps(given[1]), **changes}, "content": DESIGN_TABLE}

    path = "/v1/scoring-jobs"
    one, two = (str(uuid.uuid4()) for _ in range(2))
    first = await rest.post(path, **query(request_id=one), headers=bearer(secret))
    assert first.status_code == 201
    second = await create(asked[0], b"", request_id=two)
    _, too_many = jobs_of(model_id, LEVELS)
    said = await refused_call(create(too_many[0], b""))
    assert f"{DESIGNS} designs a day" in said
    assert "10 at once are more: ask for fewer" in said
    await context.limits.take_designs(id_of(secret), DESIGNS)
    for said in (
        await refused("POST", path, json=given[0]),
        await refused("POST", path, **query()),
        await refused_call(create(asked[0], b"")),
        await refused_call(create(asked[1], DESIGN_TABLE)),
    ):
        assert f"{DESIGNS} designs a day (CELLGEBRA_QUOTA_DESIGNS_PER_DAY)" in said
    # A request that comes again is answered by the job that it has made.
    again = await rest.post(path, **query(request_id=one), headers=bearer(secret))
    assert again.json()["id"] == first.json()["id"]
    assert (await create(asked[0], b"", request_id=two)).id == second.id


async def test_uploads(rest, channel, settings, secret, refused):
    stub = datasets_pb2_grpc.DatasetServiceStub(channel)

    def create(**header):
        sent = parts(datasets_pb2.CreateDatasetRequest, {"spec": SPEC, **header}, TABLE)
        return stub.CreateDataset(sent, metadata=metadata(secret))

    async def whole():
        yield TABLE

    for _ in range(UPLOADS - 1):
        answer = await rest.post(
            "/v1/datasets", params=QUERY, content=TABLE, headers=bearer(secret)
        )
        assert answer.status_code == 202
    too_much = {"size_bytes": 2 * len(TABLE)}
    assert "UPLOAD_BYTES" in await refused_call(create(**too_much))
    await create()
    said = [
        await refused("POST", "/v1/datasets", params=QUERY, content=TABLE),
        await refused("POST", "/v1/datasets", params=QUERY, content=whole()),
        await refused_call(create()),
        await refused_call(create(size_bytes=len(TABLE))),
    ]
    name = "93 bytes of uploads a day (CELLGEBRA_QUOTA_UPLOAD_BYTES_PER_DAY)"
    assert [one for one in said if name not in one] == []
    assert list((settings.artifact_dir / "incoming").iterdir()) == []
