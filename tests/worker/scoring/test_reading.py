"""Designs of tables: what is read is what `parse_genotype` reads; what is wrong is told, by row."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.contract.datasets import EditColumns, GeneColumns, GenotypeColumn
from service.contract.designs import parse_genotype
from service.contract.errors import InvalidDesignError
from service.contract.genes import GenesUsed
from tests.worker.scoring.conftest import EDITS
from worker.data.batch import Batch, Problems
from worker.data.mapping import resolve_design
from worker.scoring.blocks import GenotypeTexts
from worker.scoring.reading import DesignReader

GENOTYPE = GenotypeColumn(column="genotype")
PARTS = [*EDITS, "a:knockdown@0.2", "b:knockdown@1e-3", "e:knockout", "x:deletion", "", "a"]


def read(manifest, design, **columns):
    """Canonical texts of the good rows by number, and the offenders."""
    count = len(next(iter(columns.values())))
    batch = Batch(np.arange(1, count + 1), {k: pa.array(v) for k, v in columns.items()})
    problems = Problems(batch.rows)
    reader = DesignReader(resolve_design(design, list(columns)), manifest)
    designs = reader.read(batch, problems)
    texts = GenotypeTexts(manifest.edits).of(designs).to_pylist()
    assert texts == designs.texts(manifest.edits)
    good = {row: text for row, text in enumerate(texts, start=1) if not problems.bad[row - 1]}
    assert all(text == "" for row, text in enumerate(texts, start=1) if row not in good)
    return good, problems.offenders, reader


@settings(max_examples=200)
@given(st.data())
def test_what_is_read_is_what_the_grammar_reads_or_an_offender(additive, data):
    manifest = additive.manifest
    parts = st.lists(st.sampled_from(PARTS), max_size=3)
    texts = data.draw(st.lists(parts.map("+".join), min_size=1, max_size=6))
    good, offenders, _ = read(manifest, GENOTYPE, genotype=texts)
    expected = {}
    for row, text in enumerate(texts, start=1):
        try:
            design = parse_genotype(text)
        except InvalidDesignError:
            continue
        if all(edit.key in manifest.edits for edit in design.edits):
            expected[row] = design.genotype
    assert good == expected
    assert {o.row for o in offenders} == set(range(1, len(texts) + 1)) - set(expected)


def test_offenders_say_what_was_meant(additive):
    texts = ["a:knockdwn", "", "aa:knockdown", "a:deletion", "e:deletion+e:knockdown", None, "NaN"]
    good, offenders, reader = read(additive.manifest, GENOTYPE, genotype=texts)
    said = {o.row: o for o in offenders}
    assert good == {2: ""}
    assert "unknown kind 'knockdwn'" in said[1].message
    assert said[3].suggestions[0] == "a:knockdown"
    assert said[4].message == "the model knows a only as a:knockdown"
    assert (said[4].column, said[4].value) == ("genotype", "a:deletion")
    assert "only as e:deletion" in said[5].message
    assert said[6].message == "null is no genotype: the reference is the empty text"
    assert (said[6].value, said[7].value) == (None, "NaN")
    assert reader.has_unknown


def test_edits_of_one_locus_exclude_each_other_or_do_not(additive):
    texts = ["d:copy_number@2+d:part=P1", "a:knockdown+a:knockdown@0.5", "e:deletion+e:deletion"]
    good, offenders, _ = read(additive.manifest, GENOTYPE, genotype=texts)
    assert good == {1: parse_genotype(texts[0]).genotype}
    assert [o.row for o in offenders] == [2, 3]
    assert all("exclude each other" in o.message for o in offenders)


def test_other_names_of_genes_and_two_that_are_one(additive):
    genes = GenesUsed(
        gene_table_id="genes_1",
        table_sha256="a" * 64,
        are_genes_held_out=False,
        features=[],
        features_off=[],
        evidence_off=[],
        networks=[],
        names={"alpha": ["a"], "both": ["a", "b"]},
    )
    manifest = additive.manifest.model_copy(update={"genes": genes})
    texts = ["alpha:knockdown@0.5", "both:knockdown", "alpha:knockdown+a:knockdown"]
    good, offenders, reader = read(manifest, GENOTYPE, genotype=texts)
    assert good == {1: "a:knockdown@0.5"}
    assert offenders[0].suggestions == ["a", "b"]
    assert "exclude each other" in offenders[1].message
    assert reader.names.locus_of == {"alpha": "a"}


@pytest.mark.parametrize(
    ("design", "columns"),
    [
        (GenotypeColumn(column="g", kind="knockdown", separator=","), {"g": ["a,b", "b", ""]}),
        (
            GeneColumns(prefix="ko_", kind="knockdown"),
            {"ko_a": ["1", "0", ""], "ko_b": [1, 1, 0]},
        ),
        (
            EditColumns(
                columns=(
                    {"locus_column": "x"} | {"kind": "knockdown"},
                    {"locus_column": "y", "kind": "knockdown"},
                )
            ),
            {"x": ["b", "", ""], "y": ["a", "b", ""]},
        ),
    ],
)
def test_every_layout_of_data_sets(additive, design, columns):
    good, offenders, _ = read(additive.manifest, design, **columns)
    assert (list(good.values()), offenders) == (["a:knockdown+b:knockdown", "b:knockdown", ""], [])


def test_many_levels_are_forgotten_and_read_all_the_same(additive, monkeypatch):
    monkeypatch.setattr("worker.scoring.reading._CACHED_PARTS", 10)
    reader = DesignReader(resolve_design(GENOTYPE, ["genotype"]), additive.manifest)
    for start in range(0, 300, 50):
        texts = [f"a:knockdown@{level / 1000:g}" for level in range(start + 1, start + 51)]
        batch = Batch(np.arange(50), {"genotype": pa.array(texts)})
        designs = reader.read(batch, Problems(batch.rows))
        assert GenotypeTexts(additive.manifest.edits).of(designs).to_pylist() == [
            parse_genotype(text).genotype for text in texts
        ]
        assert len(reader._parts) <= 60
