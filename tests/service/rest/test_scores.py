"""Scores in other forms than JSON: which form is chosen, and what is refused before any worker."""

import asyncio
import json

import pyarrow as pa
import pytest
from starlette.requests import Request

from service.contract.score_tables import TableForm
from service.rest.score_forms import form_of_answer, form_of_body
from tests.service.rest.test_plain_scores import answer_one
from tests.service.rows import EDITS, add_model
from tests.service.tables.bodies import body_of, designs

STREAM, FILE, PARQUET = TableForm
WORKER = (
    b'{"model_id": "m", "vocabulary_sha256": "v", "labels": [{"name": "titer", "unit": "mg/L", '
    b'"neutral_model": "additive", "mean": [1.5]}]}'
)


@pytest.fixture
def path(context):
    return f"/v1/models/{add_model(context)}:score"


@pytest.mark.parametrize(
    ("accept", "of_json", "of_parquet"),
    [
        ([], None, PARQUET),
        (["*/*"], None, PARQUET),
        (["text/html"], None, PARQUET),
        (["application/json"], None, None),
        ([PARQUET], PARQUET, PARQUET),
        ([f"application/json, {STREAM}"], None, None),
        ([f"application/json;q=0.5, {STREAM};q=0.9"], STREAM, STREAM),
        (["application/json;q=0.5", FILE.upper()], FILE, FILE),
        ([f"application/*, {STREAM};q=0.1"], None, PARQUET),
        ([f"{STREAM};q=0, {FILE};q=x, {PARQUET};q=0.1"], PARQUET, PARQUET),
    ],
)
def test_the_form_that_the_client_likes_best(accept, of_json, of_parquet):
    headers = [(b"accept", value.encode()) for value in accept]
    request = Request({"type": "http", "headers": headers})
    assert form_of_answer(request, None) == of_json
    assert form_of_answer(request, PARQUET) == of_parquet


def test_the_form_of_a_body_is_its_type():
    assert form_of_body(f"{STREAM.upper()}; charset=binary") is STREAM
    assert form_of_body("application/vnd.apache.arrow.strm") is None


async def post(rest, path, content, form=PARQUET, **parameters):
    return await rest.post(path, content=content, headers={"content-type": form}, params=parameters)


async def test_designs_are_refused_with_their_rows_and_before_any_worker(rest, path):
    texts = ["", EDITS[0], "x:deletion", "", "y"]
    for form in TableForm:
        answer = await post(rest, path, body_of(designs(texts), form, chunk_rows=2), form)
        problem = answer.json()
        assert (answer.status_code, problem["reason"]) == (422, "INVALID_DESIGN")
        found = [(one["row"], one["column"], one["value"]) for one in problem["errors"]]
        assert found == [(5, "genotype", "y"), (3, "genotype", "x:deletion")]
        assert "field" not in problem["errors"][0]


REFUSED = [
    (b"PAR1", {}, 400, "BROKEN_TABLE", "no Parquet file, or damaged in its footer"),
    (pa.table({"x": ["a"]}), {}, 422, "BAD_TABLE", "no column is named genotype"),
    (designs(["", None]), {}, 422, "BAD_TABLE", "row 2 of column genotype holds no design"),
    (designs(pa.array([], "string")), {}, 422, "INVALID_REQUEST", "there is no design"),
    (designs([""]), {"fields": "means"}, 422, "INVALID_REQUEST", "known: mean, sd"),
    (designs([""]), {"include": "near"}, 422, "INVALID_REQUEST", "known: nearest, z"),
    (designs([""]), {"interval_level": 1}, 422, "INVALID_REQUEST", "interval_level"),
    (designs([""] * 1001), {"include": "z"}, 422, "INVALID_REQUEST", "at most 1,000 designs"),
    (designs([""]), {"timeout_seconds": 0.4}, 504, "DEADLINE_EXCEEDED", "within"),
]


async def test_bodies_that_are_refused(rest, path):
    for content, parameters, status, reason, told in REFUSED:
        body = content if isinstance(content, bytes) else body_of(content, PARQUET)
        answer = await post(rest, path, body, **parameters)
        problem = answer.json()
        assert (answer.status_code, problem["reason"]) == (status, reason)
        assert told in problem["detail"]


async def test_a_type_that_is_none_of_ours_is_told(rest, path):
    answer = await post(rest, path, b"", "application/vnd.apache.arrow.strm")
    assert answer.status_code == 422
    assert "send application/json, application/vnd.apache.arrow.stream" in answer.json()["detail"]
    named = await rest.post(path, params={"column": "x"}, json={"genotypes": [""]})
    assert "column is of tables" in named.json()["detail"]


async def test_json_is_answered_by_a_table_where_it_is_asked_for(rest, path, valkey):
    worker = asyncio.create_task(answer_one(valkey, WORKER))
    sent = {"genotypes": [EDITS[0]]}
    answer = await rest.post(path, json=sent, headers={"accept": STREAM})
    await worker
    assert (answer.status_code, answer.headers["content-type"]) == (200, STREAM)
    table = pa.ipc.open_stream(answer.content).read_all()
    assert table.to_pydict() == {"genotype": [EDITS[0]], "titer.mean": [1.5]}
    assert table.schema.metadata[b"cellgebra.model"].startswith(b"model@")
    assert table.schema.field("titer.mean").metadata[b"unit"] == b"mg/L"


async def test_scores_name_the_conditions_of_their_model(rest, context, valkey):
    medium = {"name": "medium", "value": "M9"}
    path = f"/v1/models/{add_model(context, conditions=[medium])}:score"
    for accept in ("application/json", STREAM):
        worker = asyncio.create_task(answer_one(valkey, WORKER))
        answer = await rest.post(path, json={"genotypes": [""]}, headers={"accept": accept})
        await worker
        if accept == STREAM:
            metadata = pa.ipc.open_stream(answer.content).schema.metadata
            assert json.loads(metadata[b"cellgebra.conditions"]) == [medium]
        else:
            assert answer.json()["conditions"] == [medium]


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ([{"name": "medium", "value": "LB"}], "measured at medium 'M9' alone"),
        ([{"name": "strain", "value": "x"}], "no condition 'strain'; it has: medium, oxygen"),
        ([{"name": "medium", "value": "M9"}], "oxygen is missing: it was 'low' in training"),
        ([{"name": "medium", "value": "M9"}] * 2, "given twice"),
    ],
)
async def test_other_conditions_than_those_of_the_model_are_refused(
    rest, context, conditions, message
):
    held = [{"name": "medium", "value": "M9"}, {"name": "oxygen", "value": "low"}]
    path = f"/v1/models/{add_model(context, conditions=held)}:score"
    answer = await rest.post(path, json={"genotypes": [""], "conditions": conditions})
    assert (answer.status_code, answer.json()["reason"]) == (422, "INVALID_ARGUMENT")
    assert any(message in error["message"] for error in answer.json()["errors"])


async def test_the_conditions_of_the_model_are_taken(rest, context, valkey):
    held = [{"name": "medium", "value": "M9"}, {"name": "oxygen", "value": "low"}]
    path = f"/v1/models/{add_model(context, conditions=held)}:score"
    worker = asyncio.create_task(answer_one(valkey, WORKER))
    answer = await rest.post(path, json={"genotypes": [""], "conditions": held[::-1]})
    await worker
    assert (answer.status_code, answer.json()["conditions"]) == (200, held)


async def test_the_query_counts_before_the_body(rest, path, valkey):
    worker = asyncio.create_task(answer_one(valkey, WORKER))
    sent = {"genotypes": [""], "fields": ["sd"], "interval_level": 0.8}
    options = {"fields": "mean,min", "include": "nearest", "interval_level": 0.6}
    answer = await rest.post(path, json=sent, params=options)
    (asked,) = await worker
    assert answer.status_code == 200
    assert asked["fields"] == ["mean", "min"]
    assert (asked["include"], asked["interval_level"]) == (["nearest"], 0.6)


async def test_the_document_has_every_form(rest):
    document = (await rest.get("/openapi.json")).json()
    operation = document["paths"]["/v1/models/{model_id}:score"]["post"]
    for content in (operation["requestBody"]["content"], operation["responses"]["200"]["content"]):
        assert set(content) == {"application/json", *TableForm}
        assert content["application/json"]["schema"]["$ref"]
