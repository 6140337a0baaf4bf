"""A gRPC server in this process, on a real socket, a real database and a real broker."""

import pytest

from service.contract.datasets import DatasetState
from service.rpc.pb.cellgebra.v1 import inference_pb2_grpc
from tests.service import rows


@pytest.fixture
def database_kind():
    """The handlers' tests cover both kinds; a door adds no SQL."""
    return "sqlite"


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"max_scores_in_flight": 2})


@pytest.fixture
def inference(channel):
    return inference_pb2_grpc.InferenceServiceStub(channel)


@pytest.fixture
def add_dataset(database):
    """Adds a data set with one label `titer` and a covariate `cycle` of values 0 and 5."""

    def add(*, is_ready=True):
        state = DatasetState.READY if is_ready else DatasetState.INGESTING
        dataset_id, _ = rows.add_dataset(database, state=state)
        return dataset_id

    return add


@pytest.fixture
def dataset_id(add_dataset):
    return add_dataset()


@pytest.fixture
def model_id(context):
    """A model that no worker is there to load."""
    return rows.add_model(context)
