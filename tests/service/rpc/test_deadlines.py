"""The deadline of a call goes down to the worker: read from the message that waits for one."""

import base64
import json
import time

import grpc
import pytest
from grpc import StatusCode

from service.contract.jobs import Queue
from service.rpc.pb.cellgebra.v1 import inference_pb2, registry_pb2, registry_pb2_grpc
from service.rpc.pb.inference import open_inference_pb2 as open_pb
from service.rpc.pb.inference import open_inference_pb2_grpc
from tests.service.rows import EDITS, add_model

CALL_SECONDS = 1.0
OWN_SECONDS = 30.0  # what the request itself asks for
DESIGN = EDITS[0]


@pytest.fixture
def calls(channel, inference, context):
    """Each inference method, asked of a model that no worker is there to load."""
    model_id = add_model(context, kind="perturbation_set")
    tensor = {"name": "genotype", "datatype": "BYTES", "shape": [1]}
    contents = {"bytes_contents": [DESIGN.encode()]}
    infer = open_pb.ModelInferRequest(
        model_name=model_id,
        inputs=[{**tensor, "contents": contents}],
        parameters={"timeout": {"int64_param": int(OWN_SECONDS * 1e6)}},
    )
    shared = {"model_id": model_id, "timeout_seconds": OWN_SECONDS}
    compose = {"operation": inference_pb2.LATENT_OPERATION_COMPOSE, "designs": [DESIGN]}
    compared = registry_pb2.CompareModelsRequest(
        model_ids=[model_id, add_model(context)],
        genotypes=["", *EDITS],
        timeout_seconds=OWN_SECONDS,
    )
    models = registry_pb2_grpc.ModelServiceStub(channel)
    return {
        "CompareModels": (models.CompareModels, compared),
        "ExportModel": (models.ExportModel, registry_pb2.ExportModelRequest(id=model_id)),
        "Score": (inference.Score, inference_pb2.ScoreRequest(genotypes=[DESIGN], **shared)),
        "Compose": (inference.Compose, inference_pb2.ComposeRequest(**compose, **shared)),
        "ModelInfer": (
            open_inference_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer,
            infer,
        ),
    }


def deadlines(found):
    """Every deadline anywhere in a message."""
    if isinstance(found, dict):
        own = [found["deadline_unix_seconds"]] if "deadline_unix_seconds" in found else []
        return own + [each for value in found.values() for each in deadlines(value)]
    if isinstance(found, list):
        return [each for value in found for each in deadlines(value)]
    return []


def waiting(valkey):
    """What waits for an inference worker, as a list of deadlines."""
    client = valkey.connect()
    keys = [key for key in client.keys(f"*{Queue.INFERENCE}") if client.type(key) == b"list"]
    contents = [item for key in keys for item in client.lrange(key, 0, -1)]
    client.close()
    bodies = [json.loads(base64.b64decode(json.loads(content)["body"])) for content in contents]
    return deadlines(bodies)


LATER = ("Compose", "ModelInfer", "CompareModels", "ExportModel")


@pytest.mark.parametrize(
    "name", ["Score", *(pytest.param(name, marks=pytest.mark.slow) for name in LATER)]
)
async def test_the_worker_hears_of_the_deadline_of_the_call(calls, valkey, name):
    method, request = calls[name]
    end = time.time() + CALL_SECONDS
    call = method(request, timeout=CALL_SECONDS)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await (call.read() if isinstance(call, grpc.aio.UnaryStreamCall) else call)
    assert caught.value.code() is StatusCode.DEADLINE_EXCEEDED
    found = waiting(valkey)
    assert found
    assert all(end - 1 < deadline < end + 1 for deadline in found)
