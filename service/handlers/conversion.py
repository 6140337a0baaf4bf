"""Rows to resources: the only place that knows both."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from service.contract.datasets import DatasetProfile, DatasetSpec, DatasetState
from service.contract.genes import GeneTableProfile, GeneTableSpec, NetworkProfile, NetworkSpec
from service.contract.jobs import JobState
from service.contract.manifests import ModelManifest
from service.contract.proposals import Proposal, SearchReport
from service.contract.records import (
    ArtifactRecord,
    DatasetRecord,
    GeneTableRecord,
    JobRecord,
    ModelRecord,
    NetworkRecord,
    ProposalRecord,
    SweepRecord,
    SweepTrialRecord,
    UploadRecord,
)
from service.contract.repositories.paging import Page
from service.contract.resources import (
    Artifact,
    Dataset,
    GeneTable,
    ListAnswer,
    Model,
    Network,
    Problem,
    ScoringJob,
    SearchJob,
    Sweep,
    SweepTrial,
    SweepValue,
    TrainingJob,
)
from service.contract.scoring_jobs import ScoringReport, ScoringSpec
from service.contract.search import SearchSpec
from service.contract.sweeps import SweepSpec, TrialState
from service.contract.training import TrainingSpec

Row = TypeVar("Row")
Resource = TypeVar("Resource")


def _uploaded(row: UploadRecord, ingest: JobRecord | None) -> dict[str, Any]:
    """What all uploads show; `ingest` tells how far one is that is INGESTING."""
    return {
        "id": row.id,
        "name": row.name,
        "state": DatasetState(row.state),
        "create_time": row.create_time,
        "size_bytes": row.size_bytes,
        "source_sha256": row.source_sha256,
        "table_sha256": row.table_sha256,
        "error": _to_problem(row.error),
        "fraction": None if ingest is None else ingest.fraction,
        "estimated_seconds_left": None if ingest is None else ingest.estimated_seconds_left,
    }


def to_dataset(row: DatasetRecord, ingest: JobRecord | None = None) -> Dataset:
    """A data set as the API shows it."""
    return Dataset(
        **_uploaded(row, ingest),
        vocabulary_sha256=row.vocabulary_sha256,
        spec=DatasetSpec.model_validate(row.spec),
        profile=DatasetProfile.model_validate(row.profile) if row.profile else None,
    )


def to_gene_table(row: GeneTableRecord, ingest: JobRecord | None = None) -> GeneTable:
    """A gene table as the API shows it."""
    return GeneTable(
        **_uploaded(row, ingest),
        spec=GeneTableSpec.model_validate(row.spec),
        profile=GeneTableProfile.model_validate(row.profile) if row.profile else None,
    )


def to_network(row: NetworkRecord, ingest: JobRecord | None = None) -> Network:
    """A network as the API shows it."""
    return Network(
        **_uploaded(row, ingest),
        gene_table_id=row.gene_table_id,
        spec=NetworkSpec.model_validate(row.spec),
        profile=NetworkProfile.model_validate(row.profile) if row.profile else None,
    )


def _ran(row: JobRecord) -> dict[str, Any]:
    """What all jobs show."""
    return {
        "id": row.id,
        "state": JobState(row.state),
        "create_time": row.create_time,
        "start_time": row.start_time,
        "end_time": row.end_time,
        "fraction": row.fraction,
        "estimated_seconds_left": row.estimated_seconds_left,
        "attempt_count": row.attempt_count,
        "error": _to_problem(row.error),
    }


def to_training_job(row: JobRecord) -> TrainingJob:
    """A training job as the API shows it."""
    result = row.result or {}
    return TrainingJob(
        **_ran(row),
        spec=TrainingSpec.model_validate(row.spec),
        model_id=result.get("model_id"),
        report=result.get("report"),
        sweep_id=row.sweep_id,
        trial_number=row.trial_number,
    )


def to_search_job(row: JobRecord) -> SearchJob:
    """A search as the API shows it."""
    report = (row.result or {}).get("report")
    return SearchJob(
        **_ran(row),
        spec=SearchSpec.model_validate(row.spec),
        report=None if report is None else SearchReport.model_validate(report),
    )


def to_scoring_job(row: JobRecord) -> ScoringJob:
    """A scoring job as the API shows it."""
    report = (row.result or {}).get("report")
    return ScoringJob(
        **_ran(row),
        spec=ScoringSpec.model_validate(row.spec),
        report=None if report is None else ScoringReport.model_validate(report),
    )


def to_proposal(row: ProposalRecord) -> Proposal:
    """A proposal as the API shows it."""
    return Proposal.model_validate(row.data)


def to_sweep(row: SweepRecord, trials: Sequence[SweepTrialRecord], model_id: str | None) -> Sweep:
    """A sweep as the API shows it."""
    objectives = {trial.number: trial.objective for trial in trials}
    best = row.best_trial_number
    return Sweep(
        id=row.id,
        state=JobState(row.state),
        spec=SweepSpec.model_validate(row.spec),
        create_time=row.create_time,
        start_time=row.start_time,
        end_time=row.end_time,
        trial_count=len(trials),
        best_trial_number=best,
        best_objective=None if best is None else objectives.get(best),
        winner_job_id=row.winner_job_id,
        model_id=model_id,
        trials=[_to_trial(trial) for trial in trials],
        error=_to_problem(row.error),
    )


def _to_trial(row: SweepTrialRecord) -> SweepTrial:
    return SweepTrial(
        number=row.number,
        state=TrialState(row.state),
        values=[SweepValue(path=path, value=str(value)) for path, value in row.values.items()],
        fold_scores=row.fold_scores,
        objective=row.objective,
        job_id=row.job_id,
        reason=row.reason,
    )


def to_model(
    row: ModelRecord, manifest: ModelManifest | None = None, *, aliases: Sequence[str] = ()
) -> Model:
    """A model as the API shows it."""
    return Model(
        id=row.id,
        name=row.name,
        version=row.version,
        aliases=list(aliases),
        kind=row.kind,
        create_time=row.create_time,
        archive_time=row.archive_time,
        dataset_id=row.dataset_id,
        job_id=row.job_id,
        manifest_sha256=row.manifest_sha256,
        weights_sha256=row.weights_sha256,
        report_sha256=row.report_sha256,
        report_page_sha256=row.report_page_sha256,
        report=row.report,
        manifest=manifest,
    )


def to_artifact(row: ArtifactRecord) -> Artifact:
    """An artifact as the API shows it."""
    return Artifact(
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        media_type=row.media_type,
        create_time=row.create_time,
    )


def to_list(page: Page[Row], convert: Callable[[Row], Resource]) -> ListAnswer[Resource]:
    """A page of rows as a page of resources."""
    return ListAnswer(
        items=[convert(row) for row in page.rows], next_page_token=page.next_page_token
    )


def _to_problem(error: Mapping[str, Any] | None) -> Problem | None:
    return Problem.model_validate(error) if error else None
