"""Scores of tables through a real service: the same as those in JSON, and as those of a job."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service.client.cellgebra import Cellgebra
from service.contract.errors import InvalidArgumentError, UnknownEditsError
from service.contract.score_tables import TableForm
from tests.integration.test_scoring_jobs import designs, spec_of
from tests.service.tables.bodies import body_of

READ = {
    TableForm.ARROW_STREAM: lambda content: pa.ipc.open_stream(content).read_all(),
    TableForm.ARROW_FILE: lambda content: pa.ipc.open_file(content).read_all(),
    TableForm.PARQUET: lambda content: pq.read_table(io.BytesIO(content)),
}


@pytest.fixture(scope="module")
def client(service):
    with Cellgebra(service.base_url) as opened:
        yield opened


@pytest.fixture(scope="module")
def model(client, trained):
    return client.model(trained["model_id"])


def test_every_form_gives_the_scores_of_json(service, api, model):
    texts = designs(model, 300)
    expected = model.score(texts)
    label = expected.labels[0]
    for form, read in READ.items():
        body = body_of(pa.table({"id": range(300), "design": texts}), form, chunk_rows=70)
        headers = {"content-type": form}
        answer = api.post(f"/v1/models/{model.id}:score", content=body, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (200, form)
        table = read(answer.content)
        assert table["genotype"].to_pylist() == expected.genotypes
        for field in ("mean", "sd", "interaction_sd", "neutral_source", "y_intact"):
            assert table[f"{label.name}.{field}"].to_pylist() == getattr(label, field)
        assert table[f"{label.name}.high"].to_pylist() == label.interval.high
        support = expected.support
        assert table["support.pair_count_min"].to_pylist() == support.pair_count_min
        assert table["support.is_higher_order"].to_pylist() == support.is_higher_order
        metadata = table.schema.metadata
        assert metadata[b"cellgebra.vocabulary_sha256"].decode() == expected.vocabulary_sha256
        assert metadata[b"cellgebra.model"].decode() == f"{model.name}@{model.version}"
    assert "fork" not in (service.data_dir / "logs" / "api.log").read_text()


def test_a_table_has_the_columns_of_a_scoring_job(client, model, tmp_path):
    texts = designs(model, 50)
    content = body_of(pa.table({"genotype": texts}), TableForm.PARQUET)
    run = client.score_job(spec_of(model), content)
    run.wait()
    of_job = pq.read_table(run.save(tmp_path / "scores.parquet"))
    ours = model.score(pa.table({"genotype": texts}))
    assert ours.schema.equals(of_job.schema, check_metadata=False)
    for field, expected in zip(ours.schema, of_job.schema, strict=True):
        told = {k: v for k, v in (expected.metadata or {}).items() if k != b"PARQUET:field_id"}
        assert (field.metadata or {}) == told
        assert ours[field.name].to_pylist() == pytest.approx(of_job[field.name].to_pylist())


def test_the_client_takes_tables_and_gives_them(model):
    table = pa.table({"strain": ["a", "b"], "mine": ["", model.resource.manifest.edits[0]]})
    scores = model.score(
        table, ["mean"], column="mine", include=["nearest", "z", "gradient"], interval_level=0.8
    )
    answer = model.score(table["mine"].to_pylist(), ["mean"], include=["nearest", "z", "gradient"])
    (label,) = answer.labels
    assert scores[f"{label.name}.mean"].to_pylist() == label.mean
    near = [one.genotype for one in answer.nearest]
    assert scores["nearest.genotype"].to_pylist() == near
    values = [one.labels[0].value for one in answer.nearest]
    assert scores[f"nearest.{label.name}"].to_pylist() == values
    assert scores["z"].to_pylist() == [state.values for state in answer.z]
    slopes = [one.values for one in label.gradient]
    assert scores[f"{label.name}.gradient"].to_pylist() == slopes
    assert model.score(table.to_batches()[0], ["mean"], column="mine").num_rows == 2


def test_the_client_tells_what_is_wrong_with_a_table(model):
    with pytest.raises(UnknownEditsError) as told:
        model.score(pa.table({"edits": ["", "PP_9999:knockdown"]}))
    assert (told.value.offenders[0].row, told.value.offenders[0].column) == (2, "edits")
    with pytest.raises(InvalidArgumentError, match="no column genotype, design, edits"):
        model.score(pa.table({"x": [""]}))
    with pytest.raises(InvalidArgumentError, match="column is of tables"):
        model.score([""], column="x")
