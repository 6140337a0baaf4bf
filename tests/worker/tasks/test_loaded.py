"""Loaded models: as many as fit, the latest kept; what is broken is never loaded."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.contract.artifacts import ArtifactStore
from service.contract.errors import BrokenArtifactError
from worker.tasks.loaded import LoadedModels

MANY = 2**40


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(tmp_path / "artifacts")


def put(store, content):
    with store.writer() as writer:
        writer.write(content)
        blob = writer.seal()
        blob.reveal()
    return blob.sha256


@pytest.fixture
def blobs(store, trained):
    """Hashes of a model's manifest and weights."""
    return put(store, trained.manifest.model_dump_json().encode()), put(store, trained.weights)


@pytest.fixture
def size_bytes(trained):
    return len(trained.manifest.model_dump_json()) + len(trained.weights)


def test_the_one_asked_for_longest_ago_goes_first(store, blobs):
    loaded = LoadedModels(store, max_models=2, max_bytes=MANY)
    first = loaded.get("a", *blobs)
    loaded.get("b", *blobs)
    assert loaded.get("a", *blobs) is first
    loaded.get("c", *blobs)
    assert loaded.ids() == ["a", "c"]
    assert (first.model_id, loaded.get("c", *blobs).model_id) == ("a", "c")


@pytest.mark.parametrize(("room", "kept"), [(3.0, 3), (2.9, 2), (1.0, 1), (0.5, 1)])
def test_as_many_bytes_as_are_allowed_and_never_less_than_one_model(
    store, blobs, size_bytes, room, kept
):
    loaded = LoadedModels(store, max_models=99, max_bytes=int(room * size_bytes))
    for name in "abcde":
        loaded.get(name, *blobs)
    assert loaded.ids() == list("abcde")[-kept:]


def test_threads_that_ask_at_once_share_one_model(store, blobs):
    loaded = LoadedModels(store, max_models=2, max_bytes=MANY)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: loaded.get("a", *blobs), range(16)))
    assert all(one is found[0] for one in found)


def test_weights_are_mapped_and_not_read_into_memory(store, blobs):
    loaded = LoadedModels(store, max_models=1, max_bytes=MANY)
    loaded.get("a", *blobs)
    assert str(store.path(blobs[1])) in Path("/proc/self/maps").read_text()


@pytest.mark.parametrize("place", [0, 1], ids=["manifest", "weights"])
def test_a_blob_that_is_missing_or_altered_is_named_and_nothing_is_unloaded(store, blobs, place):
    loaded = LoadedModels(store, max_models=1, max_bytes=MANY)
    other = [*blobs]
    other[place] = put(store, json.dumps("something else").encode())
    broken = store.path(other[place])
    broken.write_bytes(broken.read_bytes().upper())
    kept = loaded.get("a", *blobs)
    with pytest.raises(BrokenArtifactError, match=r"model b .* not"):
        loaded.get("b", *other)
    store.delete(other[place])
    with pytest.raises(BrokenArtifactError, match=re.compile("model b .*missing")):
        loaded.get("b", *other)
    assert loaded.get("a", *blobs) is kept


def test_a_message_that_names_another_manifest_takes_no_models_place(store, blobs, trained):
    manifest, weights = blobs
    other = put(
        store, trained.manifest.model_copy(update={"name": "forged"}).model_dump_json().encode()
    )
    loaded = LoadedModels(store, max_models=9, max_bytes=MANY)
    assert loaded.get("a", other, weights).manifest.name == "forged"
    assert loaded.get("a", manifest, weights).manifest.name == trained.manifest.name
