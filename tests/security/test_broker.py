"""Messages that somebody with access to the broker has forged."""

import base64
import json
import os
import pickle
import time
import uuid

import httpx
import pytest
import sqlalchemy as sa

from service.contract.broker import KEY_PREFIX
from service.contract.jobs import EXPORT_TASK_NAME, SCORE_TASK_NAME, TASK_NAME, JobKind, Queue
from tests.integration.conftest import ISOPRENOL, SMALL
from tests.servers.embedded import embedded_service

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def service(tmp_path_factory, valkey_process):
    """A service on a broker that the attacker writes to."""
    valkey_process.flush()
    data_dir = tmp_path_factory.mktemp("forged") / "data"
    with embedded_service(data_dir, "--broker-url", valkey_process.url) as running:
        yield running


@pytest.fixture(scope="module")
def api(service):
    with httpx.Client(base_url=service.base_url, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def model_id(api):
    """A model of this service."""
    spec = json.loads((ISOPRENOL / "mapping.json").read_text())
    table = (ISOPRENOL / "putida_isoprenol_designs.tsv").read_bytes()
    answer = api.post("/v1/datasets", params={"spec": json.dumps(spec)}, content=table)
    path = f"/v1/datasets/{answer.raise_for_status().json()['id']}"
    while api.get(path).json()["state"] == "INGESTING":
        time.sleep(0.2)
    request = {"dataset_id": path.rsplit("/", 1)[1], **SMALL}
    job = api.post("/v1/training-jobs", json=request).raise_for_status().json()
    while job["state"] in ("QUEUED", "RUNNING"):
        time.sleep(0.2)
        job = api.get(f"/v1/training-jobs/{job['id']}").json()
    return job["model_id"]


@pytest.fixture
def forge(valkey_process):
    """Puts a message on a queue, as a task of this name."""

    def send(queue, task, body, content_type="application/json", encoding="utf-8"):
        message = {
            "body": base64.b64encode(body).decode(),
            "content-encoding": encoding,
            "content-type": content_type,
            "headers": {"lang": "py", "task": task, "id": str(uuid.uuid4()), "argsrepr": ""},
            "properties": {
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": queue},
                "body_encoding": "base64",
                "delivery_tag": str(uuid.uuid4()),
            },
        }
        with valkey_process.connect() as client:
            client.lpush(f"{KEY_PREFIX}{queue}", json.dumps(message))

    return send


def wait_until_taken(valkey_process, queue):
    with valkey_process.connect() as client:
        until = time.monotonic() + 60
        while client.llen(f"{KEY_PREFIX}{queue}") and time.monotonic() < until:
            time.sleep(0.1)
        assert client.llen(f"{KEY_PREFIX}{queue}") == 0
    time.sleep(1)


class Shell:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def call(*args):
    return json.dumps([list(args), {}, {"callbacks": None, "chain": None}]).encode()


def test_a_pickle_is_never_opened(forge, valkey_process, tried, tmp_path):
    mark = tmp_path / "opened"
    body = pickle.dumps([[Shell(mark)], {}, {}])
    for queue in Queue:
        for content_type in ("application/x-python-serialize", "pickle", "application/x-yaml"):
            forge(queue, SCORE_TASK_NAME, body, content_type, "binary")
            tried("forged message: pickle", "dropped, never opened")
        wait_until_taken(valkey_process, queue)
    assert not mark.exists()


def test_a_task_that_is_not_ours_is_not_run(forge, valkey_process, tried, tmp_path):
    mark = tmp_path / "run"
    for task in ("os.system", "subprocess.run", "celery.backend_cleanup", "builtins.exec"):
        for queue in Queue:
            forge(queue, task, call(f"mkdir {mark}"))
            tried("forged message: name of another task", "dropped: not one of ours")
    for queue in Queue:
        wait_until_taken(valkey_process, queue)
    assert not mark.exists()


ODD = ([], [None], [{}], [[]], ["../../etc/passwd"], ["job_" + "a" * 100_000], [{"requests": 1}])


def test_our_tasks_survive_any_argument(forge, valkey_process, tried):
    for task in (SCORE_TASK_NAME, EXPORT_TASK_NAME, *TASK_NAME.values()):
        for arguments in ODD:
            forge(Queue.INFERENCE, task, call(*arguments))
            tried("forged message: odd arguments", "an error in the worker's log")
    # A training worker starts a process for each.
    forge(Queue.TRAIN, TASK_NAME[JobKind.TRAINING], call(*ODD[-2]))
    for queue in (Queue.INFERENCE, Queue.TRAIN):
        wait_until_taken(valkey_process, queue)


def test_no_scratch_folder_lies_outside(service, forge, valkey_process, model_id, tried):
    engine = sa.create_engine(service.database_url)
    with engine.connect() as connection:
        hashes = connection.execute(
            sa.text("SELECT manifest_sha256, weights_sha256 FROM models WHERE id = :id"),
            {"id": model_id},
        ).one()
    engine.dispose()
    outside = service.data_dir.parent / "outside"
    for scratch in (str(outside), "../../../outside", "..", ""):
        question = {
            "question_id": "q",
            "reply_key": "cellgebra:forged",
            "reply_ttl_seconds": 60,
            "model_id": model_id,
            "manifest_sha256": hashes[0],
            "weights_sha256": hashes[1],
            "requests": [{"scratch": scratch, "deadline_unix_seconds": time.time() + 60}],
        }
        forge(Queue.INFERENCE, EXPORT_TASK_NAME, call(question))
        tried("forged message: a folder outside the store", "refused, nothing written")
    wait_until_taken(valkey_process, Queue.INFERENCE)
    time.sleep(2)
    assert not outside.exists()
    assert not list(service.data_dir.glob("*.onnx"))
    assert not list((service.data_dir / "artifacts").glob("*.onnx"))
