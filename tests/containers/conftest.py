"""One deployment for all tests of this folder, and clients that hold its first key."""

import json
import tempfile
import time
from pathlib import Path

import httpx
import pytest

from tests.containers.stack import NOTES, ROOT, WORKERS, stack, wait_until

ISOPRENOL = ROOT / "examples" / "isoprenol"
START_SECONDS = 300.0
ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")


def pytest_terminal_summary(terminalreporter):
    """Print what was measured."""
    if NOTES:
        terminalreporter.section("docker-compose.yml")
        for line in NOTES:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def deployment(request):
    """The running service, ready."""
    # A folder of our own: another run of pytest may remove the temporary folders of this one.
    with tempfile.TemporaryDirectory() as folder, stack(Path(folder)) as made:
        begin = time.monotonic()
        try:
            made.up()
            made.note(f"docker compose up: {time.monotonic() - begin:.1f} s")
            wait_until(made.is_ready, "ready", START_SECONDS)
            made.note(f"ready after {time.monotonic() - begin:.1f} s")
            services = ("api", "rpc", "scheduler", *WORKERS)
            wait_until(lambda: made.is_healthy(*services), "every container is healthy", 90)
            made.note(f"every container healthy after {time.monotonic() - begin:.1f} s")
            yield made
        finally:
            if request.session.testsfailed:
                made.note(made.logs())


@pytest.fixture(scope="session")
def key(deployment):
    """The first key, read as an operator does."""
    return deployment.once("cat", "/secrets/admin/key").split()[-1]


@pytest.fixture(scope="session")
def api(deployment, key):
    """An HTTP client from outside the containers."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=deployment.base_url, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def dataset(api):
    """The isoprenol designs, READY."""
    answer = api.post(
        "/v1/datasets",
        params={"spec": (ISOPRENOL / "mapping.json").read_text(), "name": "isoprenol"},
        content=(ISOPRENOL / "putida_isoprenol_designs.tsv").read_bytes(),
    )
    assert answer.status_code in (201, 202), answer.text
    made = answer.json()
    wait_until(lambda: _dataset(api, made)["state"] != "INGESTING", "the data set", 60)
    assert _dataset(api, made)["state"] == "READY"
    return made


@pytest.fixture(scope="session")
def submit(api, dataset):
    """Asks for a training and gives its job."""

    def run(**changes):
        spec = {
            "dataset_id": dataset["id"],
            "labels": [{"name": "isoprenol"}],
            "split": {"kind": "covariate", "covariate": "cycle", "test": ["5", "6"]},
            "model": {"kind": "perturbation_set", "latent_dim": 8, "hidden_dim": 8},
            "epochs": 3,
            "ensemble_size": 2,
            **changes,
        }
        answer = api.post("/v1/training-jobs", json=spec)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return run


@pytest.fixture(scope="session")
def ended(api):
    """Waits for the end of a training, through restarts of the service, and gives the job."""

    def wait(job, seconds=300):
        last = job

        def is_over():
            nonlocal last
            try:
                answer = api.get(f"/v1/training-jobs/{job['id']}")
            except httpx.TransportError:
                return False
            if answer.status_code == 503:
                return False
            last = answer.raise_for_status().json()
            return last["state"] in ENDED

        wait_until(is_over, f"{job['id']} ends: {json.dumps(last)[:300]}", seconds)
        return last

    return wait


@pytest.fixture(scope="session")
def trained(submit, ended):
    """A SUCCEEDED training job."""
    job = ended(submit())
    assert job["state"] == "SUCCEEDED", job
    return job


def _dataset(api, made):
    return api.get(f"/v1/datasets/{made['id']}").raise_for_status().json()
