"""Bodies: larger, deeper and stranger than anybody needs."""

import json
import math
import zlib

import grpc
import pytest

from service.rpc.pb.cellgebra.v1 import inference_pb2, inference_pb2_grpc

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

MIB = 2**20
GIB = 2**30


DEEP = {
    "arrays": "[" * 200_000,
    "objects": '{"a":' * 100_000,
    "closed arrays": "[" * 100_000 + "]" * 100_000,
    "in a spec": '{"dataset_id": ' + "[" * 50_000 + "]" * 50_000 + "}",
}


@pytest.mark.parametrize("name", DEEP)
def test_json_of_any_depth_is_refused(api, trained, tried, name):
    headers = {"content-type": "application/json"}
    for path in ("/v1/training-jobs", f"/v1/models/{trained['model_id']}:score", "/v1/search-jobs"):
        answer = api.post(path, content=DEEP[name], headers=headers)
        tried("JSON depth bomb", "refused: 422")
        assert answer.status_code in (400, 422), answer.text[:300]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_no_number_beyond_the_finite_is_taken(api, dataset, trained, tried, number):
    spec = {"dataset_id": dataset["id"], "labels": [{"name": "isoprenol"}]}
    bodies = {
        "/v1/training-jobs": json.dumps({**spec, "learning_rate": "?"}).replace('"?"', number),
        f"/v1/models/{trained['model_id']}:score": json.dumps(
            {"genotypes": ["PP_0368:knockdown"], "timeout_seconds": "?"}
        ).replace('"?"', number),
    }
    for path, body in bodies.items():
        answer = api.post(path, content=body, headers={"content-type": "application/json"})
        tried("NaN and Infinity in JSON", "refused: 422")
        assert answer.status_code in (400, 422), answer.text[:300]


def test_a_protobuf_beyond_the_limit_is_refused(service, tried):
    with grpc.insecure_channel(service.grpc_address) as channel:
        stub = inference_pb2_grpc.InferenceServiceStub(channel)
        for size in (17 * MIB, 64 * MIB, 256 * MIB):
            request = inference_pb2.ScoreRequest(model_id="m", genotypes=["a" * size])
            with pytest.raises(grpc.RpcError) as caught:
                stub.Score(request, timeout=60)
            tried("oversized protobuf", "refused: INVALID_ARGUMENT or RESOURCE_EXHAUSTED")
            assert caught.value.code() in (
                grpc.StatusCode.INVALID_ARGUMENT,
                grpc.StatusCode.RESOURCE_EXHAUSTED,
            )


def test_what_is_no_protobuf_is_refused(service, tried):
    garbage = (
        b"\xff" * 100,
        b"\x0a\xff\xff\xff\xff\x0f",
        zlib.compress(bytes(MIB)),
        b"\x0b" * 9000,
    )
    with grpc.insecure_channel(service.grpc_address) as channel:
        call = channel.unary_unary("/cellgebra.v1.InferenceService/Score")
        for body in garbage:
            with pytest.raises(grpc.RpcError) as caught:
                call(body, timeout=60)
            tried("bytes that are no message", "refused: INVALID_ARGUMENT")
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_no_float_of_a_message_is_beyond_the_finite(service, trained, tried):
    with grpc.insecure_channel(service.grpc_address) as channel:
        stub = inference_pb2_grpc.InferenceServiceStub(channel)
        for number in (math.nan, math.inf, -math.inf, -1.0):
            request = inference_pb2.ScoreRequest(
                model_id=trained["model_id"],
                genotypes=["PP_0368:knockdown"],
                timeout_seconds=number,
            )
            with pytest.raises(grpc.RpcError) as caught:
                stub.Score(request, timeout=60)
            tried("NaN and Infinity in protobuf", "refused: INVALID_ARGUMENT")
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
