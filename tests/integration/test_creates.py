"""Fifty times the same create at once, of every kind: one is made, and all are told of it."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.integration.conftest import ISOPRENOL, SMALL

pytestmark = pytest.mark.slow

TIMES = 50
LABELS = [{"name": "isoprenol"}]


def trained_model(request):
    return {"model_id": request.getfixturevalue("trained")["model_id"]}


def on_data(request):
    return {"dataset_id": request.getfixturevalue("dataset")["id"]}


def training(request):
    return "/v1/training-jobs", {"json": {**on_data(request), **SMALL, "seed": 50}}


def search(request):
    spec = {"objectives": [{"label": "isoprenol"}], "max_order": 1, "proposal_count": 1}
    return "/v1/search-jobs", {"json": {**trained_model(request), **spec}}


def scoring(request):
    designs = {"kind": "combinations", "min_order": 1, "max_order": 1}
    return "/v1/scoring-jobs", {"json": {**trained_model(request), "input": designs}}


def sweep(request):
    parameters = [{"path": "model.head", "kind": "choice", "choices": ["linear", "mlp"]}]
    spec = {"parameters": parameters, "max_trials": 1, "objective": {"folds": 2}}
    return "/v1/sweeps", {"json": {**spec, "training": {**on_data(request), **SMALL}}}


def dataset(_):
    content = (ISOPRENOL / "putida_isoprenol_designs.tsv").read_bytes()
    spec = (ISOPRENOL / "mapping.json").read_text()
    return "/v1/datasets", {"content": content, "params": {"spec": spec}}


def gene_table(_):
    content = b"locus\tx\nPP_0368\t1\nPP_0751\t2\n"
    return "/v1/gene-tables", {"content": content, "params": {"spec": json.dumps({})}}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("service", ["postgresql"], indirect=True)  # SQLite has one writer
@pytest.mark.parametrize("kind", [training, search, scoring, sweep, dataset, gene_table])
def test_one_is_made(api, request, kind):
    path, asked = kind(request)
    params = {**asked.pop("params", {}), "request_id": str(uuid.uuid4())}

    def create(_):
        return httpx.post(str(api.base_url.join(path)), params=params, timeout=120, **asked)

    with ThreadPoolExecutor(TIMES) as pool:
        answers = list(pool.map(create, range(TIMES)))
    assert {answer.status_code for answer in answers} <= {200, 201, 202}, answers
    assert len({answer.json()["id"] for answer in answers}) == 1
