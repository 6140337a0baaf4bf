"""What is needed does not go alone, what is at work not at all; what goes leaves no blob."""

import pytest
from sqlalchemy import func, select

from service.contract.artifacts import ArtifactStore
from service.contract.blobs import Blob
from service.contract.datasets import DatasetState
from service.contract.errors import FailedPreconditionError
from service.contract.jobs import JobKind, JobState
from service.contract.records import (
    ArtifactRecord,
    DatasetRecord,
    GeneTableRecord,
    JobEventRecord,
    JobFileRecord,
    JobRecord,
    ModelRecord,
    NetworkRecord,
    SweepRecord,
)
from service.contract.repositories import (
    artifacts,
    job_files,
    jobs,
    leases,
    models,
    sweeps,
    uploads,
)
from service.contract.repositories.deletion import delete_thing
from service.contract.repositories.requests import Request
from tests.service.rows import publish_blob

TABLES = (
    ArtifactRecord,
    DatasetRecord,
    GeneTableRecord,
    JobEventRecord,
    JobFileRecord,
    JobRecord,
    ModelRecord,
    NetworkRecord,
    SweepRecord,
)
ONCE = Request(None, "0" * 64)


class Lab:
    """Makes what users make, each with blobs of its own."""

    def __init__(self, database, store, owner):
        self.database, self.store, self.owner = database, store, owner
        self._blobs = 0

    def blob(self):
        self._blobs += 1
        return publish_blob(self.database, self.store, b"%d" % self._blobs, owner=self.owner)

    def upload(self, record, kind, state=DatasetState.READY, **parent):
        id_ = jobs.new_id(record.__tablename__)
        source, table = self.blob(), self.blob()
        with self.database.write() as session:
            job, _ = jobs.create_job(session, self.owner, kind, {}, subject_id=id_, request=ONCE)
            row = uploads.add_upload(
                session, self.owner, id_, record=record, name="it", spec={}, source=source,
                job_id=job.id, **parent,
            )  # fmt: skip
            if state is DatasetState.READY:
                uploads.mark_ready(session, row, profile={}, table=table)
            job_id = job.id
        if record is DatasetRecord:
            vocabulary = self.blob()
            with self.database.write() as session:
                session.get_one(record, id_).vocabulary_sha256 = vocabulary.sha256
        if state is DatasetState.READY:
            self.end(job_id)
        return id_

    def job(self, kind=JobKind.TRAINING, subject_id="dataset_0", spec=None, **more):
        with self.database.write() as session:
            job, _ = jobs.create_job(
                session, self.owner, kind, spec or {}, subject_id=subject_id, request=ONCE, **more
            )
            return job.id

    def end(self, job_id, state=JobState.SUCCEEDED):
        with self.database.write() as session:
            job = leases.claim(session, job_id, "worker", 60)
            leases.finish(session, leases.Lease(job.id, job.fence), state)

    def model(self, job_id):
        manifest, weights = self.blob(), self.blob()
        with self.database.write() as session:
            job = session.get_one(JobRecord, job_id)
            return models.add_model(
                session, job, name="m", kind="gp", manifest=manifest, weights=weights, report={}
            ).id

    def sweep(self, dataset_id, training=None):
        spec = {"training": training or {}}
        with self.database.write() as session:
            return sweeps.add_sweep(
                session, self.owner, spec, dataset_id=dataset_id, request=ONCE
            ).id

    def end_sweep(self, sweep_id, winner=None):
        with self.database.write() as session:
            sweep = session.get_one(SweepRecord, sweep_id)
            sweep.winner_job_id = winner
            sweeps.end_sweep(session, sweep, JobState.SUCCEEDED)

    def delete(self, record, id_, **how):
        with artifacts.write_blobs(self.database, self.store) as session:
            gone = delete_thing(session, session.get_one(record, id_), **how)
            return [one.id for one in gone]

    def counts(self):
        with self.database.read() as session:
            counts = {
                record.__tablename__: session.scalar(select(func.count()).select_from(record))
                for record in TABLES
            }
        return {name: count for name, count in counts.items() if count}

    def is_empty(self):
        files = [path for path in self.store._root.rglob("*") if path.is_file()]
        return not self.counts() and not files


@pytest.fixture
def lab(database, tmp_path, owner):
    return Lab(database, ArtifactStore(tmp_path / "artifacts"), owner)


@pytest.fixture
def dataset_id(lab):
    return lab.upload(DatasetRecord, JobKind.INGEST)


@pytest.fixture
def gene_table_id(lab):
    return lab.upload(GeneTableRecord, JobKind.GENE_TABLE)


def genes(gene_table_id, *networks):
    use = {"gene_table_id": gene_table_id, "networks": [{"name": name} for name in networks]}
    return {"genes": use}


def test_a_data_set_that_nothing_needs_goes_with_all_that_is_stored_of_it(lab, dataset_id):
    assert lab.delete(DatasetRecord, dataset_id) == [dataset_id]
    assert lab.is_empty()


def test_a_data_set_is_kept_for_its_trainings_their_models_and_sweeps(lab, dataset_id):
    job_id = lab.job(subject_id=dataset_id)
    model_id = lab.model(job_id)
    lab.end(job_id)
    sweep_id = lab.sweep(dataset_id)
    before = lab.counts()
    with pytest.raises(FailedPreconditionError, match="needed by 1 sweep, 1 model, 1 training job"):
        lab.delete(DatasetRecord, dataset_id)
    with pytest.raises(FailedPreconditionError) as refused:
        lab.delete(DatasetRecord, dataset_id)
    named = {offender.value for offender in refused.value.offenders}
    assert named == {job_id, model_id, sweep_id}
    assert lab.counts() == before


def test_a_cascade_takes_all_that_needs_it_and_nothing_else(lab, dataset_id):
    other = lab.upload(DatasetRecord, JobKind.INGEST)
    kept = lab.counts()
    job_id = lab.job(subject_id=dataset_id)
    model_id = lab.model(job_id)
    lab.end(job_id)
    sweep_id = lab.sweep(dataset_id)
    trial_id = lab.job(subject_id=dataset_id, sweep_id=sweep_id, trial_number=0)
    winner_id = lab.job(subject_id=dataset_id, sweep_id=sweep_id)
    found_id = lab.model(winner_id)
    for one in (trial_id, winner_id):
        lab.end(one)
    lab.end_sweep(sweep_id, winner_id)
    gone = lab.delete(DatasetRecord, dataset_id, cascade=True)
    assert set(gone) == {
        dataset_id, job_id, model_id, sweep_id, trial_id, winner_id, found_id
    }  # fmt: skip
    assert len(gone) == 7
    left = lab.counts()
    assert (left["datasets"], left["jobs"], left["artifacts"]) == (1, 1, 3)
    assert left.keys() <= kept.keys()
    lab.delete(DatasetRecord, other)
    assert lab.is_empty()


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING])
def test_nothing_that_is_at_work_goes_even_by_a_cascade(lab, dataset_id, state):
    job_id = lab.job(subject_id=dataset_id)
    if state is JobState.RUNNING:
        with lab.database.write() as session:
            leases.claim(session, job_id, "worker", 60)
    before = lab.counts()
    for record, id_ in ((DatasetRecord, dataset_id), (JobRecord, job_id)):
        with pytest.raises(FailedPreconditionError, match=f"training job {job_id} is {state}"):
            lab.delete(record, id_, cascade=True)
    assert lab.counts() == before


def test_an_ingest_under_way_keeps_its_data_set(lab):
    dataset_id = lab.upload(DatasetRecord, JobKind.INGEST, state=DatasetState.INGESTING)
    with pytest.raises(FailedPreconditionError, match="in use by a job"):
        lab.delete(DatasetRecord, dataset_id, cascade=True)


def test_a_model_that_a_search_reads_stops_a_cascade(lab, dataset_id):
    job_id = lab.job(subject_id=dataset_id)
    model_id = lab.model(job_id)
    lab.end(job_id)
    search_id = lab.job(JobKind.SEARCH, subject_id=model_id)
    with pytest.raises(FailedPreconditionError, match=f"read by search job {search_id}"):
        lab.delete(DatasetRecord, dataset_id, cascade=True)
    lab.end(search_id)
    lab.delete(DatasetRecord, dataset_id, cascade=True)
    assert lab.counts() == {"jobs": 1, "job_events": 3}  # a search that has ended stays


def test_a_job_goes_with_its_files_and_events(lab):
    job_id = lab.job(JobKind.SEARCH, subject_id="model_0")
    with artifacts.write_blobs(lab.database, lab.store) as session, lab.store.writer() as writer:
        writer.write(b"proposals")
        files = {"proposals.parquet": (writer.seal(), "text/plain")}
        job_files.add_files(session, session.get_one(JobRecord, job_id), files)
    lab.end(job_id, JobState.FAILED)
    assert lab.delete(JobRecord, job_id) == [job_id]
    assert lab.is_empty()


def test_a_trial_goes_with_its_sweep(lab, dataset_id):
    sweep_id = lab.sweep(dataset_id)
    trial_id = lab.job(subject_id=dataset_id, sweep_id=sweep_id, trial_number=0)
    lab.end(trial_id)
    with pytest.raises(FailedPreconditionError, match="needed by 1 sweep"):
        lab.delete(JobRecord, trial_id)
    with pytest.raises(FailedPreconditionError, match=f"sweep {sweep_id} is QUEUED"):
        lab.delete(SweepRecord, sweep_id, cascade=True)
    lab.end_sweep(sweep_id)
    assert lab.delete(SweepRecord, sweep_id, cascade=True) == [sweep_id, trial_id]


def test_a_gene_table_is_kept_for_networks_trainings_and_sweeps(lab, dataset_id, gene_table_id):
    network_id = lab.upload(
        NetworkRecord, JobKind.NETWORK, gene_table_id=gene_table_id
    )  # its name is "it"
    job_id = lab.job(subject_id=dataset_id, spec=genes(gene_table_id, "it"))
    other_id = lab.job(subject_id=dataset_id, spec=genes(gene_table_id, "another"))
    sweep_id = lab.sweep(dataset_id, genes(gene_table_id))
    lab.job(subject_id=dataset_id, spec={"genes": None})
    lab.job(subject_id=dataset_id, spec=genes("genes_0"))
    for one in (job_id, other_id):
        lab.end(one)
    lab.end_sweep(sweep_id)
    with pytest.raises(FailedPreconditionError, match="1 sweep, 2 training jobs, 1 network"):
        lab.delete(GeneTableRecord, gene_table_id)
    with pytest.raises(FailedPreconditionError, match=r"network \S+ is needed by 1 training job"):
        lab.delete(NetworkRecord, network_id)
    assert lab.delete(NetworkRecord, network_id, cascade=True) == [job_id, network_id]
    gone = lab.delete(GeneTableRecord, gene_table_id, cascade=True)
    assert gone == [sweep_id, other_id, gene_table_id]


def test_a_search_in_the_genes_of_a_table_keeps_it_until_it_ends(lab, gene_table_id):
    spec = {"pool": {"genes": {"gene_table_id": gene_table_id}}}
    search_id = lab.job(JobKind.SEARCH, subject_id="model_0", spec=spec)
    with pytest.raises(FailedPreconditionError, match="in use by a job"):
        lab.delete(GeneTableRecord, gene_table_id, cascade=True)
    lab.end(search_id)
    assert lab.delete(GeneTableRecord, gene_table_id) == [gene_table_id]


def test_a_blob_that_another_data_set_has_as_well_stays(lab, dataset_id):
    with lab.database.write() as session:
        row = session.get_one(DatasetRecord, dataset_id)
        shared = Blob(row.source_sha256, 1)
    twin_id = lab.upload(DatasetRecord, JobKind.INGEST)
    with lab.database.write() as session:
        session.get_one(DatasetRecord, twin_id).source_sha256 = shared.sha256
    lab.delete(DatasetRecord, dataset_id)
    assert lab.store.path(shared.sha256).is_file()
