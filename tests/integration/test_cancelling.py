"""A cancel takes less than 5 s: in an ingest, and behind the fit in calibration and report."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import combinations

import pytest

from service.contract.database import Database
from service.contract.records import JobRecord

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

GENES = [f"g{i}" for i in range(400)]
SCREEN = {
    "design": {
        "layout": "edits",
        "columns": [
            {"locus_column": "gene_a", "kind": "deletion"},
            {"locus_column": "gene_b", "kind": "deletion"},
        ],
    },
    "labels": [{"name": "epsilon", "kind": "interaction", "measure": "epsilon", "unit": "1"}],
}


@pytest.fixture(scope="module")
def screen(upload, api):
    """All 79,800 pairs, so that what comes after the fit takes its time."""
    draw = random.Random(0)  # noqa: S311 - data of a test
    effects = {gene: draw.gauss(0, 0.1) for gene in GENES}
    lines = ["gene_a\tgene_b\tepsilon"]
    for a, b in combinations(GENES, 2):
        lines.append(f"{a}\t{b}\t{effects[a] * effects[b] + draw.gauss(0, 0.05):.4f}")
    answer = upload("\n".join(lines).encode(), SCREEN)
    assert answer.status_code in (201, 202), answer.text
    path = f"/v1/datasets/{answer.json()['id']}"
    return until(lambda: api.get(path).json(), lambda dataset: dataset["state"] == "READY")["id"]


def until(read, is_well, seconds=120, pause=0.05):
    for _ in range(int(seconds / pause)):
        found = read()
        if is_well(found):
            return found
        time.sleep(pause)
    raise AssertionError(f"not in {seconds} s: {found}")


@pytest.mark.parametrize("seconds_after_fit", [0.0, 1.0])
def test_a_cancel_behind_the_fit_takes_less_than_five_seconds(api, screen, seconds_after_fit):
    spec = {"dataset_id": screen, "labels": [{"name": "epsilon"}], "model": {"kind": "additive"}}
    path = f"/v1/training-jobs/{api.post('/v1/training-jobs', json=spec).json()['id']}"
    until(lambda: api.get(path).json(), lambda job: job["fraction"] == 1.0)
    time.sleep(seconds_after_fit)
    begin = time.monotonic()
    assert api.post(f"{path}:cancel").json()["state"] == "CANCELLING"  # it was at work
    job = until(lambda: api.get(path).json(), lambda job: job["state"] != "CANCELLING")
    assert job["state"] == "CANCELLED"
    assert time.monotonic() - begin < 5


def state_of_job(database, dataset_id):
    with database.read() as session:
        return session.query(JobRecord.state).filter_by(subject_id=dataset_id).scalar()


def test_a_cancel_of_an_ingest_takes_less_than_five_seconds(api, service, upload):
    pairs = "".join(f"{a}\t{b}\t0.1\n" for a, b in combinations(GENES, 2))
    table = ("gene_a\tgene_b\tepsilon\n" + 50 * pairs).encode()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(upload, table, SCREEN)
        query = {"state": "INGESTING"}
        (dataset,) = until(lambda: api.get("/v1/datasets", params=query).json()["items"], bool)
        with closing(Database(service.database_url)) as database:
            until(lambda: state_of_job(database, dataset["id"]), lambda state: state == "RUNNING")
        begin, path = time.monotonic(), f"/v1/datasets/{dataset['id']}"
        assert api.post(f"{path}:cancel").json()["state"] == "INGESTING"  # it was at work
        ended = until(lambda: api.get(path).json(), lambda found: found["state"] != "INGESTING")
        assert time.monotonic() - begin < 5
    assert (ended["state"], ended["error"]["reason"]) == ("FAILED", "INGEST_CANCELLED")
    assert answer.result().status_code in (202, 409)  # as it ended, or went on for too long
