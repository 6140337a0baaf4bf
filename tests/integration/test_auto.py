"""The default model over both doors: chosen, registered under what was chosen, and scored."""

import grpc
import pytest

from service.rpc.pb.cellgebra.v1 import inference_pb2, inference_pb2_grpc

GENOTYPES = ["", "PP_0368:knockdown", "PP_0368:knockdown+PP_0815:knockdown"]
KINDS = ["additive", "nearest_design", "forest", "perturbation_set"]


@pytest.mark.slow
@pytest.mark.parametrize("candidates", [None, *([kind] for kind in KINDS)])
def test_whatever_won_is_scored_over_both_doors(service, api, train, candidates):
    job = train(model={"kind": "auto", "candidates": candidates, "folds": 2})
    assert job["state"] == "SUCCEEDED", job["error"]
    selection = job["report"]["selection"]
    model = api.get(f"/v1/models/{job['model_id']}").raise_for_status().json()
    assert model["kind"] == selection["chosen"] == model["manifest"]["selected_model"]["kind"]
    assert job["spec"]["model"]["kind"] == "auto"
    asked = {"genotypes": GENOTYPES}
    told = api.post(f"/v1/models/{model['id']}:score", json=asked).raise_for_status().json()
    with grpc.insecure_channel(service.grpc_address) as channel:
        stub = inference_pb2_grpc.InferenceServiceStub(channel)
        answer = stub.Score(inference_pb2.ScoreRequest(model_id=model["id"], genotypes=GENOTYPES))
    assert list(answer.labels[0].mean) == told["labels"][0]["mean"]
    assert list(answer.labels[0].sd) == told["labels"][0]["sd"]
