"""The task of scores: one part a request, through a real store and a real broker."""

import json
import time

import pytest

from service.contract.artifacts import ArtifactStore
from service.contract.errors import BrokenArtifactError, DeadlineExceededError
from service.contract.genotype_reader import GenotypeReader
from service.contract.questions import unpack_reply
from worker.inference.predictor import Predictor
from worker.tasks import score as scoring
from worker.tasks.loaded import loaded_models
from worker.tasks.runtime import runtime

REPLY = "cellgebra:reply:test"


@pytest.fixture
def store(valkey, monkeypatch, tmp_path):
    """The store of a worker whose settings are those of this test."""
    monkeypatch.setenv("CELLGEBRA_BROKER_URL", valkey.url)
    monkeypatch.setenv("CELLGEBRA_DATA_DIR", str(tmp_path))
    caches = (runtime, loaded_models, scoring._replies)
    for cached in caches:
        cached.cache_clear()
    yield ArtifactStore(runtime().settings.artifact_dir)
    runtime().database.close()
    for cached in caches:
        cached.cache_clear()


def put(store, content):
    with store.writer() as writer:
        writer.write(content)
        blob = writer.seal()
        blob.reveal()
    return blob.sha256


@pytest.fixture
def model(store, trained):
    manifest = trained.manifest.model_dump_json().encode()
    return {
        "model_id": "model_1",
        "manifest_sha256": put(store, manifest),
        "weights_sha256": put(store, trained.weights),
    }


def as_sent(texts):
    read = GenotypeReader([f"g{i}:knockdown" for i in range(8)]).read(texts)
    return {"designs": read.packed(), "design_count": len(texts)}


def ask(valkey, model, *requests):
    """The parts of the reply to requests, each with the seconds that are left for it."""
    dated = [
        {**as_sent(texts), "deadline_unix_seconds": time.time() + seconds}
        for texts, seconds in requests
    ]
    question = {"question_id": "q1", "reply_key": REPLY, "reply_ttl_seconds": 60}
    scoring.score({**model, **question, "requests": dated})
    with valkey.connect() as client:
        assert 0 < client.ttl(REPLY) <= 60
        question_id, parts = unpack_reply(client.lpop(REPLY))
        assert client.lpop(REPLY) is None
    assert question_id == "q1"
    return parts


def test_each_request_has_its_part(valkey, model, trained):
    predictor = Predictor.load(trained.weights, trained.manifest)
    requests = [["g1:knockdown"], ["", "g2:knockdown"]]
    parts = ask(valkey, model, *((texts, 10) for texts in requests))
    for texts, part in zip(requests, parts, strict=True):
        answer = json.loads(part)
        assert answer["labels"][0]["mean"] == pytest.approx(predictor.score(texts).labels[0].mean)


def test_what_is_late_is_not_computed(valkey, model):
    late, answered = ask(valkey, model, (["g1:knockdown"], -1), (["g2:knockdown"], 10))
    assert isinstance(late, DeadlineExceededError)
    assert len(json.loads(answered)["labels"][0]["mean"]) == 1
    broken = {**model, "model_id": "model_2", "weights_sha256": "0" * 64}
    (part,) = ask(valkey, broken, (["g1:knockdown"], -1))
    assert isinstance(part, DeadlineExceededError)  # its model was not even looked for


def test_a_model_without_its_weights(valkey, model):
    broken = {**model, "model_id": "model_2", "weights_sha256": "0" * 64}
    parts = ask(valkey, broken, (["g1:knockdown"], 10), (["g2:knockdown"], 10))
    assert [type(part) for part in parts] == [BrokenArtifactError] * 2
