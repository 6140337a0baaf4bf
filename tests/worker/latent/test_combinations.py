"""Laws of combinations: of states, and of edits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.contract.designs import Design, parse_genotype
from worker.latent.combinations import (
    ANALOGY_3,
    SUBTRACT_2,
    NoDesign,
    clashes,
    combine,
    combined_design,
    composition_residuals,
    interpolation,
)

ALL = np.ones
SHIFT = {f"g{i}:deletion": np.random.default_rng(i).normal(size=(2, 3)) for i in range(8)}
KEYS = st.lists(st.sampled_from(sorted(SHIFT)), unique=True, max_size=8)


def shift_of(*designs):
    """z_P [M, B, D] of designs, as a sum of shifts in a loop."""
    zero = np.zeros((2, 3))
    sums = [sum((SHIFT[edit.key] for edit in design.edits), zero) for design in designs]
    return np.stack(sums, axis=1)


def design(keys):
    return parse_genotype("+".join(keys))


@given(keys=KEYS, cuts=st.tuples(st.integers(0, 8), st.integers(0, 8)).map(sorted))
def test_composing_is_commutative_associative_and_a_design(keys, cuts):
    parts = [design(keys[: cuts[0]]), design(keys[cuts[0] : cuts[1]]), design(keys[cuts[1] :])]
    whole = combine(shift_of(*parts), ALL((1, 3)))
    np.testing.assert_allclose(combine(shift_of(*parts[::-1]), ALL((1, 3))), whole, atol=1e-12)
    first_two = combine(shift_of(*parts[:2]), ALL((1, 2)))
    then = combine(np.concatenate([first_two, shift_of(parts[2])], axis=1), ALL((1, 2)))
    np.testing.assert_allclose(then, whole, atol=1e-12)
    composed = combined_design(parts, ALL(3))
    assert composed == design(keys)
    np.testing.assert_allclose(shift_of(composed), whole, atol=1e-12)


@given(keys=KEYS, cut=st.integers(0, 8))
def test_subtracting_undoes_composing(keys, cut):
    whole, part, rest = design(keys), design(keys[cut:]), design(keys[:cut])
    assert combined_design([whole, part], SUBTRACT_2) == rest
    difference = combine(shift_of(whole, part), SUBTRACT_2[None])
    np.testing.assert_allclose(difference, shift_of(rest), atol=1e-12)


@given(a=KEYS, b=KEYS)
def test_an_analogy_with_itself(a, b):
    a, b = design(a), design(b)
    for designs, result in (([a, b, b], a), ([b, b, a], a)):
        assert combined_design(designs, ANALOGY_3) == result
        state = combine(shift_of(*designs), ANALOGY_3[None])
        np.testing.assert_allclose(state, shift_of(result), atol=1e-12)


def test_an_analogy_carries_what_was_done_over_to_another_design():
    designs = [design(["g0:deletion", "g1:deletion"]), design(["g1:deletion"])]
    other = design(["g2:deletion", "g3:deletion"])
    expected = "g0:deletion+g2:deletion+g3:deletion"
    assert combined_design([*designs, other], ANALOGY_3).genotype == expected


@given(a=KEYS, b=KEYS, steps=st.integers(2, 21))
def test_an_interpolation_ends_at_its_designs(a, b, steps):
    ends = [design(a), design(b)]
    coefficients = interpolation(steps)
    states = combine(shift_of(*ends), coefficients)
    np.testing.assert_allclose(states[:, [0, -1]], shift_of(*ends), atol=1e-12)
    np.testing.assert_allclose(np.diff(states, n=2, axis=1), 0, atol=1e-12)  # a straight line
    found = [combined_design(ends, row) for row in coefficients]
    assert [found[0], found[-1]] == ends
    if ends[0] != ends[1]:
        assert not any(isinstance(step, Design) for step in found[1:-1])
    else:
        assert found == [ends[0]] * steps


@pytest.mark.parametrize(
    ("designs", "coefficients", "reason"),
    [
        (["a:deletion", "b:deletion"], SUBTRACT_2, "b:deletion is taken away, and not there"),
        (["a:deletion", "", "a:deletion"], ANALOGY_3, "a:deletion is there more than once"),
        (["a:deletion", ""], np.array([0.5, 0.5]), "a:deletion is there in part"),
        (
            ["a:deletion", "", "a:knockdown"],
            ANALOGY_3,
            "a:deletion and a:knockdown exclude each other",
        ),
        # Another level is another edit: what is left is no set of edits.
        (["a:knockdown@0.2", "a:knockdown@0.5"], SUBTRACT_2, "a:knockdown@0.5 is taken away"),
    ],
)
def test_why_a_combination_is_no_design(designs, coefficients, reason):
    found = combined_design([parse_genotype(text) for text in designs], coefficients)
    assert isinstance(found, NoDesign)
    assert reason in found.reason


def test_a_reason_does_not_grow_with_the_design():
    many = parse_genotype("+".join(f"g{i:02}:deletion" for i in range(60)))
    reason = combined_design([many], np.array([0.5])).reason
    assert reason.endswith("g04:deletion and 55 more are there in part")


def test_every_edit_that_clashes_is_named_once():
    texts = ["a:deletion+b:deletion", "a:deletion+c:deletion", "b:knockdown+a:allele=x", "d:part=p"]
    found = clashes([parse_genotype(text) for text in texts])
    assert [(each.field, each.value) for each in found] == [
        ("designs[1]", "a:deletion"),
        ("designs[2]", "a:allele=x"),
        ("designs[2]", "b:knockdown"),
    ]
    assert "designs[0] and designs[1] hold a:deletion" in found[0].message
    assert "the expression of locus b" in found[2].message
    assert clashes([parse_genotype("x:part=p"), parse_genotype("x:copy_number@2")]) == []


def test_the_composition_residual_by_hand():
    z_W, z_P = np.array([[1.0, 0.0]]), np.array([[[3.0, 4.0], [0.0, 2.0]]])
    z_I = np.array([[[4.0, 5.0], [1.0, 2.0]]])
    residuals = composition_residuals(z_W, z_P, z_I)
    np.testing.assert_allclose(residuals, [[1 / 5, 0.0]])
