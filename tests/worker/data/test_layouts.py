"""Every layout of designs gives the same canonical genotypes."""

import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service.contract.designs import Design, Edit, EditKind, parse_genotype
from service.contract.errors import InvalidDesignError

LABEL = [{"name": "y", "kind": "fitness", "unit": "relative"}]
EXPECTED = ["", "a:deletion", "a:deletion+b:deletion", "b:deletion"]


def test_bare_loci_in_one_column(ingest, simple_spec):
    ingest("genes\ty\n\t1\na\t2\nb+a\t3\n b \t4\n", simple_spec)
    assert ingest.column("genotype") == EXPECTED


def test_another_separator(ingest, simple_spec):
    simple_spec["design"]["separator"] = ";"
    ingest("genes\ty\nb; a\t1\n", simple_spec)
    assert ingest.column("genotype") == ["a:deletion+b:deletion"]


def test_edits_of_the_grammar_with_kinds_levels_and_encoded_names(ingest):
    spec = {"design": {"layout": "genotype", "column": "g"}, "labels": LABEL}
    ingest("g\ty\nb:knockdown@0.20+a%2Bb:knockout\t1\n\t2\nARG5,6:allele=x%20y\t3\n", spec)
    genotypes = ["a%2Bb:deletion+b:knockdown@0.2", "", "ARG5,6:allele=x%20y"]
    assert ingest.column("genotype") == genotypes


def test_one_edit_a_column_with_fixed_kind(ingest):
    columns = [{"locus_column": name, "kind": "knockout"} for name in ("one", "two")]
    spec = {"design": {"layout": "edits", "columns": columns}, "labels": LABEL}
    ingest("one\ttwo\ty\n\tNaN\t1\na\t\t2\nb\ta\t3\n\tb\t4\n", spec)
    assert ingest.column("genotype") == EXPECTED


def test_kinds_variants_levels_and_ignored_loci_of_edit_columns(ingest):
    column = {
        "locus_column": "gene",
        "kind_column": "what",
        "kinds": {"DAmP": {"kind": "allele", "variant": "DAmP"}, "ts": {"kind": "allele"}},
        "variant_column": "variant",
        "level_column": "level",
        "ignore": ["HO"],
    }
    spec = {"design": {"layout": "edits", "columns": [column]}, "labels": LABEL}
    text = (
        "gene,what,variant,level,y\n"
        "g1,DAmP,,,1\n"
        "g1,ts,rad53-11,,2\n"
        "g%20x,Knockdown,,0.25,3\n"
        "HO,anything,,,4\n"
        "g2,part,J23100 x,1e2,5\n"
    )
    ingest(text, spec)
    assert ingest.column("genotype") == [
        "g1:allele=DAmP",
        "g1:allele=rad53-11",
        "g%20x:knockdown@0.25",
        "",
        "g2:part=J23100%20x@100",
    ]


@pytest.mark.parametrize("texts", [("1", "0"), ("1.0", ""), ("True", "false"), ("TRUE", "NA")])
def test_presence_columns(ingest, texts):
    yes, no = texts
    design = {"layout": "genes", "prefix": "g_", "kind": "deletion"}
    body = f"{no}\t{no}\t1\n{no}\t{yes}\t2\n{yes}\t{yes}\t3\n{yes}\t{no}\t4\n"
    ingest("g_b\tg_a\ty\n" + body, {"design": design, "labels": LABEL})
    assert ingest.column("genotype") == EXPECTED


def test_level_columns_leave_out_the_reference_level(ingest):
    design = {"layout": "genes", "columns": ["b", "a"], "kind": "knockdown", "coding": "level"}
    ingest("a\tb\ty\n1\t1.0\t1\n0.5\t\t2\n-0.0\t2\t3\n", {"design": design, "labels": LABEL})
    assert ingest.column("genotype") == [
        "",
        "a:knockdown@0.5",
        "a:knockdown@0+b:knockdown@2",
    ]


def test_a_prefix_takes_no_column_that_has_another_meaning(ingest):
    design = {"layout": "genes", "prefix": "", "kind": "deletion"}
    spec = {"design": design, "labels": LABEL, "replicate_column": "rep"}
    ingest("a\ty\trep\n1\t0.5\tr1\n", spec)
    assert ingest.column("genotype") == ["a:deletion"]
    assert ingest.column("replicate") == ["r1"]


def test_thousands_of_gene_columns_agree_with_the_contract(ingest, tmp_path):
    generator = np.random.default_rng(0)
    edited = generator.random((40, 3000)) < 0.002
    names = [f"g{i}" for i in range(3000)]
    table = pa.table({name: edited[:, i] for i, name in enumerate(names)} | {"y": np.ones(40)})
    pq.write_table(table, tmp_path / "wide")
    design = {"layout": "genes", "prefix": "g", "kind": "deletion"}
    ingest((tmp_path / "wide").read_bytes(), {"design": design, "labels": LABEL})
    expected = [
        Design.of(Edit(locus=str(i), kind="deletion") for i in np.flatnonzero(row)).genotype
        for row in edited
    ]
    assert ingest.column("genotype") == expected


def random_genotypes(count):
    """Texts of up to four edits on five loci: many hold a locus twice, some illegally."""
    source = random.Random(0)  # noqa: S311 (no secret)
    for _ in range(count):
        edits = [
            Edit(
                locus=source.choice(["a", "b", "c+", "d e", "e"]),
                kind=source.choice(list(EditKind)),
                variant=source.choice([None, "x", "y:z"]),
                level=source.choice([None, 0.5, 2.0]),
            )
            for _ in range(source.randrange(5))
        ]
        yield "+".join(map(str, edits))


def canonical(text):
    try:
        return parse_genotype(text).genotype
    except InvalidDesignError:
        return None


def test_a_column_of_genotypes_agrees_with_the_contract_row_by_row(ingest):
    texts = list(random_genotypes(2000))
    expected = [(i, canonical(text)) for i, text in enumerate(texts, 1)]
    spec = {"design": {"layout": "genotype", "column": "g"}, "labels": LABEL}
    body = "".join(f"{text}\t1\n" for text in texts)
    profile = ingest("g\ty\n" + body, spec | {"on_bad_rows": "skip"}).profile
    assert profile.skipped_row_count == sum(text is None for _, text in expected) > 100
    found = list(zip(ingest.column("row"), ingest.column("genotype"), strict=True))
    assert found == [(row, text) for row, text in expected if text is not None]


def test_columns_around_the_design(ingest, simple_spec):
    spec = simple_spec | {
        "covariates": [{"name": "media", "column": "M", "role": "condition"}],
        "background_column": "strain",
        "group_column": "family",
        "build_column": "clone",
        "replicate_column": "rep",
        "control_column": "ctrl",
    }
    text = (
        "genes,y,M,strain,family,clone,rep,ctrl\n"
        "a,1,LB,K12,f1,c1,1,no\n"
        ",NA,,,,,2,YES\n"
        "a,2,M9,K12,f1,c2,1,\n"
        "b,3,LB,B,NA,c1,1,0\n"
    )
    ingest(text, spec)
    rows = ingest.rows
    assert [row["background"] for row in rows] == ["K12", "", "K12", "B"]
    assert [row["group"] for row in rows] == ["f1", "", "f1", "b:deletion"]
    assert [row["build"] for row in rows] == ["c1", None, "c2", "c1"]
    assert [row["is_control"] for row in rows] == [False, True, False, False]
    assert [row["covariate.media"] for row in rows] == ["LB", "", "M9", "LB"]
    assert np.isnan(rows[1]["label.y"])


def test_without_a_control_column_the_reference_is_the_control(ingest, simple_spec):
    ingest("genes\ty\n\t1\na\t2\n", simple_spec)
    assert ingest.column("is_control") == [True, False]


def test_the_resolved_spec_names_every_column(ingest, simple_spec):
    spec = simple_spec | {"covariates": [{"name": "cycle", "role": "batch"}]}
    resolved = ingest("genes\ty\tcycle\na\t1\t0\n", spec).spec
    assert resolved.labels[0].column == "y"
    assert resolved.covariates[0].column == "cycle"
