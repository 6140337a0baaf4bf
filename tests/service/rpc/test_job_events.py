"""What an event tells is typed beside its data, and says the same."""

from datetime import UTC, datetime

import pytest

from service.contract.jobs import EventType, JobEvent
from service.rpc.job_methods import event_message
from service.rpc.mapping import read_message
from service.rpc.pb.cellgebra.v1 import jobs_pb2
from worker.training.progress import Reporter

PROBLEM = {
    "code": "INTERNAL",
    "reason": "WORKER_LOST",
    "detail": "the worker was lost",
    "errors": [{"message": "no", "row": 3}],
}


def sent(type_, data):
    """The event as a client gets it."""
    event = JobEvent(sequence=3, type=type_, create_time=datetime.now(UTC), data=data)
    message = event_message(event)
    return jobs_pb2.JobEvent.FromString(message.SerializeToString())


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        (EventType.STATE, {"state": "RUNNING"}),
        (EventType.STATE, {"state": "FAILED", "error": PROBLEM}),
        (EventType.PROGRESS, {"fraction": 0.25}),
        (EventType.PROGRESS, {"fraction": 1.0, "estimated_seconds_left": 0.0, "message": "done"}),
        (
            EventType.PROGRESS,
            {"fraction": 0.5, "evaluated_count": 0, "possible_count": 36_000_000_000},
        ),
        (EventType.VALIDATION, {"fold": 1, "folds": 3, "score": -0.5}),
        (
            EventType.EPOCH,
            {"member": 0, "epoch": 1, "epochs": 9, "terms": {"total": 1.5}, "metrics": {"rmse": 2}},
        ),
    ],
)
def test_it_says_what_the_data_says(type_, data):
    message = sent(type_, data)
    assert message.WhichOneof("detail") == type_.value
    assert read_message(getattr(message, type_.value)) == data
    assert read_message(message)["data"] == data


def test_what_a_training_tells_is_typed():
    told = []
    reporter = Reporter(lambda *event: told.append(event), members=2, epochs=3)
    reporter.progress(0, 0, message="warming up")
    reporter.epoch(1, 2, {"total": 0.5}, {"spearman": None, "rmse": 1.0}, is_last=True)
    progress, epoch = (sent(*event) for event in told)
    assert progress.progress.message == "warming up"
    assert not progress.progress.HasField("estimated_seconds_left")
    assert (epoch.epoch.member, epoch.epoch.epoch, epoch.epoch.epochs) == (1, 2, 3)
    assert dict(epoch.epoch.metrics) == {"rmse": 1.0}  # the other could not be told
    assert epoch.data["metrics"]["spearman"] is None


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        (EventType.REPORT, {"labels": [{"name": "titer"}]}),
        (EventType.EPOCH, {"epoch": 3}),
        (EventType.STATE, {"state": "FAILED", "error": {"detail": "of an earlier version"}}),
        (EventType.PROGRESS, {}),
    ],
)
def test_data_of_another_form_is_there_all_the_same(type_, data):
    message = sent(type_, data)
    assert message.WhichOneof("detail") is None
    assert read_message(message)["data"] == data
