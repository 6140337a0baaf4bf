"""Jobs: kinds, the one life cycle, and the events that a job writes."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from service.contract.errors import FailedPreconditionError


class JobKind(StrEnum):
    """What a job does: train, ingest a data set, a gene table or a network, search, or score."""

    TRAINING = "training"
    INGEST = "ingest"
    GENE_TABLE = "gene_table"
    NETWORK = "network"
    SEARCH = "search"
    SCORING = "scoring"


class Queue(StrEnum):
    """Queues that workers serve."""

    TRAIN = "train"
    INFERENCE = "inference"
    BATCH = "batch"
    SEARCH = "search"
    SCORING = "scoring"


TASK_NAME = {
    JobKind.TRAINING: "train.run",
    JobKind.INGEST: "batch.ingest",
    JobKind.GENE_TABLE: "batch.ingest_gene_table",
    JobKind.NETWORK: "batch.ingest_network",
    JobKind.SEARCH: "search.run",
    JobKind.SCORING: "scoring.run",
}
SCORE_TASK_NAME = "inference.score"
COMPOSE_TASK_NAME = "inference.compose"
EXPORT_TASK_NAME = "inference.export_onnx"
SWEEP_TASK_NAME = "batch.sweep"
SEARCH_HELP_TASK_NAME = "search.help"
SCORING_HELP_TASK_NAME = "scoring.help"
JOB_QUEUE = {
    JobKind.TRAINING: Queue.TRAIN,
    JobKind.INGEST: Queue.BATCH,
    JobKind.GENE_TABLE: Queue.BATCH,
    JobKind.NETWORK: Queue.BATCH,
    JobKind.SEARCH: Queue.SEARCH,
    JobKind.SCORING: Queue.SCORING,
}


class JobState(StrEnum):
    """Life of a job."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    CANCELLING = "CANCELLING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


TERMINAL_STATES = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})

_ALLOWED: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLED}),
    JobState.RUNNING: frozenset(
        {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLING, JobState.QUEUED}
    ),
    JobState.CANCELLING: TERMINAL_STATES,
    JobState.FAILED: frozenset({JobState.QUEUED}),
    JobState.CANCELLED: frozenset({JobState.QUEUED}),
    JobState.SUCCEEDED: frozenset(),
}


def require_transition(current: JobState, target: JobState) -> None:
    """Check one step of the life cycle.

    Raises:
        FailedPreconditionError: the life cycle has no such step.
    """
    if target not in _ALLOWED[current]:
        raise FailedPreconditionError(f"a {current} job cannot become {target}")


class EventType(StrEnum):
    """What an event tells.

    `state`: {state, error?}; `progress`: {fraction, estimated_seconds_left, message?}, of a search
    or scoring job also {evaluated_count, possible_count} of designs;
    `epoch`: {member, epoch, epochs, terms: {name: value}, metrics: {name: value}};
    `validation`: {fold, folds, score} of a trial, the mean over the folds so far;
    `report`: the held-out report.
    """

    STATE = "state"
    PROGRESS = "progress"
    EPOCH = "epoch"
    VALIDATION = "validation"
    REPORT = "report"


class JobEvent(BaseModel):
    """One line of a job's story; `sequence` starts at 1 and has no gaps."""

    model_config = ConfigDict(frozen=True)

    sequence: int
    type: EventType
    create_time: datetime
    data: dict[str, Any]
