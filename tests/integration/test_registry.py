"""A swap of models under load, and one that fails: no request does, no answer is by a wrong one."""

import asyncio
import time
from dataclasses import dataclass

import httpx
import pytest

from service.rpc.pb.cellgebra.v1 import inference_pb2, inference_pb2_grpc

pytestmark = pytest.mark.slow

ALIAS = "swapped@champion"
CLIENTS = 16
BODY = {"genotypes": ["PP_0368:knockdown"], "fields": ["mean"], "timeout_seconds": 30}
ADDITIVE = {"name": "swapped", "ensemble_size": 1}
LOADING_SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """A line of a client's ledger."""

    sent: float
    received: float
    status: int
    version: int | None
    mean: float | None


@pytest.fixture(scope="module")
def versions(train):
    """Ids of two models of one name that predict differently."""
    penalties = (1.0, 100.0)
    specs = [{"kind": "additive", "penalty": penalty} for penalty in penalties]
    return [train(**ADDITIVE, model=spec)["model_id"] for spec in specs]


def ended(api, promotion):
    """The promotion once it is no longer PENDING."""
    deadline = time.monotonic() + LOADING_SECONDS
    while promotion["state"] == "PENDING":
        assert time.monotonic() < deadline, promotion
        time.sleep(0.02)
        promotion = api.get(f"/v1/promotions/{promotion['id']}").raise_for_status().json()
    return promotion


def promote(api, model_id):
    answer = api.post(f"/v1/models/{model_id}:promote", json={"alias": "champion"})
    return answer.raise_for_status().json()


def mean_of(api, model_id):
    answer = api.post(f"/v1/models/{model_id}:score", json=BODY).raise_for_status().json()
    return answer["labels"][0]["mean"][0]


def weights_of(service, api, model_id):
    sha256 = api.get(f"/v1/models/{model_id}").json()["weights_sha256"]
    return service.data_dir / "artifacts" / sha256[:2] / sha256


async def ask(client, over, ledger):
    while not over.is_set():
        sent = time.monotonic()
        response = await client.post(f"/v1/models/{ALIAS}:score", json=BODY)
        answer = response.json()
        labels = answer.get("labels")
        ledger.append(
            Answer(
                sent,
                time.monotonic(),
                response.status_code,
                answer.get("model_version"),
                labels[0]["mean"][0] if labels else None,
            )
        )


async def swap_under_load(service, api, model_id):
    """Promote while clients ask; gives their ledgers and when it began and had succeeded."""
    over = asyncio.Event()
    ledgers = [[] for _ in range(CLIENTS)]
    async with httpx.AsyncClient(base_url=service.base_url, timeout=60) as client:
        clients = [asyncio.create_task(ask(client, over, ledger)) for ledger in ledgers]
        while not all(ledgers):
            await asyncio.sleep(0.01)
        began = time.monotonic()
        begun = await asyncio.to_thread(promote, api, model_id)
        promotion = await asyncio.to_thread(ended, api, begun)
        succeeded = time.monotonic()
        await asyncio.sleep(0.3)
        over.set()
        await asyncio.gather(*clients)
    return ledgers, began, succeeded, promotion


def test_a_swap_under_load_fails_no_request_and_answers_by_no_wrong_model(service, api, versions):
    old, new = versions
    assert ended(api, promote(api, old))["state"] == "SUCCEEDED"
    ledgers, began, succeeded, promotion = asyncio.run(swap_under_load(service, api, new))
    assert (promotion["state"], promotion["error"]) == ("SUCCEEDED", None)
    means = {1: mean_of(api, old), 2: mean_of(api, new)}
    assert means[1] != means[2]
    answers = [answer for ledger in ledgers for answer in ledger]
    assert {answer.status for answer in answers} == {200}
    assert all(answer.mean == means[answer.version] for answer in answers)
    assert {answer.version for answer in answers if answer.received < began} == {1}
    assert {answer.version for answer in answers if answer.sent > succeeded} == {2}
    for ledger in ledgers:  # each client asks one after the other
        told = [answer.version for answer in ledger]
        assert told == sorted(told)


def test_grpc_takes_the_same_names(channel, api, versions):
    inference = inference_pb2_grpc.InferenceServiceStub(channel)
    asked = inference_pb2.ScoreRequest(model_id="swapped@1", genotypes=BODY["genotypes"])
    answer = inference.Score(asked)
    assert (answer.model_id, answer.model_name, answer.model_version) == (versions[0], "swapped", 1)
    assert answer.labels[0].mean == [mean_of(api, versions[0])]


def test_what_no_worker_can_load_changes_nothing(service, api, train, versions):
    broken = train(**ADDITIVE, model={"kind": "additive", "penalty": 10.0})["model_id"]
    before = api.get(f"/v1/model-aliases/{ALIAS}").json()
    weights = weights_of(service, api, broken)
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    promotion = ended(api, promote(api, broken))
    assert (promotion["state"], promotion["error"]["reason"]) == ("FAILED", "BROKEN_ARTIFACT")
    assert api.get(f"/v1/model-aliases/{ALIAS}").json()["model_id"] == before["model_id"]
    assert api.get(f"/v1/models/{broken}/ready").status_code == 503
    refused = api.post(f"/v1/models/{broken}:score", json=BODY)
    assert (refused.status_code, refused.json()["reason"]) == (503, "BROKEN_ARTIFACT")
    assert api.post(f"/v1/models/{ALIAS}:score", json=BODY).status_code == 200
    weights.write_bytes(content)
    assert api.get(f"/v1/models/{broken}/ready").status_code == 200
    assert mean_of(api, broken) is not None
    assert api.delete(f"/v1/models/{broken}").status_code == 204
    assert api.post(f"/v1/models/{broken}:score", json=BODY).status_code == 404
    assert not weights.exists()
    assert len(api.get("/v1/models", params={"name": "swapped"}).json()["items"]) == len(versions)
