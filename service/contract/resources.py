"""The resources of the API, as every door shows them and the client reads them."""

from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from service.contract.datasets import DatasetProfile, DatasetSpec, DatasetState
from service.contract.errors import Offender
from service.contract.genes import GeneTableProfile, GeneTableSpec, NetworkProfile, NetworkSpec
from service.contract.jobs import JobState
from service.contract.manifests import ModelManifest
from service.contract.proposals import SearchReport
from service.contract.scoring_jobs import ScoringReport, ScoringSpec
from service.contract.search import SearchSpec
from service.contract.sweeps import SweepSpec, TrialState
from service.contract.training import TrainingSpec

R = TypeVar("R")


class Problem(BaseModel):
    """What went wrong with a job or a data set, as it stands in its row."""

    code: str
    reason: str
    detail: str
    errors: list[Offender] = []


class Dataset(BaseModel):
    """A data set. `profile` is there once it is READY, `error` once it is FAILED.

    `fraction` is the share of its ingest that is done, of 1, and `estimated_seconds_left` what the
    rest will take, while it is INGESTING. The same goes for other uploads.
    """

    id: str
    name: str
    state: DatasetState
    create_time: datetime
    size_bytes: int
    source_sha256: str
    table_sha256: str | None = None
    vocabulary_sha256: str | None = None
    spec: DatasetSpec
    profile: DatasetProfile | None = None
    error: Problem | None = None
    fraction: float | None = None
    estimated_seconds_left: float | None = None


class GeneTable(BaseModel):
    """A gene table. `profile` is there once it is READY, `error` once it is FAILED."""

    id: str
    name: str
    state: DatasetState
    create_time: datetime
    size_bytes: int
    source_sha256: str
    table_sha256: str | None = None
    spec: GeneTableSpec
    profile: GeneTableProfile | None = None
    error: Problem | None = None
    fraction: float | None = None
    estimated_seconds_left: float | None = None


class Network(BaseModel):
    """A network of a gene table; its name is that of no other network of the table."""

    id: str
    gene_table_id: str
    name: str
    state: DatasetState
    create_time: datetime
    size_bytes: int
    source_sha256: str
    table_sha256: str | None = None
    spec: NetworkSpec
    profile: NetworkProfile | None = None
    error: Problem | None = None
    fraction: float | None = None
    estimated_seconds_left: float | None = None


class TrainingJob(BaseModel):
    """A training job. `fraction` is the share of the work done, of 1.

    One that is QUEUED, and was asked for by its id, says its place in the queue of its kind (1 is
    next) and in how many seconds it may start, if workers and earlier jobs tell. One that no worker
    can take has no place.

    `model_id` and `report` are there once it has SUCCEEDED. A job of a sweep says which; its
    trials make neither model nor report. `queue_reason` says of a QUEUED job why no worker can
    take it.
    """

    id: str
    state: JobState
    spec: TrainingSpec
    create_time: datetime
    start_time: datetime | None = None
    end_time: datetime | None = None
    fraction: float
    estimated_seconds_left: float | None = None
    attempt_count: int
    queue_position: int | None = None
    expected_start_seconds: float | None = None
    model_id: str | None = None
    report: dict[str, Any] | None = None
    error: Problem | None = None
    sweep_id: str | None = None
    trial_number: int | None = None
    queue_reason: str | None = None


class SearchJob(BaseModel):
    """A search. `fraction` is the share of the designs gone through, of 1.

    Its place in the queue is told as that of a training job.

    `report` is there once it has SUCCEEDED, and so are its proposals, under
    `GET /v1/search-jobs/{id}/proposals`.
    """

    id: str
    state: JobState
    spec: SearchSpec
    create_time: datetime
    start_time: datetime | None = None
    end_time: datetime | None = None
    fraction: float
    estimated_seconds_left: float | None = None
    attempt_count: int
    queue_position: int | None = None
    expected_start_seconds: float | None = None
    report: SearchReport | None = None
    error: Problem | None = None
    queue_reason: str | None = None


class ScoringJob(BaseModel):
    """A scoring job. `fraction` is the share of the work done, of 1.

    `report` is there once it has SUCCEEDED, and so are its results, under
    `GET /v1/scoring-jobs/{id}/results.parquet`.
    """

    id: str
    state: JobState
    spec: ScoringSpec
    create_time: datetime
    start_time: datetime | None = None
    end_time: datetime | None = None
    fraction: float
    estimated_seconds_left: float | None = None
    attempt_count: int
    queue_position: int | None = None
    expected_start_seconds: float | None = None
    report: ScoringReport | None = None
    error: Problem | None = None
    queue_reason: str | None = None


class SweepValue(BaseModel):
    """What a trial has at a path of the training spec; `value` is text, as a choice is."""

    path: str
    value: str


class SweepTrial(BaseModel):
    """One trial. `fold_scores` are means over the folds so far, `objective` over all of them.

    `reason` says why it was pruned, cancelled or has failed. A trial whose values do not go
    together has no job.
    """

    number: int
    state: TrialState
    values: list[SweepValue]
    fold_scores: list[float]
    objective: float | None = None
    job_id: str | None = None
    reason: str | None = None


class Sweep(BaseModel):
    """A sweep. `trials` are there with `GET /v1/sweeps/{id}` alone.

    `start_time` is that of its first trial, or of its first step after a resume.

    `best_trial_number` is the best so far. Once the trials are over, `winner_job_id` trains its
    spec on the whole training part and evaluates it on the test part, and `model_id` is there when
    the sweep has SUCCEEDED.
    """

    id: str
    state: JobState
    spec: SweepSpec
    create_time: datetime
    start_time: datetime | None = None
    end_time: datetime | None = None
    trial_count: int
    best_trial_number: int | None = None
    best_objective: float | None = None
    winner_job_id: str | None = None
    model_id: str | None = None
    trials: list[SweepTrial] = []
    error: Problem | None = None


class Model(BaseModel):
    """A registered model; its manifest comes with `GET /v1/models/{id}` alone.

    It is called by its id, by `name@version` or by `name@alias`; `aliases` mean it now. An archived
    one is left out of lists, has no alias, and scores by its id and version as before.
    `report` is the summary; the whole report lies under `report_sha256` (JSON) and
    `report_page_sha256` (HTML). A model from before there were pages has neither.
    """

    id: str
    name: str
    version: int
    aliases: list[str] = []
    kind: str
    create_time: datetime
    archive_time: datetime | None = None
    dataset_id: str
    job_id: str
    manifest_sha256: str
    weights_sha256: str
    report_sha256: str | None = None
    report_page_sha256: str | None = None
    report: dict[str, Any]
    manifest: ModelManifest | None = None


class Artifact(BaseModel):
    """A stored blob."""

    sha256: str
    size_bytes: int
    media_type: str
    create_time: datetime


class ListAnswer(BaseModel, Generic[R]):
    """One page, newest first; no `next_page_token` means it was the last."""

    items: list[R]
    next_page_token: str | None = None


class Health(BaseModel):
    """Whether the service can work, part by part."""

    ready: bool
    database: str
    broker: str
    queues: dict[str, bool]
