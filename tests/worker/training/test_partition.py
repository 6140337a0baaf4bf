"""Laws of splits: what never straddles, what folds cover, and what is refused."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from service.contract.errors import InvalidArgumentError
from service.contract.splits import Split
from tests.worker.tables import random_designs, write_table
from worker.data.table import read_table
from worker.training.partition import partition

EXAMPLE = Path(__file__).parents[3] / "examples" / "isoprenol"
SPLIT = TypeAdapter(Split)
QUERY = {"kind": "query_pair"}


def names(*loci):
    return "+".join(f"{locus}:deletion" for locus in sorted(loci))


def split_of(table, spec, conditions=()):
    return partition(table, SPLIT.validate_python(spec), conditions)


def genotypes(table, rows_N):
    return {table.designs[k].genotype for k in table.design_N[rows_N]}


def made(tmp_path, designs, **columns):
    return read_table(write_table(tmp_path / "t", designs, **columns))


def isoprenol_table(folder, name):
    """Genotypes and cycles of the shipped campaign."""
    path = EXAMPLE / name
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as text:
        rows = list(csv.DictReader(text, delimiter="\t"))
    designs = ["+".join(f"{x}:knockdown" for x in r["targets"].split("+") if x) for r in rows]
    columns = {"covariate__cycle": [r["cycle"] for r in rows]}
    return read_table(write_table(folder / name, designs, **columns))


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    return isoprenol_table(tmp_path_factory.mktemp("t"), "putida_isoprenol_replicates.tsv.gz")


def test_63_genotypes_of_the_campaign_recur(tmp_path):
    table = isoprenol_table(tmp_path, "putida_isoprenol_designs.tsv")
    edited = [k for k, design in enumerate(table.designs) if design.order]
    cycles = [len(np.unique(table.covariates["cycle"].code_N[table.design_N == k])) for k in edited]
    assert sum(count > 1 for count in cycles) == 63


CAMPAIGN_SPLITS = [
    {"kind": "random", "seed": 3},
    *({"kind": "random", "folds": 5, "fold": fold} for fold in range(5)),
    {"kind": "covariate", "covariate": "cycle", "test": ["5", "6"]},
    *({"kind": "covariate", "covariate": "cycle", "folds": 7, "fold": f} for f in range(1, 7)),
    *({"kind": "forward", "covariate": "cycle", "folds": 6, "fold": fold} for fold in range(6)),
    {"kind": "gene", "folds": 10, "fold": 2},
    {"kind": "gene", "test_fraction": 0.5, "match": "all"},
    {"kind": "gene", "keep_singles": True},
    {"kind": "query_pair"},
    {"kind": "order", "max_train_order": 2},
    {"kind": "group", "folds": 4, "fold": 3},
]


@pytest.mark.parametrize("spec", CAMPAIGN_SPLITS, ids=lambda s: f"{s['kind']}{s.get('fold', '')}")
def test_no_rebuild_straddles_and_no_control_is_tested(campaign, spec):
    parts = split_of(campaign, spec)
    train, test = (genotypes(campaign, rows) for rows in (parts.train_N, parts.test_N))
    assert train
    assert test
    assert not train & test
    assert "" not in test
    assert not (parts.train_N & parts.test_N).any()
    again = split_of(campaign, spec)
    assert (again.test_N == parts.test_N).all()
    assert again.description == parts.description


@pytest.mark.parametrize("kind", ["random", "group"])
def test_folds_partition_the_designs(campaign, kind):
    tested = [
        genotypes(campaign, split_of(campaign, {"kind": kind, "folds": 5, "fold": f}).test_N)
        for f in range(5)
    ]
    assert set.union(*tested) == genotypes(campaign, np.ones(len(campaign), bool)) - {""}
    assert sum(map(len, tested)) == len(set.union(*tested))
    assert max(map(len, tested)) - min(map(len, tested)) <= 1
    other = split_of(campaign, {"kind": kind, "folds": 5, "seed": 1})
    assert genotypes(campaign, other.test_N) != tested[0]


def test_folds_by_gene_partition_the_genes(tmp_path):
    singles = [names(f"g{i}") for i in range(7)]
    table = made(tmp_path, [*singles, names("g0", "g1")])
    folds = [{"kind": "gene", "folds": 3, "fold": f} for f in range(3)]
    tested = [genotypes(table, split_of(table, spec).test_N) for spec in folds]
    alone = [{g for g in found if "+" not in g} for found in tested]
    assert set.union(*alone) == set(singles)
    assert sum(map(len, alone)) == 7


def test_forward_chaining_trains_on_all_cycles_before(campaign):
    cycle_N = campaign.covariates["cycle"]
    for fold in range(6):
        spec = {"kind": "forward", "covariate": "cycle", "folds": 6, "fold": fold}
        parts = split_of(campaign, spec)
        assert set(cycle_N.code_N[parts.train_N]) == set(range(fold + 1))
        assert set(cycle_N.code_N[parts.test_N]) == {fold + 1}
        assert parts.test_N.any()
    named = split_of(campaign, {"kind": "forward", "covariate": "cycle", "test": "6"})
    default = split_of(campaign, {"kind": "forward", "covariate": "cycle"})
    assert (named.test_N == default.test_N).all()
    assert (default.test_N == parts.test_N).all()


def test_forward_chaining_counts_in_numbers_and_leaves_out_what_has_none(tmp_path):
    designs = [names(f"g{i}") for i in range(4)]
    table = made(tmp_path, designs, covariate__cycle=["9", "10", "2", None])
    parts = split_of(table, {"kind": "forward", "covariate": "cycle"})
    assert genotypes(table, parts.test_N) == {designs[1]}
    assert genotypes(table, parts.train_N) == {designs[0], designs[2]}
    assert parts.left_out["row_without_cycle_count"] == 1
    dates = ["2024-02-01", "2024-10-01", "2023-12-31", "2024-02-01"]
    table = made(tmp_path, designs, covariate__date=dates)
    parts = split_of(table, {"kind": "forward", "covariate": "date", "folds": 2})
    assert genotypes(table, parts.test_N) == {designs[0], designs[3]}
    assert genotypes(table, parts.train_N) == {designs[2]}


def test_by_gene_any_all_and_singles(tmp_path):
    a, b, ab, ac, bc, c = (names(*loci) for loci in ("a", "b", "ab", "ac", "bc", "c"))
    table = made(tmp_path, ["", a, b, ab, ac, bc, c])
    any_ = split_of(table, {"kind": "gene", "test": ["a"]})
    assert genotypes(table, any_.test_N) == {a, ab, ac}
    assert genotypes(table, any_.train_N) == {"", b, bc, c}
    all_ = split_of(table, {"kind": "gene", "test": ["a", "b"], "match": "all"})
    assert genotypes(table, all_.test_N) == {a, b, ab}
    assert genotypes(table, all_.train_N) == {"", c}
    assert all_.left_out["design_with_some_held_out_genes_count"] == 2
    kept = split_of(table, {"kind": "gene", "test": ["a"], "keep_singles": True})
    assert genotypes(table, kept.test_N) == {ab, ac}
    assert genotypes(table, kept.train_N) == {"", a, b, bc, c}


def test_a_group_column_holds_designs_together_in_every_split(tmp_path):
    designs = [names("a"), names("a", "b"), names("c"), names("b", "c"), names("d")]
    table = made(tmp_path, designs, group=["x", "x", "y", "z", "w"])
    parts = split_of(table, {"kind": "gene", "test": ["b"]})
    # a+b is of a's group, and a trains.
    assert genotypes(table, parts.test_N) == {names("b", "c")}
    assert parts.left_out["design_on_both_sides_count"] == 1
    parts = split_of(table, {"kind": "group", "test": ["x"]})
    assert genotypes(table, parts.test_N) == {names("a"), names("a", "b")}


@pytest.mark.parametrize("kind", ["random", "group"])
def test_a_design_that_trains_as_a_control_is_not_tested_in_another_row(tmp_path, kind):
    designs = ["", *(names(f"g{i}") for i in range(6)), names("g0")]
    plates = ["x", "x", "x", "y", "y", "z", "z", "y"]
    control = [True, *[False] * 6, True]  # g0 once more, as a control
    table = made(tmp_path, designs, group=plates, is_control=control)
    left_out = 0
    for fold in range(3):
        parts = split_of(table, {"kind": kind, "folds": 3, "fold": fold})
        train, test = (genotypes(table, rows) for rows in (parts.train_N, parts.test_N))
        assert names("g0") in train
        assert not train & test
        left_out += parts.left_out["design_on_both_sides_count"]
    assert left_out == 1


def test_a_control_on_every_plate_keeps_no_plate_out_of_the_test(tmp_path):
    designs = ["", "", names("a"), names("b"), names("a", "b"), names("c")]
    plates = ["x", "y", "x", "y", "y", "y"]
    table = made(tmp_path, designs, group=plates)
    parts = split_of(table, {"kind": "gene", "test": ["a"]})
    assert genotypes(table, parts.test_N) == {names("a")}  # a+b is on the plate of b, and c
    assert genotypes(table, parts.train_N) == {"", names("b"), names("c")}
    assert parts.left_out["design_on_both_sides_count"] == 1


def test_query_pairs_are_the_most_frequent_and_no_triple_with_one_trains(tmp_path):
    first = [names("q1", "q2", x) for x in "abcd"]
    second = [names("r1", "r2", x) for x in "abcd"]
    lower = [names("q1", "q2"), names("a")]
    # q1+q2 stands in 5 designs, r1+r2 in 5: of this one's two queries the first by name counts.
    both = names("q1", "q2", "r1", "r2")
    table = made(tmp_path, ["", *lower, *first, *second, both])
    parts = split_of(table, QUERY | {"test": ["q1+q2"]})
    assert genotypes(table, parts.test_N) == {*first, both}
    assert genotypes(table, parts.train_N) == {"", *lower, *second}
    parts = split_of(table, QUERY | {"test": ["r1+r2"]})
    assert genotypes(table, parts.test_N) == set(second)
    assert both not in genotypes(table, parts.train_N)
    assert parts.left_out["design_with_held_out_pair_count"] == 1


def test_query_pairs_named_by_a_covariate(tmp_path):
    designs = [names("a", "b", "c"), names("a", "b", "d"), names("c", "d", "e"), names("a", "b")]
    table = made(tmp_path, designs, covariate__query=["s", "s", "t", "s"])
    parts = split_of(table, QUERY | {"covariate": "query", "test": ["s"]})
    assert genotypes(table, parts.test_N) == set(designs[:2])
    assert genotypes(table, parts.train_N) == set(designs[2:])
    folds = [QUERY | {"covariate": "query", "folds": 2, "fold": f} for f in range(2)]
    tested = [genotypes(table, split_of(table, spec).test_N) for spec in folds]
    assert sorted(map(len, tested)) == [1, 2]


def test_by_order(campaign):
    parts = split_of(campaign, {"kind": "order", "max_train_order": 2})
    assert {genotype.count("+") for genotype in genotypes(campaign, parts.test_N)} == {2, 3}
    assert max(g.count("+") for g in genotypes(campaign, parts.train_N)) == 1
    everything = genotypes(campaign, parts.train_N) | genotypes(campaign, parts.test_N)
    assert everything == {design.genotype for design in campaign.designs}


def test_a_context_is_carried_over_and_known_designs_are_counted(tmp_path):
    a, b, c = names("a"), names("b"), names("c")
    designs, place = ["", a, b, "", a, c], ["1", "1", "1", "2", "2", "2"]
    table = made(tmp_path, designs, background=place, covariate__medium=place)
    by_background = {"kind": "background", "test": ["2"]}
    by_condition = {"kind": "condition", "covariate": "medium", "test": ["2"]}
    for spec in (by_background, by_condition):
        parts = split_of(table, spec, ["medium"])
        assert parts.train_N.tolist() == [True] * 3 + [False] * 3
        assert parts.test_N.tolist() == [False] * 4 + [True] * 2
        assert "1 of 2 tested designs were trained on" in parts.description
    folded = split_of(table, {"kind": "background", "folds": 2, "fold": 1})
    assert (folded.test_N == parts.test_N).all()
    with pytest.raises(InvalidArgumentError, match="not the role condition; name the kind"):
        split_of(table, by_condition)


@pytest.mark.parametrize(
    ("spec", "field", "value", "suggestions"),
    [
        ({"kind": "gene", "test": ["g1", "gl2"]}, "split.test[1]", "gl2", {"g2"}),
        (QUERY | {"test": ["g0+gx"]}, "split.test[0]", "g0+gx", {"g0+g7"}),
        (QUERY | {"covariate": "cycel"}, "split.covariate", "cycel", {"cycle"}),
        ({"kind": "forward", "covariate": "cycel"}, "split.covariate", "cycel", {"cycle"}),
        ({"kind": "forward", "covariate": "cycle", "test": "z"}, "split.test", "z", set()),
        ({"kind": "forward", "covariate": "cycle", "test": "0"}, "split.test", "0", set()),
        ({"kind": "forward", "covariate": "cycle", "folds": 3}, "split.folds", "3", set()),
        ({"kind": "covariate", "covariate": "cycle", "folds": 9}, "split.folds", "9", set()),
        ({"kind": "background", "test": ["x"]}, "split.test[0]", "x", set()),
        ({"kind": "order", "max_train_order": 3}, "split.max_train_order", "3", set()),
        ({"kind": "random", "folds": 999}, "split.folds", "999", set()),
        ({"kind": "gene", "folds": 9}, "split.folds", "9", set()),
        ({"kind": "background", "folds": 2}, "split.kind", None, set()),
        ({"kind": "gene", "test_fraction": 0.99}, "split", "gene", set()),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, spec, field, value, suggestions):
    designs = [design for design in random_designs(40) if design]
    table = made(tmp_path, designs, covariate__cycle=[str(i % 3) for i in range(39)])
    with pytest.raises(InvalidArgumentError) as caught:
        split_of(table, spec)
    offender = caught.value.offenders[0]
    assert (offender.field, offender.value) == (field, value)
    assert suggestions <= set(offender.suggestions)
    assert caught.value.args


@pytest.mark.parametrize("kind", ["random", "gene", "group", "query_pair"])
def test_one_design_cannot_be_split(tmp_path, kind):
    table = made(tmp_path, ["", names("a"), names("a")])
    with pytest.raises(InvalidArgumentError, match=r"could be held out, and it takes two"):
        split_of(table, {"kind": kind})


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"kind": "random", "fold": 1}, "fold needs folds"),
        ({"kind": "random", "folds": 3, "fold": 3}, "there are 3 folds"),
        ({"kind": "gene", "folds": 3, "test": ["a"]}, "test or folds, not both"),
        ({"kind": "forward", "covariate": "c", "folds": 3, "test": "a"}, "test or folds"),
        ({"kind": "covariate", "covariate": "c"}, "one of the two"),
        ({"kind": "covariate", "covariate": "c", "test": ["a"], "folds": 2}, "one of the two"),
        ({"kind": "background", "folds": 2, "train": ["a"]}, "train goes with test"),
        ({"kind": "condition", "covariate": "c", "test": ["a"], "train": ["a"]}, "in train and"),
    ],
)
def test_a_spec_that_contradicts_itself_is_refused(spec, message):
    with pytest.raises(ValidationError, match=message):
        SPLIT.validate_python(spec)
