"""The Open Inference Protocol: NVIDIA's client as it is, over HTTP and gRPC, and bad requests."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

CLIENT = Path(__file__).parent / "triton_clients.py"
GENOTYPES = ["", "PP_0368:knockdown", "PP_0368:knockdown+PP_0815:knockdown"]


@pytest.fixture(scope="module")
def model(api, trained):
    return api.get(f"/v1/models/{trained['model_id']}").json()


@pytest.fixture(scope="module")
def scores(api, model):
    """What the service's own route answers."""
    answer = api.post(f"/v1/models/{model['id']}:score", json={"genotypes": GENOTYPES})
    return answer.json()["labels"][0]


def infer(api, model_name, data=("",), **changes):
    tensor = {"name": "genotype", "datatype": "BYTES", "shape": [len(data)], "data": list(data)}
    return api.post(f"/v2/models/{model_name}/infer", json={"inputs": [tensor | changes]})


# A process of its own: the client's messages have the names of the service's own.
@pytest.mark.parametrize("door", ["http", "grpc"])
def test_nvidias_client_reads_the_same_scores(service, model, scores, door):
    url = service.base_url.removeprefix("http://") if door == "http" else service.grpc_address
    command = [sys.executable, str(CLIENT), door, url, model["name"], str(model["version"])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert all(told[what] for what in ("live", "server_ready", "model_ready"))
    assert told["platform"] == "cellgebra_perturbation_set"
    assert "isoprenol.mean" in told["output_names"]
    for field in ("mean", "sd", "y_compose"):
        expected = np.array(scores[field], dtype=np.float32).tolist()
        assert told["columns"][f"isoprenol.{field}"] == expected
    assert "no edit PP_9999:knockdown" in told["error"]


def test_all_outputs_without_a_choice(api, model, scores):
    answer = infer(api, model["id"], GENOTYPES).json()
    assert answer["parameters"]["model_id"] == model["id"]
    assert answer["model_version"] == str(model["version"])
    columns = {column["name"]: column for column in answer["outputs"]}
    metadata = api.get(f"/v2/models/{model['id']}").json()
    assert [tensor["name"] for tensor in metadata["outputs"]] == list(columns)
    assert columns["isoprenol.mean"]["parameters"] == {"unit": "mg/L"}
    assert columns["isoprenol.low"]["data"] == pytest.approx(scores["interval"]["low"], rel=1e-6)


def test_a_binary_request_has_its_texts_behind_the_json(api, model, scores):
    texts = b"".join(struct.pack("<I", len(t)) + t.encode() for t in GENOTYPES)
    head = json.dumps(
        {
            "inputs": [
                {
                    "name": "genotype",
                    "datatype": "BYTES",
                    "shape": [3, 1],
                    "parameters": {"binary_data_size": len(texts)},
                }
            ],
            "outputs": [
                {"name": "isoprenol.sd", "parameters": {"binary_data": True}},
                {"name": "isoprenol.mean"},
            ],
        }
    ).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    path = f"/v2/models/{model['name']}/versions/{model['version']}/infer"
    answer = api.post(path, content=head + texts, headers=headers)
    length = int(answer.headers["Inference-Header-Content-Length"])
    sd, mean = json.loads(answer.content[:length])["outputs"]
    assert sd["parameters"]["binary_data_size"] == 12
    values = np.frombuffer(answer.content[length:], "<f4")
    assert values == pytest.approx(scores["sd"], rel=1e-6)
    assert mean["data"] == pytest.approx(scores["mean"], rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "text"}, "takes one input, genotype; given: text"),
        ({"datatype": "FP32"}, "genotype is of BYTES, not of FP32"),
        ({"shape": [2]}, "shape [2] holds 1 elements: give the shape [1]"),
        ({"data": [1.5]}, "data[0] is no text"),
        ({"data": ["PP_0368:knockout"]}, "PP_0368"),
        ({"parameters": {"binary_data_size": 9}}, "binary_data_size is 9, and 0 bytes are left"),
    ],
)
def test_bad_inputs_are_told(api, model, changes, told):
    answer = infer(api, model["id"], **changes)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert told in answer.json()["error"]


def test_unknown_names_are_told(api, model):
    tensor = {"name": "genotype", "datatype": "BYTES", "shape": [1], "data": [""]}
    body = {"inputs": [tensor], "outputs": [{"name": "isoprenol.meen"}]}
    refused = api.post(f"/v2/models/{model['id']}/infer", json=body)
    assert refused.status_code == 400
    assert "no output 'isoprenol.meen'; it has: isoprenol.mean" in refused.json()["error"]
    missing = infer(api, "titer-of-nobody")
    assert missing.status_code == 404
    assert "promote a version of the name to champion" in missing.json()["error"]
    version = api.get(f"/v2/models/{model['name']}/versions/x")
    assert (version.status_code, version.json()["error"]) == (400, "version 'x' is no number")
    cut = api.post(
        f"/v2/models/{model['id']}/infer",
        content=b"{}",
        headers={"Inference-Header-Content-Length": "3"},
    )
    assert "is '3', and the body has 2 bytes" in cut.json()["error"]
