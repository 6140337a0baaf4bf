"""What ingest finds in a table, against values computed by hand."""

import statistics

import pytest

from service.contract.errors import BadTableError
from worker.data import profile as profile_module

SPEC = {
    "design": {"layout": "genotype", "column": "g"},
    "labels": [{"name": "y", "kind": "titer", "unit": "mg/L", "detection_limit": 2.0}],
    "covariates": [{"name": "media", "role": "condition"}, {"name": "plate", "role": "batch"}],
    "build_column": "clone",
}
ROWS = [
    # genotype, label, media, plate, clone
    ("", "10", "LB", "p1", ""),
    ("", "14", "LB", "p2", ""),
    ("a:deletion", "4", "LB", "p1", "c1"),
    ("a:deletion", "6", "LB", "p2", "c1"),
    ("a:deletion", "9", "LB", "p1", "c2"),
    ("a:deletion", "100", "M9", "p1", "c1"),
    ("b:knockdown@0.5+a:deletion", "1.5", "LB", "p1", "c1"),
    ("b:knockdown@0.2+a:deletion", "NaN", "LB", "p1", "c1"),
]
TEXT = "g\ty\tmedia\tplate\tclone\n" + "".join("\t".join(row) + "\n" for row in ROWS)


@pytest.fixture
def ingested(ingest):
    return ingest(TEXT, SPEC)


def test_designs_and_orders(ingested):
    profile = ingested.profile
    assert (profile.row_count, profile.design_count, profile.control_row_count) == (8, 4, 2)
    assert profile.rows_per_order == {0: 2, 1: 4, 2: 2}
    assert profile.designs_per_order == {0: 1, 1: 1, 2: 2}


def test_vocabulary_leaves_levels_out(ingested):
    vocabulary = ingested.vocabulary
    assert vocabulary.loci == ["a", "b"]
    assert vocabulary.edits == ["a:deletion", "b:knockdown"]
    assert vocabulary.row_counts == [6, 2]
    assert (ingested.profile.locus_count, ingested.profile.edit_count) == (2, 2)


def test_vocabulary_decodes_loci_and_sorts_by_text(ingest, simple_spec):
    simple_spec["design"] = {"layout": "genotype", "column": "g"}
    vocabulary = ingest("g\ty\nz:deletion\t1\na%2Bb:part=p%3Aq\t2\n", simple_spec).vocabulary
    assert vocabulary.loci == ["a+b", "z"]
    assert vocabulary.edits == ["a%2Bb:part=p%3Aq", "z:deletion"]


def test_label_statistics(ingested):
    (label,) = ingested.profile.labels
    values = [10, 14, 4, 6, 9, 100, 1.5]
    assert (label.count, label.missing_share, label.censored_count) == (7, 1 / 8, 1)
    assert (label.min, label.max, label.median) == (1.5, 100, 9)
    assert label.mean == pytest.approx(statistics.mean(values))
    assert label.sd == pytest.approx(statistics.stdev(values))


def test_noise_compares_only_what_measures_one_thing(ingested):
    """Within builds: (10, 14) and (4, 6); across: means 5 and 9. Another medium is apart."""
    (label,) = ingested.profile.labels
    assert label.sd_within_builds == pytest.approx(((8 + 2) / 2) ** 0.5)
    assert label.sd_across_builds == pytest.approx(8**0.5)


def test_covariate_values_are_counted(ingested):
    assert ingested.profile.covariates == {
        "media": {"LB": 7, "M9": 1},
        "plate": {"p1": 6, "p2": 2},
    }


def test_at_most_a_hundred_values_of_a_covariate(ingest, simple_spec):
    body = "".join(f"a\t1\tw{i:03}\n" for i in range(150)) + "a\t1\tw149\n"
    spec = simple_spec | {"covariates": [{"name": "well", "role": "batch"}]}
    wells = ingest("genes\ty\twell\n" + body, spec).profile.covariates["well"]
    assert len(wells) == 100
    assert next(iter(wells.items())) == ("w149", 2)


def test_one_design_on_two_backgrounds_is_two_designs(ingest, simple_spec):
    spec = simple_spec | {"background_column": "strain", "group_column": "fold"}
    text = "genes\ty\tstrain\tfold\na\t1\tB\t1\na\t1\tK12\t2\n"
    assert ingest(text, spec).profile.design_count == 2


def test_names_that_sql_and_parquet_could_stumble_over(ingest, simple_spec):
    name = 'y"; DROP TABLE designs; -- '
    simple_spec["labels"] = [{"name": name, "column": "y", "kind": "fitness", "unit": "x"}]
    spec = simple_spec | {"covariates": [{"name": "it's", "column": "y", "role": "batch"}]}
    profile = ingest("genes\ty\na\t1\n", spec).profile
    assert profile.labels[0].count == 1
    assert profile.covariates == {"it's": {"1": 1}}


def test_the_estimated_median_is_near(ingest, simple_spec, monkeypatch):
    monkeypatch.setattr(profile_module, "_EXACT_MEDIAN_ROWS", 100)
    body = "".join(f"a\t{i}\n" for i in range(1001))
    label = ingest("genes\ty\n" + body, simple_spec).profile.labels[0]
    assert label.median == pytest.approx(500, abs=10)


def test_a_column_of_ids_is_no_vocabulary(ingest, simple_spec, monkeypatch):
    monkeypatch.setattr(profile_module, "_MOST_EDITS", 100)
    with pytest.raises(BadTableError, match="more than 100 different edits"):
        ingest("genes\ty\n" + "".join(f"id{i}\t1\n" for i in range(101)), simple_spec)
    assert ingest.left_behind == []
