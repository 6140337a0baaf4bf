"""A model of thousands of edits, put into a running service without the report of a training."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from service.contract.artifacts import ArtifactStore
from service.contract.blobs import SealedBlob
from service.contract.database import Database
from service.contract.datasets import LabelColumn, LabelKind
from service.contract.jobs import JobKind, JobState
from service.contract.manifests import ModelManifest
from service.contract.records import JobRecord
from service.contract.repositories import artifacts, jobs, leases, models
from service.contract.repositories.requests import Request
from service.contract.training import TrainingSpec
from tests.worker.tables import write_table
from worker.training.manifest import TableIdentity
from worker.training.run import train_model

_OWNER = jobs.Owner("default", "local")


@dataclass(frozen=True)
class KnownModel:
    """A model of the service, and what it is made of."""

    id: str
    manifest: ModelManifest
    weights: bytes


def put_model(data_dir: Path, kind: str, members: int, edit_count: int) -> KnownModel:
    """Train on made-up labels (what is learned makes no difference here) and register it."""
    table = _table(data_dir / "benchmark.parquet", edit_count)
    spec = TrainingSpec.model_validate(
        {
            "dataset_id": "benchmark",
            "labels": [{"name": "fitness"}],
            "model": {"kind": kind},
            "ensemble_size": members,
            "epochs": 1,
            "split": {"kind": "none"},
        }
    )
    label = LabelColumn(name="fitness", kind=LabelKind.FITNESS, unit="relative")
    identity = TableIdentity("benchmark", "a" * 64, "b" * 64)
    trained = train_model(spec, table, [label], identity=identity, with_report=False)
    manifest = ModelManifest.model_validate(trained.manifest)
    return KnownModel(_register(data_dir, manifest, trained.weights), manifest, trained.weights)


def _table(path: Path, edit_count: int) -> Path:
    """Every edit alone, and some pairs."""
    draw = np.random.default_rng(0)
    edits = [f"gene{number:04d}:deletion" for number in range(edit_count)]
    pairs = {tuple(sorted(pair)) for pair in draw.integers(0, edit_count, (edit_count, 2)).tolist()}
    designs = ["", *edits, *(f"{edits[a]}+{edits[b]}" for a, b in sorted(pairs) if a < b)]
    return write_table(path, designs, label__fitness=draw.normal(1, 0.1, len(designs)).tolist())


def _register(data_dir: Path, manifest: ModelManifest, weights: bytes) -> str:
    database = Database(f"sqlite:///{data_dir / 'cellgebra.db'}", pool_size=1)
    store = ArtifactStore(data_dir / "artifacts")

    def sealed(content: bytes) -> SealedBlob:
        writer = store.writer()
        writer.write(content)
        return writer.seal()

    with artifacts.write_blobs(database, store) as session:
        job, _ = jobs.create_job(
            session,
            _OWNER,
            JobKind.TRAINING,
            {},
            subject_id="benchmark",
            request=Request(None, "0" * 64),
        )
        leases.claim(session, job.id, "benchmark", 60)
        job = session.get_one(JobRecord, job.id, populate_existing=True)
        stored = manifest.model_dump_json().encode()
        model = models.add_model(
            session,
            job,
            name="benchmark",
            kind=manifest.model_kind,
            manifest=artifacts.publish(session, _OWNER, sealed(stored), "application/json"),
            weights=artifacts.publish(session, _OWNER, sealed(weights), "application/octet-stream"),
            report={},
        )
        leases.finish(session, leases.Lease(job.id, job.fence), JobState.SUCCEEDED)
        model_id = model.id
    database.close()
    return model_id
