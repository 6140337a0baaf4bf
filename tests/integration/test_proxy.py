"""The proxies of docker/proxy before a running service: REST and gRPC over TLS, as without it."""

import asyncio
import hashlib
import json
import ssl
import subprocess
import time

import grpc
import httpx
import pytest
from google.rpc.error_details_pb2 import BadRequest
from grpc_status.rpc_status import from_call

from service.contract.datasets import DatasetSpec
from service.rpc.mapping import write_message
from service.rpc.pb.cellgebra.v1 import (
    datasets_pb2,
    datasets_pb2_grpc,
    jobs_pb2,
    training_pb2,
    training_pb2_grpc,
)
from tests.integration.conftest import ISOPRENOL, SMALL
from tests.servers.proxies import Before, program, proxy_before
from tests.service.rpc.certificates import make_authority, make_pair
from tests.service.rpc.statuses import detail_of
from tests.service.rpc.uploads import parts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

TABLE = (ISOPRENOL / "putida_isoprenol_designs.tsv").read_text()
MAPPING = json.loads((ISOPRENOL / "mapping.json").read_text())
LONG = {"epochs": 20_000, "patience_epochs": 20_000, "ensemble_size": 1}
LARGE_BYTES = 30 * 10**6


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return make_authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def proxy(request, sqlite_service, authority, tmp_path_factory):
    """Where it listens."""
    if program(request.param) is None:
        pytest.skip(f"{request.param.upper()} IS NOT INSTALLED: its docker/proxy is not tried")
    folder = tmp_path_factory.mktemp(request.param)
    pair = make_pair(folder, "proxy", authority)
    before = Before(
        rest_port=int(sqlite_service.base_url.rpartition(":")[2]),
        rpc_port=int(sqlite_service.grpc_address.rpartition(":")[2]),
        certificate=pair.certificate,
        key=pair.key,
    )
    with proxy_before(request.param, folder, before) as port:
        yield f"127.0.0.1:{port}"


@pytest.fixture(scope="module")
def connect(proxy, authority):
    """Opens clients, from an address of this machine."""
    trusted = ssl.create_default_context(cafile=authority.certificate)

    def open_client(address="127.0.0.1"):
        transport = httpx.HTTPTransport(verify=trusted, local_address=address)
        return httpx.Client(base_url=f"https://{proxy}", transport=transport, timeout=60)

    return open_client


@pytest.fixture(scope="module")
def api(connect):
    with connect() as client:
        yield client


@pytest.fixture(scope="module")
def channel(proxy, authority):
    trusted = grpc.ssl_channel_credentials(authority.certificate.read_bytes())
    with grpc.secure_channel(proxy, trusted) as opened:
        yield opened


@pytest.fixture(scope="module")
def large_table():
    """The isoprenol designs with a column of notes, 30 MB."""
    head, *rows = TABLE.splitlines()
    note = "n" * (LARGE_BYTES // len(rows))
    return "\n".join([f"{head}\tlong_note", *(f"{row}\t{note}" for row in rows)]).encode()


@pytest.fixture(scope="module")
def dataset(api, large_table):
    """A data set of a table of 30 MB, READY."""
    spec = {"spec": json.dumps(MAPPING), "sha256": hashlib.sha256(large_table).hexdigest()}
    made = api.post("/v1/datasets", params=spec, content=large_table)
    assert made.status_code in (201, 202), made.text
    path = f"/v1/datasets/{made.json()['id']}"
    while (found := api.get(path).raise_for_status().json())["state"] == "INGESTING":
        time.sleep(0.2)
    assert found["state"] == "READY", found
    return found


@pytest.fixture
def long_job(api, dataset):
    """A training that goes on until it is cancelled."""
    spec = {**SMALL, **LONG, "dataset_id": dataset["id"]}
    job = api.post("/v1/training-jobs", json=spec).raise_for_status().json()
    yield job
    api.post(f"/v1/training-jobs/{job['id']}:cancel").raise_for_status()


@pytest.fixture
def waiting_job(api, dataset):
    """A training that asks for more GPUs than there are."""
    spec = {**SMALL, "resources": {"gpus": 64}, "dataset_id": dataset["id"]}
    job = api.post("/v1/training-jobs", json=spec).raise_for_status().json()
    yield job
    api.post(f"/v1/training-jobs/{job['id']}:cancel").raise_for_status()


def test_a_large_table_is_uploaded(dataset):
    assert dataset["profile"]["row_count"] == 472


def test_an_event_comes_at_once_and_alone(api, waiting_job):
    """A few bytes, behind which nothing comes: what is kept for more of them is not here now."""
    path = f"/v1/training-jobs/{waiting_job['id']}"
    with api.stream("GET", f"{path}/events", timeout=10) as stream:
        assert next(line for line in stream.iter_lines() if line == "event: state")
    assert api.get(path).json()["state"] == "QUEUED"


def test_headers_may_be_large(api):
    large = {f"X-Part-{number}": "h" * 30_000 for number in (1, 2)}
    assert api.get("/v1/models", headers=large).status_code == 200


def test_the_service_knows_who_asks_and_how(connect, api, proxy):
    name = f"job_of_{proxy.rpartition(':')[2]}"
    with connect("127.0.0.2") as other:
        forged = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "http"}
        told = other.delete(f"/v1/training-jobs/{name}", headers=forged)
    assert told.status_code == 404
    assert told.headers["strict-transport-security"]
    assert addresses_of(api, name) == ["127.0.0.2"]


def addresses_of(api, name):
    """Where it was asked from that a job goes."""
    for _ in range(100):
        items = api.get("/v1/audit", params={"operation": "deleteTrainingJob"}).json()["items"]
        addresses = [one["address"] for one in items if one["resource_id"] == name]
        if addresses:
            return addresses
        time.sleep(0.05)
    raise AssertionError(f"nothing is noted of {name}")


def test_the_service_knows_who_calls_over_grpc(proxy, api, authority):
    """By curl, which can ask from another address of this machine."""
    name = f"called_of_{proxy.rpartition(':')[2]}"
    content = training_pb2.DeleteTrainingJobRequest(id=name).SerializeToString()
    message = b"\0" + len(content).to_bytes(4, "big") + content
    command = ["curl", "-sS", "--http2", "--cacert", authority.certificate]
    command += ["--interface", "127.0.0.2", "-H", "X-Forwarded-For: 192.0.2.7", "-i"]
    command += ["-H", "TE: trailers", "-H", "Content-Type: application/grpc"]
    command += ["--data-binary", "@-"]
    path = "/cellgebra.v1.TrainingService/DeleteTrainingJob"
    done = subprocess.run(
        [*command, f"https://{proxy}{path}"], input=message, capture_output=True, check=False
    )
    assert b"grpc-status: 5" in done.stdout, done
    assert addresses_of(api, name) == ["127.0.0.2"]


def test_a_service_without_keys_is_not_opened_by_the_proxy(api):
    assert api.get("/v1/models", headers={"Host": "cellgebra.example.org"}).status_code == 403


def test_rest_goes_over_http_2_too(proxy, authority):
    wanted = ("-o", "/dev/null", "-w", "%{http_version} %{http_code}")
    command = ["curl", "-sS", "--http2", "--cacert", authority.certificate, *wanted]
    done = subprocess.run(
        [*command, f"https://{proxy}/v1/models"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("2 200", "")


def test_a_large_table_is_uploaded_over_grpc(channel, large_table):
    datasets = datasets_pb2_grpc.DatasetServiceStub(channel)
    spec = write_message(
        datasets_pb2.DatasetSpec(), DatasetSpec.model_validate(MAPPING).model_dump()
    )
    header = datasets_pb2.DatasetHeader(spec=spec, name="through the proxy")
    kind = datasets_pb2.CreateDatasetRequest
    made = datasets.CreateDataset(parts(kind, header, large_table, chunk_bytes=10**6))
    assert made.source_sha256 == hashlib.sha256(large_table).hexdigest()


def test_a_job_is_watched_over_grpc(channel, long_job):
    training = training_pb2_grpc.TrainingServiceStub(channel)
    call = training.WatchTrainingJob(training_pb2.WatchTrainingJobRequest(id=long_job["id"]))
    assert next(event for event in call if event.type == jobs_pb2.EVENT_TYPE_EPOCH)
    call.cancel()


def test_errors_keep_their_details_over_grpc(channel, dataset):
    training = training_pb2_grpc.TrainingServiceStub(channel)
    labels = [{"name": f"no_such_label_{number}"} for number in range(40)]
    spec = training_pb2.TrainingSpec(dataset_id=dataset["id"], labels=labels)
    with pytest.raises(grpc.RpcError) as caught:
        training.CreateTrainingJob(training_pb2.CreateTrainingJobRequest(spec=spec))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    violations = detail_of(from_call(caught.value), BadRequest).field_violations
    assert len(violations) > 10
    assert violations[3].field == "spec.labels[3].name"


async def test_many_calls_share_a_connection_over_grpc(proxy, authority):
    trusted = grpc.ssl_channel_credentials(authority.certificate.read_bytes())
    async with grpc.aio.secure_channel(proxy, trusted) as channel:
        training = training_pb2_grpc.TrainingServiceStub(channel)
        asked = training_pb2.ListTrainingJobsRequest(page_size=1)
        for _ in range(8):
            await asyncio.gather(*(training.ListTrainingJobs(asked) for _ in range(200)))
