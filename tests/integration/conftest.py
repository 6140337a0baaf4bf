"""One small data set and one small model a service, shared by the tests of the whole path."""

import json
import time
from pathlib import Path

import grpc
import httpx
import pytest

ISOPRENOL = Path(__file__).parents[2] / "examples" / "isoprenol"
SMALL = {
    "labels": [{"name": "isoprenol"}],
    "split": {"kind": "covariate", "covariate": "cycle", "test": ["5", "6"]},
    "model": {"kind": "perturbation_set", "latent_dim": 8, "hidden_dim": 8},
    "epochs": 3,
    "ensemble_size": 2,
}


@pytest.fixture(
    scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]
)
def service(request):
    """The running service of `cellgebra up`, on SQLite and on PostgreSQL in turn."""
    return request.getfixturevalue(f"{request.param}_service")


@pytest.fixture(scope="session")
def api(service):
    """An HTTP client of the running service."""
    with httpx.Client(base_url=service.base_url, timeout=60) as client:
        yield client


@pytest.fixture
def channel(service):
    with grpc.insecure_channel(service.grpc_address) as opened:
        yield opened


@pytest.fixture(scope="session")
def upload(api):
    """Uploads bytes with a mapping; gives the answer, whatever it is."""

    def post(content, spec, **query):
        return api.post("/v1/datasets", params={"spec": json.dumps(spec), **query}, content=content)

    return post


@pytest.fixture(scope="session")
def mapping():
    return json.loads((ISOPRENOL / "mapping.json").read_text())


@pytest.fixture(scope="session")
def once():
    """Makes a thing once a service; pytest makes fixtures anew when it turns to the other one."""
    made = {}

    def make(service, name, how):
        key = (service.base_url, name)
        if key not in made:
            made[key] = how()
        return made[key]

    return make


@pytest.fixture(scope="session")
def ended(api):
    """A data set that is no longer INGESTING; a busy machine takes its time."""

    def wait(path):
        while (found := api.get(path).raise_for_status().json())["state"] == "INGESTING":
            time.sleep(0.2)
        return found

    return wait


@pytest.fixture(scope="session")
def dataset(once, service, upload, mapping, ended):
    """The isoprenol designs, READY."""

    def add():
        answer = upload((ISOPRENOL / "putida_isoprenol_designs.tsv").read_bytes(), mapping)
        assert answer.status_code in (201, 202), answer.text
        return ended(f"/v1/datasets/{answer.json()['id']}")

    return once(service, "dataset", add)


@pytest.fixture(scope="session")
def train(api, dataset):
    """Trains to the end and gives the job."""

    def run(**changes):
        spec = {"dataset_id": dataset["id"], **SMALL, **changes}
        job = api.post("/v1/training-jobs", json=spec).raise_for_status().json()
        with api.stream("GET", f"/v1/training-jobs/{job['id']}/events", timeout=120) as stream:
            for _ in stream.iter_lines():
                pass
        return api.get(f"/v1/training-jobs/{job['id']}").raise_for_status().json()

    return run


@pytest.fixture(scope="session")
def trained(once, service, train):
    """A SUCCEEDED training job."""

    def make():
        job = train()
        assert job["state"] == "SUCCEEDED", job
        return job

    return once(service, "trained", make)
