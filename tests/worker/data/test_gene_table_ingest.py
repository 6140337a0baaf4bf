"""Uploaded gene tables: what is read, and what is refused with row, column and advice."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from service.contract.errors import BadTableError
from service.contract.genes import GeneTableSpec
from tests.worker.data.run_lengths import LONGEST_RUN, run_of
from worker.data.errors import IngestStoppedError
from worker.data.gene_table_ingest import ingest_genes
from worker.data.gene_table_store import read_genes
from worker.data.whole_table import Watch

PUTIDA = Path(__file__).parents[3] / "examples" / "isoprenol" / "putida_target_genes.tsv"
WIDE = (
    "locus\tname\tlength\tdegree\tnote\tessential\n"
    "YER069W\tARG5,6\t863\t7\tx\ttrue\n"
    "YCL058W-A\tADF1\t113\t\ty\tfalse\n"
    "YJL115W\tASF1\t-\t9\t\t\n"
)
LONG = (
    "orf\tname\tterm\tevidence\n"
    "YAL1\tA1\tchromatin\tIGI\n"
    "YAL1\tA1\tchromatin\tIMP\n"
    "YAL2\t\tmembrane\tIGI\n"
    "YAL3\tA3\t\t\n"
)
BY_EVIDENCE = {
    "locus_column": "orf",
    "alias_columns": ["name"],
    "features": {"layout": "long", "feature_column": "term", "evidence_column": "evidence"},
}


@pytest.fixture
def ingest(tmp_path):
    def run(content, *, should_stop=lambda: False, **spec):
        source = tmp_path / "upload"
        source.write_bytes(content.encode() if isinstance(content, str) else content)
        told = []
        chosen = GeneTableSpec.model_validate(spec)
        watch = Watch(told.append, should_stop)
        profile = ingest_genes(source, chosen, tmp_path / "genes.parquet", watch)
        assert told == sorted(told)
        assert told[-1] == 1.0
        return profile, read_genes(tmp_path / "genes.parquet")

    return run


def test_columns_of_numbers_or_truths_are_features(ingest):
    profile, genes = ingest(WIDE, alias_columns=["name"])
    assert genes.loci == ("YER069W", "YCL058W-A", "YJL115W")
    assert genes.aliases_G == (("ARG5,6",), ("ADF1",), ("ASF1",))
    assert genes.feature_names == ("length", "degree", "essential")
    np.testing.assert_array_equal(
        genes.value_GF, [[863, 7, 1], [113, np.nan, 0], [np.nan, 9, np.nan]]
    )
    assert profile.left_out_columns == ["note"]
    assert profile.features[0].missing_share == pytest.approx(1 / 3)
    assert (profile.features[1].min, profile.features[1].mean) == (7.0, 8.0)


def test_a_named_column_may_hold_truths(ingest):
    _, genes = ingest(WIDE, features={"layout": "wide", "columns": ["essential"]})
    np.testing.assert_array_equal(genes.value_GF, [[1], [0], [np.nan]])


def test_a_compressed_table_gives_the_same(ingest):
    _, plain = ingest(WIDE, alias_columns=["name"])
    _, packed = ingest(gzip.compress(WIDE.encode()), alias_columns=["name"])
    np.testing.assert_array_equal(plain.value_GF, packed.value_GF)


def test_categories_become_features_of_one_and_zero(ingest):
    content = "locus\tgo\na\tx; y\nb\tx\nc\t-\n"
    category = {"column": "go", "separator": ";", "min_locus_count": 1}
    _, genes = ingest(content, features={"layout": "wide", "categories": [category]})
    assert genes.feature_names == ("go=x", "go=y")
    np.testing.assert_array_equal(genes.value_GF, [[1, 1], [1, 0], [0, 0]])
    category["min_locus_count"] = 2
    profile, genes = ingest(content, features={"layout": "wide", "categories": [category]})
    assert genes.feature_names == ("go=x",)
    assert profile.rare_feature_count == 1


def test_annotations_keep_their_evidence(ingest):
    profile, genes = ingest(LONG, **BY_EVIDENCE)
    assert genes.loci == ("YAL1", "YAL2", "YAL3")
    assert genes.aliases_G == (("A1",), (), ("A3",))
    assert (genes.feature_names, genes.evidence) == (("chromatin", "membrane"), ("IGI", "IMP"))
    np.testing.assert_array_equal(genes.mask_GF, [[3, 0], [0, 1], [0, 0]])
    assert profile.evidence_counts == {"IGI": 2, "IMP": 1}


def test_annotations_without_evidence_are_numbers(ingest):
    features = {"layout": "long", "feature_column": "term"}
    _, genes = ingest(LONG, locus_column="orf", features=features)
    np.testing.assert_array_equal(genes.value_GF, [[1, 0], [0, 1], [0, 0]])


def test_several_aliases_to_a_cell_are_parted(ingest):
    _, genes = ingest(
        "locus\tnames\na\tA1|A2|-\nb\tb\n", alias_columns=["names"], alias_separator="|"
    )
    assert genes.aliases_G == (("A1", "A2"), ())


def test_a_real_table_has_ambiguous_names(ingest):
    content = PUTIDA.read_bytes()
    columns = {"locus_column": "pp", "alias_columns": ["Preferred_name"]}
    with pytest.raises(BadTableError, match="acsA is of PP_3071 and of PP_4487") as caught:
        ingest(content, **columns)
    first = caught.value.offenders[0]
    assert (first.row, first.column, first.value) == (107, "Preferred_name", "acsA")
    assert first.suggestions == ["PP_3071", "PP_4487", "PP_4702"]
    profile, genes = ingest(
        content,
        on_ambiguous_aliases="keep",
        features={"layout": "wide", "categories": [{"column": "EC", "separator": ","}]},
        **columns,
    )
    assert profile.ambiguous_aliases["acsA"] == ["PP_3071", "PP_4487", "PP_4702"]
    assert len(genes.alias_rows()["acsA"]) == 3
    assert "EC=1.9.3.1" in profile.feature_names
    assert "Protein names" in profile.left_out_columns


def test_an_alias_may_be_the_name_of_another_locus(ingest):
    profile, _ = ingest("locus\tname\na\tb\nb\t\n", alias_columns=["name"])
    assert profile.shadowed_alias_count == 1


@pytest.mark.parametrize(
    ("content", "spec", "row", "message"),
    [
        ("locus\tx\na\t1\nb\t2\na\t3\n", {}, 3, "'a': the locus is also in row 1"),
        ("locus\tx\na\t1\n\t2\n", {}, 2, "no locus"),
        (
            "locus\tx\na\t1\nb\thigh\n",
            {"features": {"layout": "wide", "columns": ["x"]}},
            2,
            "'high': not a number",
        ),
        (
            "locus\tx\na\tinf\n",
            {"features": {"layout": "wide", "columns": ["x"]}},
            1,
            "infinite",
        ),
        ("locus\tn\na\tA\nb\tA\n", {"alias_columns": ["n"]}, 2, "of a and of b .rows 1, 2."),
        ("orf\tterm\tevidence\na\tx\t\n", BY_EVIDENCE | {"alias_columns": []}, 1, "no evidence"),
        ("locus\tx\na\t1\nb\n", {}, 2, "1 cells where the header has 2"),
    ],
)
def test_bad_rows_are_named(ingest, content, spec, row, message):
    with pytest.raises(BadTableError, match=message) as caught:
        ingest(content, **spec)
    assert caught.value.offenders[0].row == row


@pytest.mark.parametrize(
    ("content", "spec", "message"),
    [
        ("", {}, "empty"),
        ("locus\tx\n", {}, "no data row"),
        ("Locus\tx\na\t1\n", {}, "no column 'locus'; did you mean Locus"),
        ("locus\tx\na\t1\n", {"alias_columns": ["name"]}, "no column 'name'"),
        ("locus\tx\na\t1\n", {"off_when_held_out": ["emb*"]}, "no feature is called so"),
        ("\x89PNG\r\n", {}, "no column|binary|PNG"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(ingest, content, spec, message):
    with pytest.raises(BadTableError, match=message):
        ingest(content, **spec)


def test_a_stopped_ingest_ends(ingest):
    with pytest.raises(IngestStoppedError):
        ingest(WIDE, should_stop=lambda: True)


def test_says_of_what_declares_too_much_that_it_is_too_much_before_it_reads_any(ingest):
    with pytest.raises(BadTableError, match="more than 67,108,864 cells"):
        ingest(run_of("locus", "b1", LONGEST_RUN))
