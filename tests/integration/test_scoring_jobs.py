"""Scoring jobs through the real queue: exact, in order, resumable; bad rows are told."""

import itertools
import random
import time

import psutil
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from service.client.cellgebra import Cellgebra
from service.contract.errors import (
    BadTableError,
    DeadlineExceededError,
    NotFoundError,
    QuotaExceededError,
    UnknownEditsError,
)
from service.contract.jobs import JobState
from tests.servers.embedded import embedded_service

FIELDS = ("mean", "sd", "expected_neutral", "interaction", "y_compose")


@pytest.fixture(scope="module")
def client(service):
    with Cellgebra(service.base_url) as opened:
        yield opened


@pytest.fixture(scope="module")
def model(client, trained):
    return client.model(trained["model_id"])


def designs(model, count, seed=0):
    """The reference, and designs of one to six edits: training had at most four."""
    draw = random.Random(seed)  # noqa: S311 - a choice of designs
    edits = model.resource.manifest.edits
    return [""] + ["+".join(draw.sample(edits, draw.randint(1, 6))) for _ in range(count - 1)]


def tsv(texts):
    return "id\tgenotype\n" + "".join(f"s{i}\t{text}\n" for i, text in enumerate(texts))


def spec_of(model, **changes):
    return {"model_id": model.id, "input": {"kind": "table"}, "shard_rows": 1000, **changes}


def require_scores(results, model, texts):
    answer = model.score(texts)
    label = answer.labels[0]
    assert results["genotype"].to_pylist() == answer.genotypes
    for field in FIELDS:
        column = results[f"{label.name}.{field}"].to_pylist()
        assert column == pytest.approx(getattr(label, field), rel=1e-12, abs=1e-9)
    assert results[f"{label.name}.low"].to_pylist() == pytest.approx(label.interval.low, rel=1e-9)
    assert results["support.edit_count_min"].to_pylist() == answer.support.edit_count_min


def test_a_table_is_scored_row_by_row_in_order(client, model, tmp_path):
    texts = designs(model, 3500)
    run = client.score_job(spec_of(model, formats=["parquet", "tsv"]), tsv(texts).encode())
    with pytest.raises(NotFoundError):
        run.save(tmp_path / "early.parquet")
    told = []
    job = run.wait(told.append)
    assert job.state is JobState.SUCCEEDED
    results = pq.read_table(run.save(tmp_path / "all.parquet"))
    require_scores(results, model, texts)
    assert results["id"].to_pylist() == [f"s{i}" for i in range(3500)]
    report = job.report
    assert (report.row_count, report.scored_count, report.bad_row_count) == (3500, 3500, 0)
    assert (report.shard_count, sum(order.count for order in report.orders)) == (4, 3500)
    assert report.higher_order_count > 0
    label = report.labels[0]
    means = results[f"{label.name}.mean"].to_pylist()
    best = sorted(range(3500), key=lambda i: (-means[i], i))[:100]
    assert [top.row for top in label.highest] == [i + 1 for i in best]
    assert sum(label.histogram.counts) == 3500
    counts = [e.data["evaluated_count"] for e in told if "evaluated_count" in e.data]
    assert counts[-1] == 3500
    text = pa_csv.read_csv(
        run.save(tmp_path / "all.tsv.gz"), parse_options=pa_csv.ParseOptions(delimiter="\t")
    )
    assert text["id"].to_pylist() == results["id"].to_pylist()
    assert text[f"{label.name}.mean"].to_pylist() == means
    assert next(client.scoring_runs(model_id=model.id)).id == run.id


def test_every_pair_of_a_pool(client, model, tmp_path):
    pool = {"edits": model.resource.manifest.edits[:40]}
    run = client.score_job(
        spec_of(model, input={"kind": "combinations", "pool": pool, "min_order": 1})
    )
    assert run.wait().report.row_count == 40 + 40 * 39 // 2
    results = pq.read_table(run.save(tmp_path / "pairs.parquet"))
    edits = sorted(pool["edits"])
    texts = edits + ["+".join(pair) for pair in itertools.combinations(edits, 2)]
    require_scores(results, model, texts)
    with pytest.raises(UnknownEditsError) as told:
        client.score_job(
            spec_of(model, input={"kind": "combinations", "pool": {"edits": ["x:deletion"]}})
        )
    assert told.value.offenders[0].field == "input.pool.edits[0]"


def test_bad_rows_fail_the_job_or_stand_with_nulls(client, model, tmp_path):
    texts = designs(model, 2000)
    texts[1500] = "PP_9999:knockdown"
    failed = client.score_job(spec_of(model), tsv(texts).encode())
    with pytest.raises(UnknownEditsError, match="row 1501, column genotype") as told:
        failed.wait()
    assert told.value.offenders[0].suggestions
    run = client.score_job(spec_of(model, on_bad_rows="null"), tsv(texts).encode())
    assert run.wait().report.bad_row_count == 1
    results = pq.read_table(run.save(tmp_path / "all.parquet"))
    assert results["isoprenol.mean"].null_count == 1
    assert "no edit PP_9999" in results["error"].to_pylist()[1500]
    assert run.job.report.bad_rows[0].row == 1501


def test_a_damaged_parquet_file_says_where(client, model, tmp_path):
    path = tmp_path / "designs.parquet"
    pq.write_table(pa.table({"genotype": designs(model, 3000)}), path, row_group_size=1000)
    column = pq.ParquetFile(path).metadata.row_group(1).column(0)
    content = bytearray(path.read_bytes())
    begin = column.dictionary_page_offset or column.data_page_offset
    content[begin : begin + 400] = b"\xff" * 400
    run = client.score_job(spec_of(model), bytes(content))
    with pytest.raises(BadTableError, match="row group 2 of 3, at or behind row 1,001"):
        run.wait()


def test_a_time_limit_ends_a_job_and_a_resumed_one_goes_on(client, model):
    pool = {"edits": model.resource.manifest.edits[:80]}
    spec = spec_of(
        model,
        input={"kind": "combinations", "pool": pool, "min_order": 4, "max_order": 4},
        shard_rows=50_000,
        time_limit_seconds=1.0,
    )
    run = client.score_job(spec)
    with pytest.raises(DeadlineExceededError, match="time_limit_seconds"):
        run.wait()
    run.resume()
    run.cancel()
    begin = time.monotonic()
    run.wait()
    assert run.state is JobState.CANCELLED
    assert time.monotonic() - begin < 5


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_killed_worker_loses_its_shard_alone(tmp_path, mapping):
    """Two workers share a job; one is killed, then the job is cancelled, resumed, and exact."""
    from tests.integration.conftest import ISOPRENOL, SMALL

    environment = {"CELLGEBRA_LEASE_SECONDS": "3"}
    with (
        embedded_service(
            tmp_path / "data", "--scoring-workers", "2", environment=environment
        ) as service,
        Cellgebra(service.base_url) as client,
    ):
        dataset = client.datasets.upload(ISOPRENOL / "putida_isoprenol_designs.tsv", mapping)
        training = client.train({"dataset_id": dataset.id, **SMALL})
        training.wait()
        model = training.model()
        texts = designs(model, 150_000) * 4
        run = client.score_job(spec_of(model, shard_rows=20_000), tsv(texts).encode())
        _await_count(run, 40_000)
        _kill_a_worker(service)
        begin = time.monotonic()
        run.cancel()
        run.wait()
        assert run.state is JobState.CANCELLED
        assert time.monotonic() - begin < 5
        run.resume()
        first = next(e for e in run.events(run._seen) if "evaluated_count" in e.data)
        assert first.data["evaluated_count"] >= 20_000  # shards that were done are not done again
        run.wait()
        assert run.job.report.row_count == 600_000
        results = pq.read_table(run.save(tmp_path / "all.parquet"))
        assert results["id"].to_pylist() == [f"s{i}" for i in range(600_000)]
        some = slice(195_000, 205_000)
        require_scores(results.slice(195_000, 10_000), model, texts[some])


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_designs_of_jobs_count_in_the_day_of_their_key(tmp_path, mapping):
    """A job counts once, however often it goes on; where there is no room, nothing is scored."""
    from tests.integration.conftest import ISOPRENOL, SMALL

    environment = {"CELLGEBRA_QUOTA_DESIGNS_PER_DAY": "2000000"}
    with (
        embedded_service(tmp_path / "data", environment=environment) as service,
        Cellgebra(service.base_url) as client,
    ):
        dataset = client.datasets.upload(ISOPRENOL / "putida_isoprenol_designs.tsv", mapping)
        training = client.train({"dataset_id": dataset.id, **SMALL})
        training.wait()
        model = training.model()
        key = client.keys.create("scorer", ["admin"])
        with Cellgebra(service.base_url, api_key=key.secret) as scorer:
            _require_counted(scorer, model)


def _require_counted(scorer, model):
    edits = model.resource.manifest.edits[:80]

    def spec(order, **more):
        pool = {"edits": edits, **more}
        given = {"kind": "combinations", "pool": pool, "min_order": order, "max_order": order}
        return spec_of(model, input=given, shard_rows=50_000)

    run = scorer.score_job(spec(4))  # 1,581,580
    for _ in range(2):
        next(e for e in run.events(run._seen) if "evaluated_count" in e.data)
        run.cancel()
        run.wait()
        assert run.state is JobState.CANCELLED
        run.resume()
    run.cancel()
    with pytest.raises(QuotaExceededError, match="2,000,000 designs a day"):
        scorer.score_job(spec(4))
    with pytest.raises(QuotaExceededError, match="24,040,016 at once are more"):
        scorer.score_job(spec(5))
    late = scorer.score_job(spec(4, loci=model.resource.manifest.loci))
    with pytest.raises(QuotaExceededError, match="nothing was scored: resume the job then"):
        late.wait()
    assert late.state is JobState.FAILED
    assert scorer.score_job(spec(2)).wait().report.row_count == 3160
    late.resume()
    with pytest.raises(QuotaExceededError):
        late.wait()


def _await_count(run, count):
    for event in run.events():
        if event.data.get("evaluated_count", 0) >= count:
            return
    raise AssertionError(run.refresh())


def _kill_a_worker(service):
    """Kill the busiest child of a scoring worker."""
    children = [
        child
        for process in service.processes()
        if "scoring" in " ".join(process.cmdline())
        for child in process.children()
        if "spawn_main" in " ".join(child.cmdline())
    ]
    busiest = max(children, key=lambda child: child.cpu_times().user)
    assert busiest.nice() == 10
    psutil.Process(busiest.pid).kill()
