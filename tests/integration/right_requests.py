"""Requests that are right, by method: a small change to one of them leads far inside."""

import json

from service.contract.datasets import DatasetSpec
from service.contract.search import SearchSpec
from service.contract.sweeps import SweepSpec
from service.contract.training import TrainingSpec
from service.rpc.mapping import write_message
from service.rpc.pb.cellgebra.v1 import (
    datasets_pb2,
    genes_pb2,
    inference_pb2,
    keys_pb2,
    registry_pb2,
    search_pb2,
    sweeps_pb2,
    training_pb2,
)
from service.rpc.pb.inference import open_inference_pb2
from tests.integration.conftest import ISOPRENOL

DESIGN = "PP_0368:knockdown"
MODEL = {"kind": "additive", "penalty": 1.0}
RANGE = {"path": "model.penalty", "kind": "float", "low": 0.5, "high": 2.0}


def right_requests(ids):
    """Messages, in order, by the name of the method that takes them."""
    model_id = ids["model_id"]
    score = inference_pb2.ScoreRequest(model_id=model_id, genotypes=["", DESIGN])
    return {
        **_jobs(ids),
        "Score": [score],
        "ScoreStream": [inference_pb2.ScoreStreamRequest(number=1, request=score)] * 2,
        "Compose": [
            inference_pb2.ComposeRequest(
                model_id=model_id,
                operation=inference_pb2.LATENT_OPERATION_COMPOSE,
                designs=[DESIGN, "PP_0751:knockdown"],
            )
        ],
        "CompareModels": [
            registry_pb2.CompareModelsRequest(model_ids=[model_id], genotypes=["", DESIGN])
        ],
        "PromoteModel": [registry_pb2.PromoteModelRequest(id=model_id, alias="kept")],
        "ModelInfer": [_infer(model_id)],
        "RevokeApiKey": [keys_pb2.RevokeApiKeyRequest(id=ids["key_id"])],
        "RotateApiKey": [keys_pb2.RotateApiKeyRequest(id=ids["rotated_key_id"])],
        "CreateDataset": _dataset(),
        "CreateGeneTable": [
            genes_pb2.CreateGeneTableRequest(header={"name": "genes"}),
            genes_pb2.CreateGeneTableRequest(chunk=b"locus\tx\nPP_0368\t1\nPP_0751\t2\n"),
        ],
        "CreateNetwork": [
            genes_pb2.CreateNetworkRequest(header={"gene_table_id": ids["gene_table_id"]}),
            genes_pb2.CreateNetworkRequest(chunk=b"a\tb\nPP_0368\tPP_0751\n"),
        ],
    }


def _jobs(ids):
    training = {
        "dataset_id": ids["dataset_id"],
        "labels": [{"name": "isoprenol"}],
        "model": MODEL,
        "split": {"kind": "none"},
    }
    spec = TrainingSpec.model_validate(training)
    swept = SweepSpec.model_validate({"training": training, "parameters": [RANGE], "max_trials": 2})
    searched = SearchSpec.model_validate(
        {
            "model_id": ids["model_id"],
            "objectives": [{"label": "isoprenol", "direction": "maximize"}],
            "proposal_count": 5,
        }
    )
    made = {
        training_pb2.CreateTrainingJobRequest: spec,
        sweeps_pb2.CreateSweepRequest: swept,
        search_pb2.CreateSearchJobRequest: searched,
    }
    found = {}
    for kind, wanted in made.items():
        message = kind()
        write_message(message.spec, wanted.model_dump())
        found[kind.DESCRIPTOR.name.removesuffix("Request")] = [message]
    return found


def _dataset():
    spec = DatasetSpec.model_validate(json.loads((ISOPRENOL / "mapping.json").read_text()))
    header = datasets_pb2.CreateDatasetRequest()
    write_message(header.header.spec, spec.model_dump())
    table = (ISOPRENOL / "putida_isoprenol_designs.tsv").read_bytes()
    return [header, datasets_pb2.CreateDatasetRequest(chunk=table[:4000])]


def _infer(model_id):
    contents = {"bytes_contents": [DESIGN.encode()]}
    tensor = {"name": "genotype", "datatype": "BYTES", "shape": [1], "contents": contents}
    return open_inference_pb2.ModelInferRequest(model_name=model_id, inputs=[tensor])
