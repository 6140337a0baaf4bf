"""The task that trains: row and table in, weights, manifest and model row out."""

import logging
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from service.contract.blobs import SealedBlob
from service.contract.datasets import DatasetSpec
from service.contract.jobs import TASK_NAME, EventType, JobKind
from service.contract.manifests import ModelManifest
from service.contract.records import DatasetRecord, JobRecord
from service.contract.reports import TrainingReport
from service.contract.repositories import artifacts, events, models, sweeps, uploads
from service.contract.repositories.jobs import Owner
from service.contract.training import TrainingSpec
from worker.app import app
from worker.tasks.gene_sources import find_genes, load_genes
from worker.tasks.group import run_group
from worker.tasks.held_jobs import HeldJob, JobStoppedError
from worker.tasks.life_cycle import run_job
from worker.tasks.runtime import runtime
from worker.tasks.sweep import ring_for
from worker.tasks.trial import try_out

logger = logging.getLogger(__name__)

WEIGHTS_MEDIA_TYPE = "application/vnd.safetensors"

Trained = tuple[bytes, ModelManifest, TrainingReport]


@app.task(name=TASK_NAME[JobKind.TRAINING])
def run(job_id: str) -> None:
    """Train the model of the next job, or fit a trial of a sweep."""
    done = run_job(runtime(), job_id, _work)
    if done is not None:
        ring_for(done)


def _work(held: HeldJob) -> Callable[[Session, JobRecord], dict[str, Any]]:
    return _train(held) if held.job.trial_number is None else try_out(held)


def _train(held: HeldJob) -> Callable[[Session, JobRecord], dict[str, Any]]:
    spec = TrainingSpec.model_validate(held.job.spec)
    weights, manifest, report = (_by_group if spec.process_count > 1 else _here)(held, spec)
    return partial(
        _register,
        owner=held.owner,
        manifest=manifest,
        weights_blob=held.seal(weights),
        manifest_blob=held.seal(manifest.model_dump_json().encode()),
        report_blob=held.seal(report.model_dump_json().encode()),
        page_blob=_page(held, report, manifest),
    )


def _here(held: HeldJob, spec: TrainingSpec) -> Trained:
    """Train in this process."""
    # Here, not above: the pool's main process must never load torch (CUDA does not survive it).
    import torch

    from worker.training.errors import TrainingStoppedError
    from worker.training.manifest import TableIdentity
    from worker.training.progress import Attempt
    from worker.training.run import train_model

    dataset = _dataset(held)
    columns = DatasetSpec.model_validate(dataset.spec)
    table_sha256 = str(dataset.table_sha256)
    if held.runtime.settings.torch_threads is not None:
        torch.set_num_threads(held.runtime.settings.torch_threads)
    try:
        trained = train_model(
            spec,
            held.runtime.store.check(table_sha256),
            columns.labels,
            columns.covariates,
            identity=TableIdentity(dataset.id, dataset.source_sha256, table_sha256),
            genes=load_genes(held, spec),
            attempt=Attempt(
                checkpoint=held.load_checkpoint(),
                save_checkpoint=held.save_checkpoint,
                emit=held.emit,
                should_stop=held.should_stop,
                checkpoint_seconds=held.runtime.settings.checkpoint_seconds,
                earlier_epochs=_told_epochs(held),
            ),
            notes=_notes(held),
        )
    except TrainingStoppedError as error:
        raise JobStoppedError from error
    return trained.weights, trained.manifest, trained.told()


def _by_group(held: HeldJob, spec: TrainingSpec) -> Trained:
    """Train in processes of their own."""
    from worker.training.group_folder import GroupFolder, GroupOrder

    dataset = _dataset(held)
    columns = DatasetSpec.model_validate(dataset.spec)
    table_sha256 = str(dataset.table_sha256)
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    own_threads = max(1, cores // spec.process_count)
    order = GroupOrder(
        spec=spec,
        table_path=held.runtime.store.check(table_sha256).resolve(),
        labels=columns.labels,
        covariates=columns.covariates,
        dataset_id=dataset.id,
        dataset_sha256=dataset.source_sha256,
        table_sha256=table_sha256,
        genes=find_genes(held, spec),
        earlier_epochs=_told_epochs(held),
        notes=_notes(held),
        thread_count=held.runtime.settings.torch_threads or own_threads,
        checkpoint_seconds=held.runtime.settings.checkpoint_seconds,
    )
    path = held.scratch.resolve() / "group"
    folder = GroupFolder.make(path, order, held.load_checkpoint())
    run_group(held, folder, spec.process_count)
    return folder.model()


def _page(held: HeldJob, report: TrainingReport, manifest: ModelManifest) -> SealedBlob | None:
    """The report as a page. A training is not thrown away because a picture cannot be drawn."""
    from worker.training.report_page import render_page

    try:
        return held.seal(render_page(report, manifest).encode())
    except Exception:
        logger.exception("the report has no page", extra={"job_id": held.job.id})
        return None


def _told_epochs(held: HeldJob) -> list[dict[str, Any]]:
    """Epochs that earlier attempts of the job told of."""
    with held.runtime.database.read() as session:
        return events.list_event_data(session, held.job.id, EventType.EPOCH)


def _notes(held: HeldJob) -> list[str]:
    """What the reader of a report has to know of how its spec was found."""
    sweep_id = held.job.sweep_id
    if sweep_id is None:
        return []
    with held.runtime.database.read() as session:
        count = sweeps.trial_counts(session, [sweep_id]).get(sweep_id, 0)
    return [
        f"The spec is that of the best of {count} trials of sweep {sweep_id}, which were compared "
        "on folds inside the training part; none of them saw the test part."
    ]


def _dataset(held: HeldJob) -> DatasetRecord:
    with held.runtime.database.read() as session:
        job = held.job
        return uploads.get_ready(session, DatasetRecord, job.project_id, job.subject_id)


def _register(
    session: Session,
    job: JobRecord,
    *,
    owner: Owner,
    manifest: ModelManifest,
    weights_blob: SealedBlob,
    manifest_blob: SealedBlob,
    report_blob: SealedBlob,
    page_blob: SealedBlob | None,
) -> dict[str, Any]:
    model = models.add_model(
        session,
        job,
        name=manifest.name,
        kind=manifest.model_kind,
        weights=artifacts.publish(session, owner, weights_blob, WEIGHTS_MEDIA_TYPE),
        manifest=artifacts.publish(session, owner, manifest_blob, "application/json"),
        report=manifest.report,
        report_file=artifacts.publish(session, owner, report_blob, "application/json"),
        report_page=page_blob and artifacts.publish(session, owner, page_blob, "text/html"),
    )
    return {"model_id": model.id, "report": manifest.report}
