"""What a training job does that is a trial of a sweep: fit the inner folds, and tell of each."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from service.contract.datasets import DatasetSpec
from service.contract.jobs import EventType
from service.contract.records import DatasetRecord, JobRecord, SweepRecord
from service.contract.repositories import uploads
from service.contract.sweeps import SweepSpec
from service.contract.training import TrainingSpec
from worker.tasks.gene_sources import load_genes
from worker.tasks.held_jobs import HeldJob, JobStoppedError
from worker.tasks.sweep import ring_for


def try_out(held: HeldJob) -> Callable[[Session, JobRecord], dict[str, Any]]:
    """Fit the folds of a trial; its result is the objective, and no model."""
    # Here, not above: the pool's main process must never load torch (CUDA does not survive it).
    import torch

    from worker.training.errors import TrainingStoppedError
    from worker.training.progress import Attempt
    from worker.training.trial import run_trial

    job = held.job
    with held.runtime.database.read() as session:
        dataset = uploads.get_ready(session, DatasetRecord, job.project_id, job.subject_id)
        sweep = SweepSpec.model_validate(session.get_one(SweepRecord, job.sweep_id).spec)
    columns = DatasetSpec.model_validate(dataset.spec)
    table_sha256 = str(dataset.table_sha256)
    if held.runtime.settings.torch_threads is not None:
        torch.set_num_threads(held.runtime.settings.torch_threads)

    def emit(type_: EventType, data: dict[str, Any]) -> None:
        held.emit(type_, data)
        if type_ is EventType.VALIDATION:
            ring_for(job.id)

    spec = TrainingSpec.model_validate(job.spec)
    try:
        result = run_trial(
            spec,
            sweep.objective,
            held.runtime.store.check(table_sha256),
            columns.labels,
            columns.covariates,
            genes=load_genes(held, spec),
            table_sha256=table_sha256,
            attempt=Attempt(
                checkpoint=held.load_checkpoint(),
                save_checkpoint=held.save_checkpoint,
                emit=emit,
                should_stop=held.should_stop,
                checkpoint_seconds=held.runtime.settings.checkpoint_seconds,
            ),
        )
    except TrainingStoppedError as error:
        raise JobStoppedError from error
    return lambda *_: {"objective": result.objective, "fold_scores": list(result.fold_scores)}
