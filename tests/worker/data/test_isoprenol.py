"""The shipped example, from file to profile."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from service.contract.datasets import DatasetSpec
from worker.data.ingest import Ingested, ingest_table

EXAMPLE = Path(__file__).parents[3] / "examples" / "isoprenol"


@pytest.fixture(scope="module")
def ingested(tmp_path_factory) -> tuple[Ingested, Path]:
    table_path = tmp_path_factory.mktemp("isoprenol") / "table.parquet"
    spec = DatasetSpec.model_validate(json.loads((EXAMPLE / "mapping.json").read_text()))
    result = ingest_table(
        EXAMPLE / "putida_isoprenol_designs.tsv",
        spec,
        table_path,
        progress=lambda _: None,
        should_stop=lambda: False,
    )
    return result, table_path


def test_the_profile_counts_what_the_file_holds(ingested):
    profile = ingested[0].profile
    assert profile.row_count == 472
    assert profile.locus_count == profile.edit_count == 121
    assert profile.control_row_count == profile.rows_per_order[0] == 7
    assert profile.rows_per_order == {0: 7, 1: 123, 2: 136, 3: 168, 4: 38}
    (label,) = profile.labels
    assert (label.count, label.censored_count, label.min) == (472, 9, 0.0)
    assert profile.covariates["cycle"]["0"] == 122


def test_the_table_keeps_rows_and_units(ingested):
    table = pq.read_table(ingested[1])
    assert table.column_names == [
        "row",
        "genotype",
        "background",
        "group",
        "build",
        "replicate",
        "is_control",
        "label.isoprenol",
        "sd.isoprenol",
        "covariate.cycle",
    ]
    first = table.slice(0, 1).to_pylist()[0]
    assert first["row"] == 1
    assert first["genotype"] == first["group"] == ""
    assert (first["label.isoprenol"], first["sd.isoprenol"]) == (169.7658, 19.8511)
    assert first["covariate.cycle"] == "0"
    assert table["row"].to_pylist() == list(range(1, 473))


def test_the_vocabulary_is_sorted_and_counted(ingested):
    vocabulary = ingested[0].vocabulary
    assert vocabulary.loci == sorted(vocabulary.loci)
    assert vocabulary.edits == [f"{locus}:knockdown" for locus in vocabulary.loci]
    assert sum(vocabulary.row_counts) == 123 + 2 * 136 + 3 * 168 + 4 * 38
