"""One trace id finds a request in the logs of every process that had to do with it."""

import json
import time

import grpc
import httpx
import psutil
import pytest

from service.rpc.pb.cellgebra.v1 import training_pb2, training_pb2_grpc
from tests.integration.conftest import ISOPRENOL, SMALL
from tests.servers.embedded import embedded_service

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

UPLOAD, TRAIN, SCORE, CALL = (f"trace-of-{name}" for name in ("upload", "train", "score", "call"))


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("traced") / "data"
    settings = {
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "DEBUG",
        "LEASE_SECONDS": "4",
        "INGEST_WAIT_SECONDS": "60",
    }
    environment = {f"CELLGEBRA_{name}": value for name, value in settings.items()}
    with embedded_service(data_dir, environment=environment) as started:
        yield started


@pytest.fixture(scope="module")
def api(traced):
    with httpx.Client(base_url=traced.base_url, timeout=60) as client:
        yield client


def post(api, path, trace, **request):
    answer = api.post(path, headers={"X-Trace-Id": trace}, **request).raise_for_status()
    assert answer.headers["X-Trace-Id"] == trace
    return answer.json()


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def train_with_a_lost_worker(service, api, dataset_id):
    """The worker is killed as soon as it has the job; the scheduler takes that back."""
    job = post(api, "/v1/training-jobs", TRAIN, json={"dataset_id": dataset_id, **SMALL})

    def read(*states):
        found = api.get(f"/v1/training-jobs/{job['id']}").json()
        return found if found["state"] in states else None

    wait_for(lambda: read("RUNNING"))
    for process in [one for one in service.processes() if _is_of_train(one)]:
        process.kill()
    return wait_for(lambda: read("SUCCEEDED", "FAILED"), 120)


def _is_of_train(process):
    try:
        return any(
            "-Q train" in " ".join(one.cmdline()) for one in (process, process.parent() or process)
        )
    except psutil.NoSuchProcess:  # it has ended since
        return False


@pytest.fixture(scope="module")
def job(traced, api):
    mapping = (ISOPRENOL / "mapping.json").read_text()
    content = (ISOPRENOL / "putida_isoprenol_designs.tsv").read_bytes()
    dataset = post(api, "/v1/datasets", UPLOAD, params={"spec": mapping}, content=content)
    done = train_with_a_lost_worker(traced, api, dataset["id"])
    body = {"genotypes": ["PP_0368:knockdown"]}
    post(api, f"/v1/models/{done['model_id']}:score", SCORE, json=body)
    with grpc.insecure_channel(traced.grpc_address) as channel:
        training = training_pb2_grpc.TrainingServiceStub(channel)
        request = training_pb2.GetTrainingJobRequest(id=done["id"])
        training.GetTrainingJob(request, metadata=[("x-trace-id", CALL)])
    return done


def lines_of(service, trace):
    """The lines of a trace, by the log that they are in."""
    found = {}
    for path in (service.data_dir / "logs").glob("*.log"):
        for line in path.read_text().splitlines():
            if line.startswith("{"):
                told = json.loads(line)
                if told.get("trace_id") == trace:
                    found.setdefault(path.stem, []).append(told)
    return found


@pytest.mark.parametrize(
    ("trace", "logs"),
    [
        (UPLOAD, {"api", "batch"}),
        (TRAIN, {"api", "scheduler", "train-1"}),
        (SCORE, {"api", "inference"}),
        (CALL, {"api"}),
    ],
)
@pytest.mark.usefixtures("job")
def test_one_trace_finds_a_request_wherever_it_went(traced, trace, logs):
    # On a busy machine the scheduler may ring again for what it thinks was lost.
    assert logs <= set(lines_of(traced, trace)) <= logs | {"scheduler"}


def test_lines_name_the_job_and_the_model(traced, job):
    for lines in lines_of(traced, TRAIN).values():
        assert job["id"] in {line.get("job_id") for line in lines}
    (ended,) = [line for line in lines_of(traced, TRAIN)["train-1"] if "model_id" in line]
    assert ended["message"].endswith("SUCCEEDED")
    assert ended["model_id"] == job["model_id"]
    for lines in lines_of(traced, SCORE).values():
        assert job["model_id"] in {line.get("model_id") for line in lines}
