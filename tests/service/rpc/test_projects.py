"""What one project holds is not there for another: every RPC is tried with its ids."""

import grpc
import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass
from grpc import StatusCode

from service.contract.scoring_jobs import ScoringSpec
from service.contract.sweeps import SweepSpec
from service.rpc.callers import operation_of
from service.rpc.mapping import write_message
from service.rpc.pb.cellgebra.v1 import scoring_pb2, sweeps_pb2
from tests.service.keys import make_key
from tests.service.projects import fill
from tests.service.rpc.test_access import METHODS, metadata

MADE_ANEW = {"CreateDataset", "CreateGeneTable", "CreateApiKey"}
OF_NOBODY = {"ServerMetadata", "ListLosses", "ListSchemas", "GetSchema"}
PARTS = {"ListProposals", "ListNetworks"}  # lists of what belongs to one thing
IDS = {
    "TrainingService": "training_job_id",
    "SearchService": "search_job_id",
    "ScoringService": "scoring_job_id",
    "SweepService": "sweep_id",
    "DatasetService": "dataset_id",
    "KeyService": "key_id",
    "GeneTableService": "gene_table_id",
    "ModelService": "model_id",
    "ModelAliasService": "promotion_id",
}


def request_of(service, method, held):
    """What a method is asked, as JSON; one that nobody has thought of is a KeyError."""
    special = {
        "CreateTrainingJob": lambda: {"spec": _wire(held.training_spec())},
        "CreateSweep": lambda: {"spec": _sweep(held.sweep_spec())},
        "CreateSearchJob": lambda: {"spec": held.search_spec()},
        "CreateScoringJob": lambda: {"header": {"spec": _scoring(held.scoring_spec())}},
        "Score": lambda: {"model_id": held.model_id, "genotypes": ["b0720:deletion"]},
        "Compose": lambda: {
            "model_id": held.model_id,
            "operation": "LATENT_OPERATION_COMPOSE",
            "designs": ["b0720:deletion"] * 2,
        },
        "ModelReady": lambda: {"name": held.model_id},
        "ModelMetadata": lambda: {"name": held.model_id},
        "ModelInfer": lambda: {
            "model_name": held.model_id,
            "inputs": [{"name": "genotype", "datatype": "BYTES", "shape": [1]}],
            "raw_input_contents": ["DgAAAGIwNzIwOmRlbGV0aW9u"],
        },
        "ScoreStream": lambda: {
            "number": 1,
            "request": {"model_id": held.model_id, "genotypes": ["b0720:deletion"]},
        },
        "CreateNetwork": lambda: {"header": {"gene_table_id": held.gene_table_id}},
        "GetNetwork": lambda: {"gene_table_id": held.gene_table_id, "id": held.network_id},
        "DeleteNetwork": lambda: {"gene_table_id": held.gene_table_id, "id": held.network_id},
        "ListNetworks": lambda: {"gene_table_id": held.gene_table_id},
        "PromoteModel": lambda: {"id": held.model_id, "alias": "champion"},
        "CompareModels": lambda: {"model_ids": [held.model_id, held.other_model_id]},
        "DownloadModelReport": lambda: {"id": held.model_id, "format": 1},
        "GetModelAlias": lambda: {"reference": held.alias},
        "DeleteModelAlias": lambda: {"reference": held.alias},
        "RollbackModelAlias": lambda: {"reference": held.alias},
        "GetArtifact": lambda: {"sha256": held.sha256},
        "DownloadArtifact": lambda: {"sha256": held.sha256},
        "DownloadScoringFile": lambda: {"id": held.scoring_job_id, "file": 1},
        "DownloadSearchFile": lambda: {"id": held.search_job_id, "file": "FILE_PROPOSALS_TSV"},
    }
    if method in special:
        return special[method]()
    return {"id": getattr(held, IDS[service])}


def _wire(training):
    return {**training, "model": {"additive": {}}}


def _sweep(spec):
    return _written(sweeps_pb2.SweepSpec(), SweepSpec, spec)


def _scoring(spec):
    return _written(scoring_pb2.ScoringSpec(), ScoringSpec, spec)


def _written(message, model, spec):
    written = write_message(message, model.model_validate(spec).model_dump())
    return MessageToDict(written, preserving_proto_field_name=True)


async def ask(channel, path, method, content, secret):
    request = GetMessageClass(method.input_type)
    kinds = {
        (False, False): channel.unary_unary,
        (False, True): channel.unary_stream,
        (True, False): channel.stream_unary,
        (True, True): channel.stream_stream,
    }
    make = kinds[method.client_streaming, method.server_streaming]
    sent = ParseDict(content, request()).SerializeToString()
    call = make(path, response_deserializer=GetMessageClass(method.output_type).FromString)(
        iter([sent]) if method.client_streaming else sent,
        metadata=metadata(secret),
        timeout=10,
    )
    if method.server_streaming:
        return [answer async for answer in call]
    return await call


@pytest.fixture
async def held(context, database):
    made = await fill(context, "")
    key_id, secret = make_key(database)
    _, other = make_key(database, project="another")
    await context.keys.refresh()
    return type(made)(**{**vars(made), "key_id": key_id}), secret, other


async def test_every_method_says_that_it_is_not_there(channel, held):
    project, _, other = held
    asked = set()
    for path, method in METHODS:
        name, service = method.name, path.split("/")[1].rpartition(".")[2]
        is_list = name.startswith("List") and name not in PARTS
        if operation_of(path) is None or is_list or name in MADE_ANEW | OF_NOBODY:
            continue
        content = request_of(service, name, project)
        if name == "ScoreStream":  # it goes on: each answer has its own status
            (answer,) = await ask(channel, path, method, content, other)
            assert answer.error.code == StatusCode.NOT_FOUND.value[0]
            continue
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await ask(channel, path, method, content, other)
        assert caught.value.code() is StatusCode.NOT_FOUND, (path, caught.value.details())
        asked.add(name)
    assert len(asked) >= 45


async def test_every_list_is_empty(channel, held):
    project, _, other = held
    for path, method in METHODS:
        name = method.name
        if name.startswith("List") and name not in OF_NOBODY | PARTS:
            answer = str(await ask(channel, path, method, {}, other))
            assert [one for one in project.ids if one in answer] == [], path


async def test_to_their_project_the_same_requests_are_something(channel, held):
    project, secret, _ = held
    for path, method in METHODS:
        name, service = method.name, path.split("/")[1].rpartition(".")[2]
        if name.startswith("Get") and operation_of(path) and name not in OF_NOBODY:
            await ask(channel, path, method, request_of(service, name, project), secret)
