"""The deployment as it is started: the tutorial from outside, what it exposes, more workers."""

import json
import os
import re
import sys
import time

import grpc
import pytest

from service.contract.inference import ScoreAnswer
from service.rpc.mapping import read_message
from service.rpc.pb.cellgebra.v1 import (
    inference_pb2,
    inference_pb2_grpc,
    jobs_pb2,
    training_pb2,
    training_pb2_grpc,
)
from tests.containers.stack import COMPOSE, ENGINE, WORKERS, command, inspect, wait_until
from tests.docs import test_tutorial as tutorial

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

DESIGNS = ["", "PP_0751:knockdown+PP_0368:knockdown", "PP_0368:knockdown"]


@pytest.fixture(scope="module")
def channel(deployment):
    with grpc.insecure_channel(f"127.0.0.1:{deployment.rpc_port}") as opened:
        yield opened


def service_of(container):
    return container["Config"]["Labels"]["com.docker.compose.service"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--profile", "cpu", "--profile", "monitoring", "--profile", "s3"),
        ("--profile", "gpu", "--profile", "gpu-1"),
        ("-f", "docker-compose.yml", "-f", "docker/outside.yml", "--profile", "cpu"),
        ("-f", "docker-compose.yml", "-f", "docker/shared.yml", "--profile", "cpu"),
    ],
)
def test_what_is_not_started_here_can_be_read(arguments, monkeypatch):
    monkeypatch.setenv("CELLGEBRA_SHARED_ADDRESS", "10.0.0.1")
    assert command(*COMPOSE, *arguments, "config", "--quiet") == ""


@pytest.fixture
def curl(tmp_path, key):
    """A folder for PATH, whose `curl` sends the key, as an operator's ~/.curlrc would."""
    folder = tmp_path / "bin"
    folder.mkdir()
    real = (
        [sys.executable, str(tutorial.STAND_IN)]
        if tutorial.curl_version() < (7, 87)
        else [tutorial.shutil.which("curl")]
    )
    script = folder / "curl"
    script.write_text(f'#!/bin/sh\nexec {" ".join(real)} -H "Authorization: Bearer {key}" "$@"\n')
    script.chmod(0o700)
    return folder


def test_the_tutorial_works_from_outside(deployment, tmp_path, curl, monkeypatch):
    monkeypatch.setattr(tutorial, "TIMEOUT_SECONDS", 500)
    text = (tutorial.ROOT / "docs" / "tutorial.md").read_text()
    (tmp_path / "examples").symlink_to(tutorial.ROOT / "examples")
    begin = time.monotonic()
    steps = tutorial.read_steps(text.replace(tutorial.ADDRESS, deployment.base_url))
    outputs = tutorial.run(steps, tmp_path, curl)
    assert len(outputs) == len(steps)
    for step, output in zip(steps, outputs, strict=True):
        said, printed = step.output, output.strip()
        if step.varies:
            said, printed = tutorial.without_figures(said), tutorial.without_figures(printed)
        assert tutorial.pattern_of(said).fullmatch(printed), f"$ {step.command}\n{output}"
    deployment.note(f"tutorial, {len(steps)} commands: {time.monotonic() - begin:.1f} s")


def test_a_training_made_over_grpc_scores_as_over_rest(deployment, channel, api, key, dataset):
    metadata = (("authorization", f"Bearer {key}"),)
    training = training_pb2_grpc.TrainingServiceStub(channel)
    spec = training_pb2.TrainingSpec(
        dataset_id=dataset["id"],
        labels=[{"name": "isoprenol"}],
        model={"additive": {"penalty": 1.0}},
        split={"none": {}},
        ensemble_size=2,
    )
    request = training_pb2.CreateTrainingJobRequest(spec=spec)
    job = training.CreateTrainingJob(request, metadata=metadata)

    def is_over():
        nonlocal job
        job = training.GetTrainingJob(
            training_pb2.GetTrainingJobRequest(id=job.id), metadata=metadata
        )
        return job.state not in (jobs_pb2.JOB_STATE_QUEUED, jobs_pb2.JOB_STATE_RUNNING)

    seconds = wait_until(is_over, "a training over gRPC", 240)
    assert job.state == jobs_pb2.JOB_STATE_SUCCEEDED, job.error
    inference = inference_pb2_grpc.InferenceServiceStub(channel)
    answer = inference.Score(
        inference_pb2.ScoreRequest(model_id=job.model_id, genotypes=DESIGNS), metadata=metadata
    )
    told = api.post(f"/v1/models/{job.model_id}:score", json={"genotypes": DESIGNS}).json()
    assert ScoreAnswer.model_validate(read_message(answer)) == ScoreAnswer.model_validate(told)
    deployment.note(f"training and scores over gRPC: {seconds:.1f} s")


@pytest.mark.parametrize(
    ("service", "told"),
    [
        ("api", r'cellgebra_rest_requests_total{.*route="/v1/training-jobs",status="201"} [1-9]'),
        ("rpc", r'cellgebra_rpc_requests_total{code="OK",method=".*/CreateTrainingJob"} [1-9]'),
        ("scheduler", r'cellgebra_workers{queue="train"} 1\.0'),
    ],
)
def test_what_was_done_can_be_scraped(deployment, trained, service, told):  # noqa: ARG001
    read = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9100/metrics').read().decode())"
    text = deployment.compose("exec", "-T", service, "python", "-c", read)
    assert re.search(told, text), text
    assert re.search(r'cellgebra_jobs{kind="training",state="SUCCEEDED"} [1-9]', text), text
    assert "cellgebra_database_up 1.0" in text
    assert "cellgebra_broker_up 1.0" in text


def test_nobody_is_answered_without_the_key(deployment, channel):
    told = tutorial.subprocess.run(
        ["curl", "-s", "-o", os.devnull, "-w", "%{http_code}", f"{deployment.base_url}/v1/models"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "401"
    with pytest.raises(grpc.RpcError) as refused:
        training_pb2_grpc.TrainingServiceStub(channel).GetTrainingJob(
            training_pb2.GetTrainingJobRequest(id="job_0")
        )
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED


def test_no_process_is_root_and_no_file_of_an_image_can_be_written(deployment):
    running = {service_of(one): one for one in deployment.running()}
    assert set(running) == {"db", "broker", "api", "rpc", "scheduler", *WORKERS}
    for name, one in running.items():
        lines = command(ENGINE, "top", one["Id"], "-eo", "pid,uid,comm").splitlines()[1:]
        assert lines, name
        assert [line for line in lines if line.split()[1] == "0"] == [], name
        assert one["HostConfig"]["ReadonlyRootfs"], name
        assert one["HostConfig"]["CapDrop"] == ["ALL"], name
        assert not one["HostConfig"]["Privileged"], name
        write = ("sh", "-c", "echo 1 >/etc/mark")
        written = command(ENGINE, "exec", "--user", "0", one["Id"], *write, check=False)
        assert "ead-only file system" in written, name


def test_only_the_two_doors_are_published(deployment):
    published = {
        (service_of(one), inner, outer["HostIp"])
        for one in deployment.running()
        for inner, outers in one["NetworkSettings"]["Ports"].items()
        for outer in outers or []
    }
    assert published == {("api", "8000/tcp", "127.0.0.1"), ("rpc", "8001/tcp", "127.0.0.1")}


def test_secrets_are_in_files_and_not_in_environments(deployment):
    url = deployment.once("cat", "/secrets/service/cellgebra_database_url").split()[-1]
    password = url.split(":")[2].partition("@")[0]
    assert len(password) == 64
    for one in deployment.running():
        told = json.dumps([one["Config"]["Env"], one["Config"]["Cmd"], one["Args"]])
        assert password not in told


def test_the_service_owns_its_database_and_is_no_superuser(deployment):
    asked = "FROM pg_roles r JOIN pg_database d ON d.datdba = r.oid WHERE datname = 'cellgebra'"
    assert deployment.sql(f"SELECT rolname, rolsuper, rolcreatedb {asked}") == "cellgebra|f|f"


def test_more_inference_workers_share_the_scores(deployment, api, trained):
    deployment.up("worker-inference", scale=("worker-inference=3",))
    seconds = wait_until(lambda: deployment.live_workers("inference") == 3, "three workers", 120)
    deployment.note(f"worker-inference=3: beating after {seconds:.1f} s")
    url = f"/v1/models/{trained['model_id']}:score"
    first = api.post(url, json={"genotypes": DESIGNS}).raise_for_status().json()
    for _ in range(30):
        assert api.post(url, json={"genotypes": DESIGNS}).raise_for_status().json() == first
    os.kill(inspect(deployment.containers("worker-inference")[0])[0]["State"]["Pid"], 9)
    told = [api.post(url, json={"genotypes": DESIGNS}) for _ in range(30)]
    # Whoever is killed takes the task in its hands along, and no other.
    assert [answer.status_code for answer in told].count(200) >= len(told) - 1
