"""Data sets over gRPC, from a real file to READY and gone, through the running service."""

import json
import time

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status.rpc_status import from_call

from service.contract.datasets import DatasetSpec
from service.contract.resources import Dataset
from service.rpc.mapping import read_message, write_message
from service.rpc.pb.cellgebra.v1 import datasets_pb2, datasets_pb2_grpc
from tests.integration.conftest import ISOPRENOL
from tests.service.rpc.statuses import detail_of
from tests.service.rpc.uploads import parts

INGEST_SECONDS = 60
TABLE = (ISOPRENOL / "putida_isoprenol_designs.tsv").read_bytes()
MAPPING = json.loads((ISOPRENOL / "mapping.json").read_text())


@pytest.fixture
def datasets(channel):
    return datasets_pb2_grpc.DatasetServiceStub(channel)


def upload(datasets, content, **changes):
    spec = DatasetSpec.model_validate({**MAPPING, **changes})
    header = datasets_pb2.DatasetHeader(
        spec=write_message(datasets_pb2.DatasetSpec(), spec.model_dump()), name="over gRPC"
    )
    return datasets.CreateDataset(
        parts(datasets_pb2.CreateDatasetRequest, header, content, chunk_bytes=1000)
    )


def test_a_table_comes_in_is_listed_and_goes(datasets, api, dataset):
    made = upload(datasets, TABLE)
    deadline = time.monotonic() + INGEST_SECONDS
    asked = datasets_pb2.GetDatasetRequest(id=made.id)
    while made.state == datasets_pb2.DATASET_STATE_INGESTING and time.monotonic() < deadline:
        time.sleep(0.1)
        made = datasets.GetDataset(asked)
    assert made.state == datasets_pb2.DATASET_STATE_READY

    told = api.get(f"/v1/datasets/{made.id}").raise_for_status().json()
    received = Dataset.model_validate(read_message(made))
    assert received == Dataset.model_validate(told)
    over_rest = Dataset.model_validate(dataset)
    assert received.profile.rows_per_order == over_rest.profile.rows_per_order
    assert received.vocabulary_sha256 == over_rest.vocabulary_sha256

    page = datasets.ListDatasets(datasets_pb2.ListDatasetsRequest(page_size=1))
    assert list(page.datasets) == [made]
    datasets.DeleteDataset(datasets_pb2.DeleteDatasetRequest(id=made.id))
    with pytest.raises(grpc.RpcError) as caught:
        datasets.GetDataset(asked)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_bad_table_is_an_error_that_names_its_data_set(datasets):
    labels = [{"name": "none", "column": "not_there", "kind": "titer", "unit": "mg/L"}]
    with pytest.raises(grpc.RpcError) as caught:
        upload(datasets, TABLE, labels=labels)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "not_there" in caught.value.details()
    info = detail_of(from_call(caught.value), ErrorInfo)
    assert info.reason == "BAD_TABLE"
    failed = datasets.GetDataset(datasets_pb2.GetDatasetRequest(id=info.metadata["dataset_id"]))
    assert failed.state == datasets_pb2.DATASET_STATE_FAILED
