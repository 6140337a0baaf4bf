"""Shards: one row an input row, in order, with the scores of a request, however they are cut."""

import itertools
import json

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from service.contract.designs import parse_genotype
from service.contract.errors import BadTableError, InvalidDesignError, UnknownEditsError
from service.contract.inference import ScoreField
from service.contract.scoring_jobs import CombinationsInput, ScoringSpec
from tests.worker.scoring.conftest import EDITS
from worker.scoring.combinations import Combinations
from worker.scoring.errors import ScoringStoppedError
from worker.scoring.part import PartFiles
from worker.scoring.preparation import prepare_table
from worker.scoring.prepared import PreparedTable
from worker.scoring.results import ResultTable
from worker.scoring.shard import Scoring
from worker.scoring.splice import splice
from worker.scoring.summary import Summary

SHARD = 1000


def genotypes(count, seed=0):
    """Designs of no edit to five (training had three at most), some with levels, in any order."""
    rng = np.random.default_rng(seed)
    levels = {"a:knockdown": ("", "@0.5"), "d:copy_number": ("", "@3")}
    found = []
    for _ in range(count):
        edits = rng.choice(EDITS, rng.integers(0, 6), replace=False)
        found.append("+".join(e + rng.choice(levels.get(e, ("",))) for e in edits))
    return found


def spec_of(**changes):
    return ScoringSpec.model_validate({"model_id": "m", "input": {"kind": "table"}, **changes})


def prepared(source, spec, predictor, target, **changes):
    table = ResultTable(spec, predictor, model_name="m", model_version=1)
    options = {
        "shard_rows": SHARD,
        "on_bad_rows": spec.on_bad_rows,
        "check_kept": table.check_kept,
        "progress": lambda _: None,
        "should_stop": lambda: False,
    }
    found = prepare_table(source, spec.input, predictor.manifest, target, **(options | changes))
    return found, table


def scored(source, spec, predictor, folder, *, block_rows=300, shard=SHARD, table=None):
    """The whole job in this process: shards from the last to the first, put together."""
    if table is None:
        target = folder / "prepared.parquet"
        _, table = prepared(source, spec, predictor, target)
        source = PreparedTable(target)
    work = Scoring(spec, predictor, source, table)
    parts, summary = {}, Summary.of_labels(len(predictor.manifest.labels))
    summaries = {}
    for begin in reversed(range(0, len(source), shard)):
        files = PartFiles(folder / f"{begin}.parquet", folder / f"{begin}.tsv.gz")
        end = min(begin + shard, len(source))
        summaries[begin] = work.score(begin, end, files, block_rows=block_rows)
        parts[begin] = files
    ordered = [parts[begin] for begin in sorted(parts)]
    for begin in sorted(parts):
        summary.join(Summary.from_bytes(summaries[begin].to_bytes()))
    with (folder / "results.parquet").open("wb") as file:
        assert splice([part.parquet for part in ordered], file.write) == summary.row_count
    with (folder / "results.tsv.gz").open("wb") as file:
        for part in ordered:
            file.write(part.tsv.read_bytes())
    return pq.read_table(folder / "results.parquet"), summary


def require_equal(results, predictor, texts, fields=None):
    """Every column is that of a request's answer."""
    answer = predictor.score(texts, fields)
    assert results["genotype"].to_pylist() == answer.genotypes
    for label in answer.labels:
        told = label.model_dump(exclude={"name", "unit", "neutral_model", "interval"})
        told |= label.model_dump(include={"interval"})["interval"] or {}
        for name in told.keys() & {"level", "calibrated_on"}:
            del told[name]
        for name, values in told.items():
            if values is not None:
                require_near(results[f"{label.name}.{name}"], values)
    for name, values in (answer.support.model_dump() if answer.support else {}).items():
        assert results[f"support.{name}"].to_pylist() == values


def require_near(column, values):
    """Equal, and numbers to the last digits: a product of matrices depends on its other rows."""
    if pa.types.is_floating(column.type):
        np.testing.assert_allclose(column.to_numpy(), values, rtol=1e-12, atol=1e-11)
    else:
        assert column.to_pylist() == values


@pytest.mark.parametrize("form", ["tsv", "csv", "parquet"])
def test_the_results_are_the_scores_of_a_request(predictor, tmp_path, form):
    texts = genotypes(2500)
    columns = {"id": [f's{i}, "x"' for i in range(2500)], "genotype": texts, "n": range(2500)}
    source = tmp_path / "designs"
    table = pa.table({name: pa.array(list(values)) for name, values in columns.items()})
    if form == "parquet":
        pq.write_table(table, source, row_group_size=800)
    elif form == "csv":
        pa_csv.write_csv(table, source)
    else:
        lines = ["id\tgenotype\tn", *(f's{i}, "x"\t{text}\t{i}' for i, text in enumerate(texts))]
        source.write_text("\n".join(lines) + "\n")
    results, summary = scored(source, spec_of(), predictor, tmp_path)
    require_equal(results, predictor, texts)
    assert results["id"].to_pylist() == columns["id"]
    numbers = range(2500) if form == "parquet" else map(str, range(2500))
    assert results["n"].to_pylist() == list(numbers)
    assert (summary.row_count, summary.scored_count) == (2500, 2500)
    orders = [parse_genotype(text).order for text in texts]
    assert summary.orders == {order: orders.count(order) for order in set(orders)}
    assert results.schema.metadata[b"cellgebra.model"] == b"m@1"
    field = results.schema.field("titer.mean")
    assert field.metadata[b"unit"] == b"mg/L"
    low = results.schema.field("titer.low").metadata
    assert json.loads(low[b"level"]) == 0.9
    text = pa_csv.read_csv(
        tmp_path / "results.tsv.gz",
        parse_options=pa_csv.ParseOptions(delimiter="\t"),
        convert_options=pa_csv.ConvertOptions(strings_can_be_null=False),
    )
    assert text["titer.mean"].to_pylist() == results["titer.mean"].to_pylist()
    assert text["genotype"].to_pylist() == results["genotype"].to_pylist()
    assert text["id"].to_pylist() == columns["id"]


def test_fields_and_kept_columns_are_those_asked_for(predictor, tmp_path):
    source = tmp_path / "designs"
    source.write_text("design\tid\tnote\n" + "".join(f"{t}\t{i}\tx\n" for i, t in enumerate(EDITS)))
    spec = spec_of(fields=["sd", "interval"], input={"kind": "table", "keep": ["id", "design"]})
    results, summary = scored(source, spec, predictor, tmp_path)
    assert results.column_names == [
        *("genotype", "id", "design"),
        *(f"{label}.{name}" for label in ("titer", "fitness") for name in ("sd", "low", "high")),
    ]
    require_equal(results, predictor, EDITS, [ScoreField.SD, ScoreField.INTERVAL])
    means = predictor.score(EDITS).labels[0].mean
    assert summary.labels[0].high == max(means)
    assert summary.extrapolated is None


def test_one_column_keeps_its_empty_rows(predictor, tmp_path):
    source = tmp_path / "designs"
    texts = ["", "a:knockdown", "", "", "e:deletion"]
    source.write_text("genotype\n" + "".join(f"{text}\n" for text in texts))
    results, _ = scored(source, spec_of(fields=["mean"]), predictor, tmp_path)
    assert results["genotype"].to_pylist() == texts


def test_bad_rows_fail_the_job_before_anything_is_scored(predictor, tmp_path):
    texts = genotypes(1500)
    texts[700], texts[1200] = "aa:knockdown", "e:deletion+e:knockdown"
    source = tmp_path / "designs"
    source.write_text("id\tgenotype\n" + "".join(f"{i}\t{t}\n" for i, t in enumerate(texts)))
    with pytest.raises(
        UnknownEditsError, match=r"2 rows are bad.*row 701, column genotype"
    ) as told:
        prepared(source, spec_of(), predictor, tmp_path / "p")
    assert [o.row for o in told.value.offenders] == [701, 1201]
    assert told.value.offenders[0].suggestions[0] == "a:knockdown"
    source.write_text("id\tgenotype\n" + "x\tnonsense\n" * 100_000)
    with pytest.raises(BadTableError, match="at least") as told:
        prepared(source, spec_of(), predictor, tmp_path / "p")
    assert len(told.value.offenders) == 200


def test_bad_rows_stand_with_nulls_where_that_is_asked_for(predictor, tmp_path):
    texts = genotypes(2000)
    bad = {3: "aa:knockdown", 1700: "d:copy_number@1e300", 1999: "oops"}
    given = [bad.get(i, text) for i, text in enumerate(texts)]
    source = tmp_path / "designs"
    source.write_text("id\tgenotype\n" + "".join(f"{i}\t{t}\n" for i, t in enumerate(given)))
    spec = spec_of(on_bad_rows="null")
    results, summary = scored(source, spec, predictor, tmp_path)
    assert results["id"].to_pylist() == [str(i) for i in range(2000)]
    errors = {i: text for i, text in enumerate(results["error"].to_pylist()) if text is not None}
    is_finite = 1700 not in errors  # a large level is far out for a network, and not for a sum
    assert set(errors) == set(bad) - ({1700} if is_finite else set())
    assert "did you mean a:knockdown" in errors[3]
    good = [i for i in range(2000) if i not in errors]
    require_equal(results.take(good), predictor, [given[i] for i in good])
    rows = results.take(sorted(errors))
    assert all(rows[name].null_count == len(errors) for name in rows.column_names if "." in name)
    assert summary.scored_count == len(good)
    assert [offender.row for offender in summary.bad_rows] == [i + 1 for i in sorted(errors)]


def test_a_prediction_that_is_no_number_is_told_with_its_row(additive, tmp_path):
    texts = ["a:knockdown"] * 1400 + ["a:knockdown@-1e300"]
    source = tmp_path / "designs"
    source.write_text("id\tgenotype\n" + "".join(f"{i}\t{t}\n" for i, t in enumerate(texts)))
    with pytest.raises(InvalidDesignError, match=r"row 1,401: 'a:knockdown@-1e300'") as told:
        scored(source, spec_of(), additive, tmp_path)
    assert told.value.offenders[0].row == 1401
    results, _ = scored(source, spec_of(on_bad_rows="null"), additive, tmp_path)
    assert "no finite number" in results["error"].to_pylist()[1400]


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("id\tgenotype\n1\ta:knockdown\n2\n", "row 2: 1 cells where the header has 2"),
        ("id\tx\n1\ta:knockdown\n", "no column is named genotype"),
        ("genotype\ttiter.mean\n\t1\n", "the results have columns named titer.mean themselves"),
        ("id\tgenotype\n", "no data row"),
    ],
)
def test_what_is_no_table_of_designs(predictor, tmp_path, content, match):
    source = tmp_path / "designs"
    source.write_text(content)
    for rule in ("fail", "null"):
        with pytest.raises(BadTableError, match=match):
            prepared(source, spec_of(on_bad_rows=rule), predictor, tmp_path / "p")


def test_a_damaged_file_says_where(additive, tmp_path):
    source, target = tmp_path / "designs", tmp_path / "prepared.parquet"
    ids = np.random.default_rng(0).random(3000)
    table = pa.table({"genotype": genotypes(3000), "id": ids})
    pq.write_table(table, source, row_group_size=1000, write_page_checksum=True)
    _damage(source, group=1)
    with pytest.raises(BadTableError, match=r"row group 2 of 3, at or behind row 1,001"):
        prepared(source, spec_of(), additive, target)
    pq.write_table(table, source)
    _, results = prepared(source, spec_of(), additive, target)
    _damage(target, group=2)
    work = Scoring(spec_of(), additive, PreparedTable(target), results)
    files = PartFiles(tmp_path / "part.parquet")
    assert work.score(1000, 2000, files, block_rows=500).row_count == 1000
    with pytest.raises(BadTableError, match=r"row group 3 of 3, at or behind row 2,001"):
        work.score(2000, 3000, files, block_rows=500)


def _damage(path, group):
    """Overwrite the middle of the last column of a row group."""
    row_group = pq.ParquetFile(path).metadata.row_group(group)
    last = row_group.column(row_group.num_columns - 1)
    begin = last.dictionary_page_offset or last.data_page_offset
    content = bytearray(path.read_bytes())
    middle = begin + last.total_compressed_size // 2
    content[middle : middle + 200] = b"\xff" * 200
    path.write_bytes(content)


def test_work_stops_when_it_is_asked_to(additive, tmp_path):
    source, target = tmp_path / "designs", tmp_path / "prepared.parquet"
    source.write_text("genotype\n" + "a:knockdown\n" * 3000)
    with pytest.raises(ScoringStoppedError):
        prepared(source, spec_of(), additive, target, should_stop=lambda: True)
    _, results = prepared(source, spec_of(), additive, target)
    work = Scoring(spec_of(), additive, PreparedTable(target), results)
    passed = []
    with pytest.raises(ScoringStoppedError):
        work.score(
            0,
            1000,
            PartFiles(tmp_path / "part.parquet"),
            block_rows=100,
            passed=passed.append,
            should_stop=lambda: len(passed) >= 3,
        )
    assert passed == [100, 100, 100]


POOL = {"edits": [*EDITS[:4], "a:knockdown@0.5", "e:deletion"]}


@pytest.mark.parametrize(
    ("pool", "orders"),
    [
        (POOL, (0, 4)),
        ({"must_include": ["b:knockdown"], "must_avoid": ["c+"]}, (1, 3)),
        ({"forbidden_pairs": [["a", "e"]]}, (2, 2)),
        ({}, (2, 3)),
    ],
)
def test_combinations_are_all_designs_of_a_pool_in_order(predictor, tmp_path, pool, orders):
    low, high = orders
    wanted = CombinationsInput.model_validate({"pool": pool, "min_order": low, "max_order": high})
    spec = spec_of(input=wanted.model_dump())
    table = ResultTable(spec, predictor, model_name="m", model_version=1)
    source = Combinations(wanted, predictor)
    results, summary = scored(source, spec, predictor, tmp_path, table=table, shard=7, block_rows=3)
    edits = sorted(map(str, source.pool.edits), key=lambda e: parse_genotype(e).edits[0].order_key)
    expected = []
    for order in range(low, high + 1):
        for chosen in itertools.combinations(edits, order - len(pool.get("must_include", ()))):
            try:
                design = parse_genotype("+".join([*pool.get("must_include", ()), *chosen]))
            except InvalidDesignError:
                continue
            loci = {edit.locus for edit in design.edits}
            if not ("forbidden_pairs" in pool and {"a", "e"} <= loci):
                expected.append(design.genotype)
    require_equal(results, predictor, expected)
    assert summary.row_count == summary.scored_count == len(expected)
