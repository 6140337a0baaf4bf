"""Rows as workers leave them, made through the repositories alone."""

from service.contract.blobs import Blob
from service.contract.datasets import DatasetState
from service.contract.jobs import JobKind, JobState
from service.contract.manifests import FORMAT_VERSION, ModelManifest
from service.contract.records import DatasetRecord, JobRecord
from service.contract.repositories import artifacts, jobs, leases, models, uploads
from service.contract.repositories.jobs import Owner
from service.contract.repositories.requests import Request
from service.contract.training import TrainingSpec

OWNER = Owner("default", "local")
SOURCE = Blob("a" * 64, 10)
LABEL = {"name": "titer", "kind": "titer", "scale": "log", "unit": "mg/L"}
DATASET_SPEC = {"design": {"layout": "genotype"}, "labels": [LABEL]}


def label_profile(name):
    measured = dict.fromkeys(
        ("min", "median", "mean", "max", "sd", "sd_within_builds", "sd_across_builds"), 1.0
    )
    return {
        "name": name,
        "kind": "titer",
        "scale": "log",
        "unit": "mg/L",
        "count": 5,
        "missing_share": 0.0,
        "censored_count": 0,
        **measured,
    }


def profile(labels=("titer",), covariates=None):
    return {
        "row_count": 5,
        "design_count": 5,
        "locus_count": 5,
        "edit_count": 5,
        "control_row_count": 0,
        "rows_per_order": {"1": 5},
        "designs_per_order": {"1": 5},
        "labels": [label_profile(name) for name in labels],
        "covariates": covariates or {"cycle": {"0": 3, "5": 2}},
    }


def add_dataset(database, *, owner=OWNER, state=DatasetState.READY, **profiled):
    """A data set and its ingest job; returns both ids."""
    dataset_id = jobs.new_id("dataset")
    with database.write() as session:
        job, _ = jobs.create_job(
            session,
            owner,
            JobKind.INGEST,
            DATASET_SPEC,
            subject_id=dataset_id,
            request=Request(None, "0" * 64),
        )
        dataset = uploads.add_upload(
            session,
            owner,
            dataset_id,
            record=DatasetRecord,
            name="table",
            spec=DATASET_SPEC,
            source=SOURCE,
            job_id=job.id,
        )
        if state is DatasetState.READY:
            dataset.vocabulary_sha256 = "c" * 64
            found = profile(**profiled)
            uploads.mark_ready(session, dataset, profile=found, table=Blob("b" * 64, 1))
    return dataset_id, job.id


def training_spec(dataset_id="dataset_1", **changes):
    spec = {"dataset_id": dataset_id, "labels": [{"name": "titer"}], **changes}
    return TrainingSpec.model_validate(spec)


def add_training_job(database, *, owner=OWNER):
    """A queued training job; returns its id."""
    with database.write() as session:
        job, _ = jobs.create_job(
            session,
            owner,
            JobKind.TRAINING,
            training_spec().model_dump(mode="json"),
            subject_id="dataset_1",
            request=Request(None, "0" * 64),
        )
        return job.id


def claim(database, job_id):
    """Take the job, as a worker does; returns the lease."""
    with database.write() as session:
        job = leases.claim(session, job_id, "worker", 60)
        return leases.Lease(job.id, job.fence)


def finish(database, lease, state=JobState.SUCCEEDED, **outcome):
    """End the job, as a worker does."""
    with database.write() as session:
        uploads.mark_failed(session, leases.finish(session, lease, state, **outcome))


def publish_blob(database, store, content, *, owner=OWNER, media_type="text/plain"):
    """A blob that the owner's project holds."""
    with store.writer() as writer:
        writer.write(content)
        sealed = writer.seal()
        with artifacts.write_blobs(database, store) as session:
            return artifacts.publish(session, owner, sealed, media_type)


EDITS = ["b0720:deletion", "b1812:knockdown"]


def add_model(
    context,
    *,
    owner=OWNER,
    kind="additive",
    format_version=FORMAT_VERSION,
    labels=(),
    genes=None,
    conditions=(),
    name="model",
    split=None,
    report=None,
    weights=None,
    table_sha256="b" * 64,
    **reports,
):
    """A model with a real manifest and no weights; returns its id. `reports` are blobs.

    `weights` are stored where they are given, whatever they hold.
    """
    stored = Blob("e" * 64, 1)
    if weights is not None:
        stored = publish_blob(context.database, context.store, weights, owner=owner)
    manifest = ModelManifest(
        format_version=format_version,
        name=name,
        model_kind=kind,
        member_count=1,
        training_spec={} if split is None else {"split": split},
        dataset_id="dataset_1",
        dataset_sha256="a" * 64,
        table_sha256=table_sha256,
        loci=["b0720", "b1812"],
        edits=EDITS,
        vocabulary_sha256="d" * 64,
        weights_sha256=stored.sha256,
        labels=list(labels),
        genes=genes,
        conditions=list(conditions),
        report={},
        versions={},
    )
    job_id = add_training_job(context.database, owner=owner)
    content = manifest.model_dump_json().encode()
    blob = publish_blob(
        context.database, context.store, content, owner=owner, media_type="application/json"
    )
    with context.database.write() as session:
        return models.add_model(
            session,
            session.get_one(JobRecord, job_id),
            name=name,
            kind=kind,
            manifest=blob,
            weights=stored,
            report=report or {},
            **reports,
        ).id
