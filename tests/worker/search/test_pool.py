"""Which edits a pool holds after its rules, and which pairs may stand together."""

import numpy as np
import pytest

from service.contract.designs import parse_edit
from service.contract.errors import InvalidArgumentError
from service.contract.search import Pool
from tests.worker.search.conftest import EDITS
from worker.search.names import Vocabulary
from worker.search.pool import build_pool

SUPPORT = np.arange(len(EDITS))  # the first edit was never seen


def pool_of(**rules):
    return build_pool(Pool.model_validate(rules), Vocabulary(EDITS), SUPPORT)


def texts(pool):
    return [str(edit) for edit in pool.edits]


def test_the_default_is_what_training_saw_in_canonical_order():
    found = [parse_edit(text) for text in texts(pool_of())]
    assert {str(edit) for edit in found} == set(EDITS[1:])
    assert found == sorted(found, key=lambda edit: edit.order_key)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (
            {"loci": ["g0", "g3"]},
            {"g0:deletion", "g3:knockdown", "g3:insertion=a", "g3:insertion=b"},
        ),
        ({"edits": ["g0:knockdown", "g0:knockdown@0.2"]}, {"g0:knockdown", "g0:knockdown@0.2"}),
        ({"edits": ["g0:knockout", "g0:deletion"]}, {"g0:deletion"}),
        ({"min_support": 11}, {"g3:insertion=b", "g4:deletion"}),
        (
            {"loci": ["g2"], "allowed": [{"locus": "g2", "variants": ["ts", ""]}]},
            {"g2:knockdown", "g2:allele=ts"},
        ),
        (
            {
                "loci": ["g0", "g1", "g2"],
                "allowed": [{"kinds": ["deletion"]}, {"locus": "g1", "kinds": ["copy_number"]}],
            },
            {"g0:deletion", "g1:copy_number"},
        ),
        (
            {"loci": ["g1", "g2"], "must_avoid": ["g1:knockdown", "g2"]},
            {"g1:overexpression", "g1:copy_number"},
        ),
        (
            {"edits": ["g0:knockdown@0.2", "g0:knockdown@0.3"], "must_avoid": ["g0:knockdown@0.2"]},
            {"g0:knockdown@0.3"},
        ),
        (
            {
                "loci": ["g1", "g4"],
                "must_include": ["g4:deletion@0"],
                "forbidden_pairs": [["g4", "g1:knockdown"]],
            },
            {"g1:overexpression", "g1:copy_number"},
        ),
    ],
)
def test_rules_leave_what_they_say(rules, expected):
    assert set(texts(pool_of(**rules))) == expected


def test_what_is_included_is_no_choice():
    pool = pool_of(loci=["g1", "g4"], must_include=["g4:knockdown@0.5"], min_support=1)
    assert {edit.locus for edit in pool.edits} == {"g1"}
    assert [str(edit) for edit in pool.fixed] == ["g4:knockdown@0.5"]
    assert pool.fixed_effect_F.tolist() == [0.5]
    batch = pool.batch(np.array([[0, 1], [1, 2]]))
    named = [[EDITS[place - 1] for place in row] for row in batch.edit_BP.tolist()]
    assert named == [["g4:knockdown", *(texts(pool)[i] for i in pair)] for pair in ([0, 1], [1, 2])]


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ({"edits": ["g1:knockdown", "g4:knockdown@0.2"]}, "not among the edits named"),
        ({"loci": ["g1"]}, "not left after loci"),
        ({"allowed": [{"locus": "g4", "kinds": ["deletion"]}]}, "not left after allowed"),
        ({"min_support": 11}, "not left after min_support 11"),
    ],
)
def test_what_is_included_has_to_be_in_the_pool(rules, why):
    with pytest.raises(InvalidArgumentError, match=why) as told:
        pool_of(must_include=["g4:knockdown@0.5"], **rules)
    (offender,) = told.value.offenders
    assert (offender.field, offender.value) == ("pool.must_include", "g4:knockdown@0.5")


def test_what_training_never_saw_cannot_be_included():
    with pytest.raises(InvalidArgumentError, match="not left after those that training saw"):
        pool_of(must_include=[EDITS[0]])


def test_forbidden_pairs_of_loci_and_edits_stand_apart():
    pool = pool_of(
        edits=["g0:knockdown", "g0:deletion", "g1:knockdown", "g2:knockdown"],
        forbidden_pairs=[["g0", "g1"], ["g2:knockdown", "g0:deletion"], ["g2", "g2"]],
    )
    pairs = {
        (texts(pool)[i], texts(pool)[j])
        for i, j in zip(*np.nonzero(pool.together_NN), strict=True)
        if i < j
    }
    assert pairs == {("g0:knockdown", "g2:knockdown"), ("g1:knockdown", "g2:knockdown")}
    assert (pool.together_NN == pool.together_NN.T).all()
    assert pool.has_exclusions


def test_a_background_is_in_every_design_and_counts_in_no_order():
    pool = build_pool(
        Pool(must_include=["g1:knockdown"]),
        Vocabulary(EDITS),
        SUPPORT,
        background="g0:knockdown@0.5",
    )
    assert [str(edit) for edit in pool.fixed] == ["g0:knockdown@0.5", "g1:knockdown"]
    assert pool.included_count == 1
    assert not {"g0:deletion", "g0:knockdown", "g1:overexpression"} & set(texts(pool))
    assert pool.design([]).genotype == "g0:knockdown@0.5+g1:knockdown"
