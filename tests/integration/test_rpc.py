"""The whole path over gRPC: what it says is what REST says."""

import io
import time
import zipfile

import pytest

from service.contract.inference import ScoreAnswer
from service.contract.resources import Model, TrainingJob
from service.rpc.mapping import read_message
from service.rpc.pb.cellgebra.v1 import (
    inference_pb2,
    inference_pb2_grpc,
    jobs_pb2,
    registry_pb2,
    registry_pb2_grpc,
    training_pb2,
    training_pb2_grpc,
)

TRAINING_SECONDS = 90
ENDED = {jobs_pb2.JOB_STATE_SUCCEEDED, jobs_pb2.JOB_STATE_FAILED, jobs_pb2.JOB_STATE_CANCELLED}
DESIGNS = ["", "PP_0751:knockdown+PP_0368:knockdown", "PP_0368:knockdown"]


@pytest.fixture
def training(channel):
    return training_pb2_grpc.TrainingServiceStub(channel)


@pytest.fixture
def inference(channel):
    return inference_pb2_grpc.InferenceServiceStub(channel)


@pytest.fixture
def models(channel):
    return registry_pb2_grpc.ModelServiceStub(channel)


@pytest.mark.slow
def test_a_job_made_over_grpc_trains_to_its_end(training, dataset):
    spec = training_pb2.TrainingSpec(
        dataset_id=dataset["id"],
        labels=[{"name": "isoprenol"}],
        model={"additive": {"penalty": 1.0}},
        split={"none": {}},
        ensemble_size=2,
    )
    job = training.CreateTrainingJob(training_pb2.CreateTrainingJobRequest(spec=spec))
    deadline = time.monotonic() + TRAINING_SECONDS
    while job.state not in ENDED and time.monotonic() < deadline:
        time.sleep(0.1)
        job = training.GetTrainingJob(training_pb2.GetTrainingJobRequest(id=job.id))
    assert job.state == jobs_pb2.JOB_STATE_SUCCEEDED, job.error
    assert job.fraction == 1.0
    assert job.model_id


def test_both_doors_tell_the_same_of_a_job(training, api, trained):
    told = api.get(f"/v1/training-jobs/{trained['id']}").raise_for_status().json()
    job = training.GetTrainingJob(training_pb2.GetTrainingJobRequest(id=trained["id"]))
    assert TrainingJob.model_validate(read_message(job)) == TrainingJob.model_validate(told)


def test_both_doors_give_the_same_scores(inference, api, trained):
    model_id = trained["model_id"]
    told = api.post(f"/v1/models/{model_id}:score", json={"genotypes": DESIGNS}).json()
    answer = inference.Score(inference_pb2.ScoreRequest(model_id=model_id, genotypes=DESIGNS))
    assert ScoreAnswer.model_validate(read_message(answer)) == ScoreAnswer.model_validate(told)
    assert answer.genotypes[1] == "PP_0368:knockdown+PP_0751:knockdown"
    assert list(answer.support.pair_count_min)[0::2] == [-1, -1]
    assert answer.support.pair_count_min[1] >= 1
    assert list(answer.labels[0].neutral_source) == [inference_pb2.NEUTRAL_SOURCE_MEASURED] * 3
    assert list(answer.support.is_extrapolated) == [False] * 3


def test_only_the_columns_asked_for_come(inference, trained):
    fields = [inference_pb2.SCORE_FIELD_MEAN, inference_pb2.SCORE_FIELD_SD]
    answer = inference.Score(
        inference_pb2.ScoreRequest(model_id=trained["model_id"], genotypes=DESIGNS, fields=fields)
    )
    assert not answer.HasField("support")
    given = {field.name for field, _ in answer.labels[0].ListFields()}
    assert given == {"name", "unit", "neutral_model", "mean", "sd"}


def test_both_doors_tell_the_same_of_a_model(models, api, trained):
    model_id = trained["model_id"]
    told = api.get(f"/v1/models/{model_id}").raise_for_status().json()
    model = models.GetModel(registry_pb2.GetModelRequest(id=model_id))
    received = Model.model_validate(read_message(model))
    assert received == Model.model_validate(told)
    assert received.manifest is not None
    ready = models.CheckModel(registry_pb2.CheckModelRequest(id=model_id))
    assert ready.ready, ready.detail


def test_both_doors_send_the_same_files_of_a_model(models, api, trained):
    model_id, forms = trained["model_id"], registry_pb2.DownloadModelReportRequest
    for name, form in (("json", forms.FORMAT_JSON), ("html", forms.FORMAT_HTML)):
        parts = models.DownloadModelReport(forms(id=model_id, format=form))
        content = b"".join(part.content for part in parts)
        assert content == api.get(f"/v1/models/{model_id}/report.{name}").content
    parts = models.ExportModel(registry_pb2.ExportModelRequest(id=model_id))
    content = b"".join(part.content for part in parts)
    exported = api.get(f"/v1/models/{model_id}/export.zip")
    with (
        zipfile.ZipFile(io.BytesIO(content)) as ours,
        zipfile.ZipFile(io.BytesIO(exported.content)) as theirs,
    ):
        assert {name: ours.read(name) for name in ours.namelist()} == {
            name: theirs.read(name) for name in theirs.namelist()
        }
        assert "model.onnx" in ours.namelist()
