"""A client that is none of ours: `buf curl`, which knows of the contract what reflection tells."""

import json
import os
import shutil
import socket
import subprocess
import time
from base64 import b64decode
from pathlib import Path

import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo

from tests.servers.embedded import embedded_service
from tests.service.rpc.certificates import make_authority, make_pair

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
OWN_BUF = ROOT / ".venv" / "node" / "node_modules" / ".bin" / "buf"
PLAIN = ["--http2-prior-knowledge"]
LISTEN_SECONDS = 30
PACKAGE = "cellgebra.v1"


@pytest.fixture(scope="module")
def buf():
    """The program; `make proto-lint` installs it."""
    found = str(OWN_BUF) if OWN_BUF.exists() else shutil.which("buf")
    assert found, "no buf: run `make proto-lint` first, which installs it"
    return found


@pytest.fixture(scope="module")
def curl(buf):
    """Calls a method by URL; gives (exit status, answers, error)."""

    def call(url, body=None, *options):
        command = [buf, "curl", "--protocol", "grpc", "--emit-defaults", *options]
        command += [] if body is None else ["--data", json.dumps(body)]
        done = subprocess.run(
            [*command, url], capture_output=True, text=True, timeout=120, env=dict(os.environ)
        )
        return done.returncode, done.stdout, done.stderr

    return call


def answers(done):
    """The messages of a call that went well, one after the other."""
    status, output, error = done
    assert status == 0, error
    decoder, found = json.JSONDecoder(), []
    while output := output.strip():
        message, end = decoder.raw_decode(output)
        found.append(message)
        output = output[end:]
    return found


@pytest.fixture
def plain_url(service):
    return f"http://{service.grpc_address}"


def test_it_finds_every_service_by_reflection(curl, plain_url):
    status, output, error = curl(plain_url, None, *PLAIN, "--list-services")
    assert status == 0, error
    assert {f"{PACKAGE}.TrainingService", f"{PACKAGE}.InferenceService"} <= set(output.split())


def test_one_answer(curl, plain_url, api, trained):
    told = api.get(f"/v1/training-jobs/{trained['id']}").json()
    url = f"{plain_url}/{PACKAGE}.TrainingService/GetTrainingJob"
    (job,) = answers(curl(url, {"id": trained["id"]}, *PLAIN))
    assert (job["state"], job["modelId"]) == (f"JOB_STATE_{told['state']}", told["model_id"])


def test_a_stream_of_answers(curl, plain_url, api, trained):
    with api.stream("GET", f"/v1/training-jobs/{trained['id']}/events") as stream:
        told = [line for line in stream.iter_lines() if line.startswith("id:")]
    url = f"{plain_url}/{PACKAGE}.TrainingService/WatchTrainingJob"
    events = answers(curl(url, {"id": trained["id"]}, *PLAIN))
    assert [int(event["sequence"]) for event in events] == list(range(1, len(told) + 1))


def test_an_error_shows_where_it_is(curl, plain_url, trained):
    url = f"{plain_url}/{PACKAGE}.InferenceService/Score"
    body = {"modelId": trained["model_id"], "genotypes": ["", "PP_0386:knockdown"]}
    status, output, error = curl(url, body, *PLAIN)
    assert (status, output) == (8 * 3, "")  # buf multiplies gRPC's number by 8
    told = json.loads(error)
    assert told["code"] == "invalid_argument"
    details = {detail["type"]: b64decode(detail["value"] + "==") for detail in told["details"]}
    assert ErrorInfo.FromString(details["google.rpc.ErrorInfo"]).reason == "UNKNOWN_EDITS"
    (violation,) = BadRequest.FromString(details["google.rpc.BadRequest"]).field_violations
    assert violation.field == "genotypes[1]"
    assert "did you mean PP_0368:knockdown" in violation.description


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """Files of an authority, the server and a client, by name."""
    folder = tmp_path_factory.mktemp("tls")
    authority = make_authority(folder, "authority")
    return authority, make_pair(folder, "server", authority), make_pair(folder, "client", authority)


def listens(host, port):
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


@pytest.fixture(scope="module")
def secured(tls, tmp_path_factory):
    """A service whose gRPC is a process of its own, and asks for certificates; its port listens."""
    authority, pair, _ = tls
    environment = {
        "CELLGEBRA_API_SERVES_GRPC": "false",
        "CELLGEBRA_GRPC_TLS_CERTIFICATE": str(pair.certificate),
        "CELLGEBRA_GRPC_TLS_KEY": str(pair.key),
        "CELLGEBRA_GRPC_TLS_CLIENT_CA": str(authority.certificate),
    }
    data_dir = tmp_path_factory.mktemp("secured") / "data"
    with embedded_service(data_dir, environment=environment) as service:
        host, port = service.grpc_address.split(":")
        deadline = time.monotonic() + LISTEN_SECONDS
        while not listens(host, int(port)):
            assert time.monotonic() < deadline, service.logs()
            time.sleep(0.1)
        yield service


def test_a_process_of_its_own_answers_over_tls(curl, secured, tls):
    authority, _, client = tls
    url = f"https://localhost:{secured.grpc_address.split(':')[1]}"
    options = ["--cacert", authority.certificate, "--cert", client.certificate, "--key", client.key]
    listed = f"{url}/{PACKAGE}.TrainingService/ListTrainingJobs"
    assert answers(curl(listed, {}, *options)) == [{"trainingJobs": [], "nextPageToken": ""}]
    status, _, error = curl(
        f"{url}/{PACKAGE}.TrainingService/GetTrainingJob", {"id": "j"}, *options
    )
    assert status == 8 * 5, error
    assert json.loads(error)["code"] == "not_found"


def test_without_a_certificate_it_answers_nothing(curl, secured, tls):
    authority, _, _ = tls
    url = f"https://localhost:{secured.grpc_address.split(':')[1]}"
    listed = f"{url}/{PACKAGE}.TrainingService/ListTrainingJobs"
    schema = ["--schema", ROOT / "proto"]  # not even reflection answers
    status, output, error = curl(listed, {}, "--cacert", authority.certificate, *schema)
    assert (status == 0, output) == (False, ""), error


def test_the_api_leaves_grpc_to_it(secured):
    names = {path.stem for path in (secured.data_dir / "logs").glob("*.log")}
    assert {"api", "rpc"} <= names
