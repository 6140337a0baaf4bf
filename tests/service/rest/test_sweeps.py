"""Sweeps over REST and gRPC: made once, read, listed, cancelled, resumed, and refused."""

import grpc
import pytest

from service.contract.resources import Sweep
from service.rpc.mapping import read_message
from service.rpc.pb.cellgebra.v1 import jobs_pb2, sweeps_pb2, sweeps_pb2_grpc
from service.rpc.server import start_server
from tests.service.rows import add_dataset

RATE = {"path": "optimizer.learning_rate", "kind": "float", "low": 1e-4, "high": 1e-2, "log": True}
HEAD = {"path": "model.head", "kind": "choice", "choices": ["linear", "mlp"]}


@pytest.fixture
def spec(database):
    training = {
        "dataset_id": add_dataset(database)[0],
        "labels": [{"name": "titer"}],
        "model": {"kind": "perturbation_set"},
    }
    return {"training": training, "parameters": [RATE, HEAD], "max_trials": 5}


async def test_a_sweep_is_queued_read_listed_cancelled_and_resumed(rest, spec):
    created = await rest.post("/v1/sweeps", json=spec)
    assert created.status_code == 201, created.text
    sweep = created.json()
    assert (sweep["state"], sweep["trial_count"], sweep["trials"]) == ("QUEUED", 0, [])
    assert created.headers["Location"] == f"/v1/sweeps/{sweep['id']}"
    path = f"/v1/sweeps/{sweep['id']}"
    assert (await rest.get(path)).json() == sweep
    listed = (await rest.get("/v1/sweeps", params={"state": "QUEUED"})).json()
    assert [item["id"] for item in listed["items"]] == [sweep["id"]]
    assert (await rest.get("/v1/sweeps", params={"state": "FAILED"})).json()["items"] == []
    for _ in range(2):  # twice is once
        cancelled = await rest.post(f"{path}:cancel")
        assert cancelled.json()["state"] == "CANCELLED"
    assert (await rest.post(f"{path}:resume")).json() == sweep  # as it was
    again = await rest.post(f"{path}:resume")
    assert (again.status_code, again.json()["reason"]) == (409, "WRONG_STATE")


async def test_a_request_id_makes_one_sweep(rest, spec):
    query = {"request_id": "6f1c7a52-3f43-4be5-9d2e-7d2f0d9a2f11"}
    first = await rest.post("/v1/sweeps", params=query, json=spec)
    second = await rest.post("/v1/sweeps", params=query, json=spec)
    assert first.json()["id"] == second.json()["id"]
    other = await rest.post("/v1/sweeps", params=query, json={**spec, "seed": 5})
    assert other.json()["reason"] == "REQUEST_ID_REUSED"


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"parameters": []}, 422, "parameters"),
        ({"parameters": [{**RATE, "low": 1.0}]}, 422, "low 1 is above high 0.01"),
        ({"parameters": [{**RATE, "path": "model.dim"}]}, 422, "training has no field model.dim"),
        ({"max_trials": 0}, 422, "max_trials"),
        ({"trials": 9}, 422, "trials"),
    ],
)
async def test_a_sweep_that_is_none_is_refused(rest, spec, change, status, said):
    answer = await rest.post("/v1/sweeps", json={**spec, **change})
    assert answer.status_code == status
    assert said in answer.text


async def test_what_the_data_set_lacks_is_refused(rest, spec):
    training = {**spec["training"], "labels": [{"name": "titre"}]}
    answer = await rest.post("/v1/sweeps", json={**spec, "training": training})
    assert answer.json()["errors"][0]["suggestions"] == ["titer"]
    training = {**spec["training"], "dataset_id": "dataset_0"}
    assert (await rest.post("/v1/sweeps", json={**spec, "training": training})).status_code == 404
    assert (await rest.get("/v1/sweeps/sweep_0")).status_code == 404
    for action in ("cancel", "resume"):
        assert (await rest.post(f"/v1/sweeps/sweep_0:{action}")).status_code == 404


async def test_both_doors_tell_the_same(rest, context, settings, spec):
    server = await start_server(context, settings)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            stub = sweeps_pb2_grpc.SweepServiceStub(channel)
            asked = sweeps_pb2.SweepSpec(
                training={
                    "dataset_id": spec["training"]["dataset_id"],
                    "labels": [{"name": "titer"}],
                    "model": {"perturbation_set": {}},
                },
                parameters=[
                    {"float": {k: v for k, v in RATE.items() if k != "kind"}},
                    {"choice": {k: v for k, v in HEAD.items() if k != "kind"}},
                ],
                max_trials=5,
            )
            made = await stub.CreateSweep(sweeps_pb2.CreateSweepRequest(spec=asked))
            told = (await rest.get(f"/v1/sweeps/{made.id}")).json()
            assert Sweep.model_validate(read_message(made)) == Sweep.model_validate(told)
            assert await stub.GetSweep(sweeps_pb2.GetSweepRequest(id=made.id)) == made
            page = await stub.ListSweeps(sweeps_pb2.ListSweepsRequest(page_size=1))
            assert [sweep.id for sweep in page.sweeps] == [made.id]
            cancelled = await stub.CancelSweep(sweeps_pb2.CancelSweepRequest(id=made.id))
            assert cancelled.state == jobs_pb2.JOB_STATE_CANCELLED
            asked.parameters[0].float.high = 0
            with pytest.raises(grpc.aio.AioRpcError, match="is above high 0"):
                await stub.CreateSweep(sweeps_pb2.CreateSweepRequest(spec=asked))
    finally:
        await server.stop(0)
