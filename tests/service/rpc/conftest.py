"""A gRPC server in this process, on a real socket, a real database and a real broker."""

import grpc
import pytest

from service.contract.datasets import DatasetProfile, LabelProfile
from service.contract.jobs import JobKind
from service.contract.manifests import ModelManifest, vocabulary_sha256
from service.contract.repositories import datasets, jobs
from service.contract.repositories.models import add_model
from service.contract.settings import Settings
from service.handlers.context import Context
from service.rpc.callers import LOCAL
from service.rpc.pb.cellgebra.v1 import inference_pb2_grpc, training_pb2_grpc
from service.rpc.server import start_server

LABEL = {"name": "titer", "kind": "titer", "unit": "mg/L"}
PROFILE = DatasetProfile(
    row_count=4,
    design_count=4,
    locus_count=2,
    edit_count=2,
    control_row_count=0,
    rows_per_order={1: 4},
    designs_per_order={1: 4},
    labels=[
        LabelProfile(
            name="titer",
            kind="titer",
            scale="linear",
            unit="mg/L",
            count=4,
            missing_share=0.0,
            censored_count=0,
            min=0.0,
            median=1.0,
            mean=1.0,
            max=2.0,
            sd=1.0,
            sd_within_builds=None,
            sd_across_builds=None,
        )
    ],
    covariates={"cycle": {"0": 2, "1": 2}},
)
EDITS = ["b0001:deletion", "b0720:deletion"]
MANIFEST = ModelManifest(
    name="isoprenol",
    model_kind="additive",
    member_count=1,
    training_spec={},
    dataset_id="dataset_1",
    dataset_sha256="a" * 64,
    table_sha256="b" * 64,
    loci=["b0001", "b0720"],
    edits=EDITS,
    vocabulary_sha256=vocabulary_sha256(["b0001", "b0720"], EDITS),
    weights_sha256="c" * 64,
    labels=[],
    report={},
    versions={},
)
SPEC = {"design": {"layout": "genotype"}, "labels": [LABEL]}


@pytest.fixture
def settings(sqlite_url, valkey, tmp_path):
    return Settings(
        data_dir=tmp_path,
        database_url=sqlite_url,
        broker_url=valkey.url,
        grpc_port=0,
        max_scores_in_flight=2,
    )


@pytest.fixture
async def context(settings):
    made = Context.of(settings)
    await made.start()
    yield made
    await made.close()


@pytest.fixture
async def server(context, settings):
    started = await start_server(context, settings)
    yield started
    await started.stop(0)


@pytest.fixture
async def channel(server):
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as opened:
        yield opened


@pytest.fixture
def training(channel):
    return training_pb2_grpc.TrainingServiceStub(channel)


@pytest.fixture
def inference(channel):
    return inference_pb2_grpc.InferenceServiceStub(channel)


@pytest.fixture
def add_dataset(context):
    """Adds a data set with one label `titer` and a covariate `cycle` of values 0 and 1."""

    def add(*, is_ready=True):
        dataset_id = jobs.new_id("dataset")
        blob = _store(context, dataset_id.encode())
        with context.database.write() as session:
            dataset = datasets.add_dataset(
                session,
                LOCAL.owner,
                dataset_id,
                name="isoprenol",
                spec=SPEC,
                source=blob,
                job_id=jobs.new_id("job"),
            )
            if is_ready:
                profile = PROFILE.model_dump(mode="json")
                datasets.mark_ready(
                    session, dataset, spec=SPEC, profile=profile, table=blob, vocabulary=blob
                )
        return dataset_id

    return add


@pytest.fixture
def dataset_id(add_dataset):
    return add_dataset()


@pytest.fixture
def model_id(context, dataset_id):
    """A model that knows the deletions of two genes. No worker is there to load it."""
    manifest = _store(context, MANIFEST.model_dump_json().encode())
    with context.database.write() as session:
        job, _ = jobs.create_job(
            session,
            LOCAL.owner,
            JobKind.TRAINING,
            {},
            subject_id=dataset_id,
            request=jobs.Request(None, ""),
        )
        model = add_model(
            session,
            job,
            name="isoprenol",
            kind="additive",
            manifest=manifest,
            weights=manifest,
            report={},
        )
    return model.id


def _store(context, content):
    with context.store.writer() as writer:
        writer.write(content)
        sealed = writer.seal()
        sealed.reveal()
        return sealed
