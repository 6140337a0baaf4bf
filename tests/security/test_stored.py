"""What is stored, altered by somebody who can write there: nothing altered is read."""

import json

import pytest
import sqlalchemy as sa

from service.contract.artifacts import ArtifactStore
from tests.integration.conftest import ISOPRENOL

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

DESIGN = {"genotypes": ["PP_0368:knockdown"]}


@pytest.fixture
def blobs(service):
    """Where a model's manifest and weights lie."""
    engine = sa.create_engine(service.database_url)
    store = ArtifactStore(service.data_dir / "artifacts")

    def find(model_id):
        with engine.connect() as connection:
            row = connection.execute(
                sa.text("SELECT manifest_sha256, weights_sha256 FROM models WHERE id = :id"),
                {"id": model_id},
            ).one()
        return store.path(row[0]), store.path(row[1])

    yield find
    engine.dispose()


@pytest.fixture
def own_dataset(upload, mapping, ended):
    """A data set whose table no other has."""
    table = (ISOPRENOL / "putida_isoprenol_designs.tsv").read_bytes().splitlines(keepends=True)
    answer = upload(b"".join(table[:300]), mapping)
    return ended(f"/v1/datasets/{answer.raise_for_status().json()['id']}")


def score(api, model_id):
    return api.post(f"/v1/models/{model_id}:score", json=DESIGN)


def altered(path, content):
    path.chmod(0o600)
    path.write_bytes(content)


def test_weights_of_which_one_bit_was_turned_are_never_used(api, train, blobs, tried):
    model_id = train(seed=11)["model_id"]
    _, weights = blobs(model_id)
    content = bytearray(weights.read_bytes())
    content[-3] ^= 1
    altered(weights, bytes(content))
    answer = score(api, model_id)
    tried("tampered artifact", "refused: the model is not loaded, the error names the blob")
    assert answer.status_code == 503, answer.text
    assert f"model {model_id} cannot be loaded" in answer.text


@pytest.mark.parametrize(
    "place", ["/etc/passwd", "../../../../etc/passwd", "0" * 64, "cellgebra.db"]
)
def test_a_manifest_that_names_another_file_is_never_read(api, train, blobs, tried, place):
    model_id = train(seed=12)["model_id"]
    manifest, _ = blobs(model_id)
    content = json.loads(manifest.read_text())
    content["weights_sha256"] = place
    altered(manifest, json.dumps(content).encode())
    answer = score(api, model_id)
    tried("manifest that names another file", "refused: its own hash does not fit any more")
    assert answer.status_code == 503, answer.text
    assert "root:" not in answer.text
    altered(manifest, json.dumps({**content, "weights_sha256": blobs(model_id)[1].name}).encode())


def test_a_table_of_which_one_bit_was_turned_trains_nothing(service, train, own_dataset, tried):
    store = ArtifactStore(service.data_dir / "artifacts")
    table = store.path(own_dataset["table_sha256"])
    content = bytearray(table.read_bytes())
    content[len(content) // 2] ^= 1
    altered(table, bytes(content))
    job = train(dataset_id=own_dataset["id"], model={"kind": "additive"})
    tried("tampered table", "refused: the training ends FAILED, the error names the blob")
    assert (job["state"], job["error"]["reason"]) == ("FAILED", "BROKEN_ARTIFACT"), job
    assert own_dataset["table_sha256"] in job["error"]["detail"]


def test_a_forged_manifest_with_weights_that_fit_it_is_never_searched(api, train, blobs, tried):
    model_id = train(seed=13)["model_id"]
    own, other = blobs(model_id), blobs(train(seed=14)["model_id"])
    for path, forged in zip(own, other, strict=True):
        altered(path, forged.read_bytes())
    spec = {"model_id": model_id, "objectives": [{"label": "isoprenol"}], "max_order": 1}
    answer = api.post("/v1/search-jobs", json=spec)
    tried("forged manifest with weights that fit it", "refused: no search of it is made")
    assert (answer.status_code, answer.json()["reason"]) == (503, "BROKEN_ARTIFACT"), answer.text
