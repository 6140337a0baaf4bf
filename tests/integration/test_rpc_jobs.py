"""The whole path over gRPC alone: train, watch, search, watch, score by stream, score as a job."""

import grpc
import pytest

from service.contract.inference import ScoreAnswer
from service.rpc.mapping import read_message
from service.rpc.pb.cellgebra.v1 import (
    inference_pb2,
    inference_pb2_grpc,
    jobs_pb2,
    scoring_pb2,
    scoring_pb2_grpc,
    search_pb2,
    search_pb2_grpc,
    training_pb2,
    training_pb2_grpc,
)

SECONDS = 120
DESIGNS = ["", "PP_0751:knockdown+PP_0368:knockdown", "PP_0368:knockdown"]


@pytest.fixture
def model_id(channel, dataset):
    """A model that was trained over gRPC and watched to its end."""
    training = training_pb2_grpc.TrainingServiceStub(channel)
    spec = training_pb2.TrainingSpec(
        dataset_id=dataset["id"],
        labels=[{"name": "isoprenol"}],
        model={"perturbation_set": {"latent_dim": 8, "hidden_dim": 8}},
        split={"covariate": {"covariate": "cycle", "test": ["5", "6"]}},
        epochs=3,
        ensemble_size=2,
    )
    job = training.CreateTrainingJob(training_pb2.CreateTrainingJobRequest(spec=spec))
    first = watched(training.WatchTrainingJob, training_pb2.WatchTrainingJobRequest(id=job.id))
    kinds = {event.type for event in first}
    assert {jobs_pb2.EVENT_TYPE_STATE, jobs_pb2.EVENT_TYPE_EPOCH} <= kinds
    assert first[-1].data["state"] == "SUCCEEDED"
    again = training_pb2.WatchTrainingJobRequest(id=job.id, after_sequence=first[-2].sequence)
    assert watched(training.WatchTrainingJob, again) == first[-1:]
    return training.GetTrainingJob(training_pb2.GetTrainingJobRequest(id=job.id)).model_id


def watched(method, request):
    """All events, which follow each other without gaps."""
    events = list(method(request, timeout=SECONDS))
    first = request.after_sequence + 1
    assert [event.sequence for event in events] == list(range(first, first + len(events)))
    assert all(
        event.WhichOneof("detail") or event.type == jobs_pb2.EVENT_TYPE_REPORT for event in events
    )
    return events


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_from_a_data_set_to_proposals_and_scores(channel, api, model_id):
    search = search_pb2_grpc.SearchServiceStub(channel)
    spec = search_pb2.SearchSpec(
        model_id=model_id, objectives=[{"label": "isoprenol"}], max_order=2, proposal_count=5
    )
    job = search.CreateSearchJob(search_pb2.CreateSearchJobRequest(spec=spec))
    events = watched(search.WatchSearchJob, search_pb2.WatchSearchJobRequest(id=job.id))
    assert events[-1].data["state"] == "SUCCEEDED"
    found = search.ListProposals(search_pb2.ListProposalsRequest(id=job.id)).proposals
    assert [proposal.rank for proposal in found] == [1, 2, 3, 4, 5]

    designs = [proposal.genotype for proposal in found]
    inference = inference_pb2_grpc.InferenceServiceStub(channel)
    asked = [
        inference_pb2.ScoreStreamRequest(
            number=number, request={"model_id": model_id, "genotypes": genotypes}
        )
        for number, genotypes in enumerate([designs, ["x:deletion"], DESIGNS])
    ]
    best, unknown, others = inference.ScoreStream(iter(asked), timeout=SECONDS)
    assert [best.number, unknown.number, others.number] == [0, 1, 2]
    assert unknown.error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    # y_compose is what the search ranks by.
    means = [proposal.labels[0].compose_mean for proposal in found]
    assert list(best.answer.labels[0].y_compose) == pytest.approx(means, rel=1e-6)
    told = api.post(f"/v1/models/{model_id}:score", json={"genotypes": DESIGNS}).json()
    received = ScoreAnswer.model_validate(read_message(others.answer))
    assert received.genotypes == told["genotypes"]
    assert received.labels[0].mean == pytest.approx(told["labels"][0]["mean"], rel=1e-9)

    scoring = scoring_pb2_grpc.ScoringServiceStub(channel)
    header = {
        "spec": {"model_id": model_id, "input": {"table": {}}, "formats": ["RESULT_FORMAT_TSV"]}
    }
    parts = [
        scoring_pb2.CreateScoringJobRequest(header=header),
        scoring_pb2.CreateScoringJobRequest(chunk="\n".join(["genotype", *DESIGNS[1:]]).encode()),
    ]
    made = scoring.CreateScoringJob(iter(parts))
    events = watched(scoring.WatchScoringJob, scoring_pb2.WatchScoringJobRequest(id=made.id))
    assert events[-1].data["state"] == "SUCCEEDED"
    done = scoring.GetScoringJob(scoring_pb2.GetScoringJobRequest(id=made.id))
    assert done.report.scored_count == 2
    file = scoring_pb2.DownloadScoringFileRequest.FILE_RESULTS_PARQUET
    ask = scoring_pb2.DownloadScoringFileRequest(id=made.id, file=file)
    content = b"".join(part.content for part in scoring.DownloadScoringFile(ask))
    assert content[:4] == content[-4:] == b"PAR1"
