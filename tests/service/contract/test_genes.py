"""Specs of gene tables: what may be said, and what may not."""

import pytest
from pydantic import TypeAdapter, ValidationError

from service.contract.genes import GenesUse, GeneTableSpec, NetworkSpec, matches
from service.contract.splits import Split, holds_genes_out


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (GeneTableSpec, {"locus_column": "orf", "alias_columns": ["orf"]}, "orf is named more"),
        (GeneTableSpec, {"features": {"layout": "wide", "columns": ["a", "a"]}}, "column a is"),
        (GeneTableSpec, {"features": {"layout": "long"}}, "feature_column"),
        (NetworkSpec, {"source_column": "a", "target_column": "a"}, "column a is named more"),
        (NetworkSpec, {"score_unit": 0}, "greater than 0"),
        (GenesUse, {"gene_table_id": "g", "use_features": False}, "nothing is used"),
        (GenesUse, {"gene_table_id": "g", "features": []}, "at least 1"),
        (
            GenesUse,
            {"gene_table_id": "g", "use_features": False, "features": ["x"]},
            "leave features out",
        ),
        (
            GenesUse,
            {"gene_table_id": "g", "networks": [{"name": "s"}, {"name": "s"}]},
            "network s is named more",
        ),
        (GenesUse, {"gene_table_id": "g", "networks": [{"name": "s", "min_score": -1}]}, "greater"),
    ],
)
def test_a_contradiction_is_refused(kind, value, message):
    with pytest.raises(ValidationError, match=message):
        kind.model_validate(value)


def test_a_pattern_names_what_begins_so():
    assert matches("emb12", ["emb*"])
    assert matches("emb*", ["emb*"])
    assert not matches("embed", ["emb"])
    assert not matches("go_emb", ["emb*"])


@pytest.mark.parametrize(
    ("split", "is_held_out"),
    [
        ({"kind": "gene"}, True),
        ({"kind": "gene", "match": "all"}, True),
        ({"kind": "gene", "keep_singles": True}, False),
        ({"kind": "random"}, False),
        ({"kind": "none"}, False),
    ],
)
def test_genes_are_held_out_by_a_gene_split_without_singles(split, is_held_out):
    assert holds_genes_out(TypeAdapter(Split).validate_python(split)) is is_held_out
