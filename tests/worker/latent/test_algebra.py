"""Laws of effects, shifts and mixed differences."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from service.contract.designs import EditKind
from worker.latent.algebra import compose, effect, effect_form, effects, total_shift
from worker.latent.differences import coefficient, lower_subsets, subset_factors

LEVELS = st.floats(0, 1e6)
NO_EFFECT = {kind: 0.0 if kind is EditKind.INSERTION else 1.0 for kind in EditKind}
FALLING = {EditKind.DELETION, EditKind.KNOCKDOWN, EditKind.ALLELE}


@pytest.mark.parametrize("kind", EditKind)
def test_no_effect_is_zero_and_no_level_is_one(kind):
    assert effect(kind, NO_EFFECT[kind]) == 0
    assert effect(kind, None) == 1


@pytest.mark.parametrize("kind", EditKind)
@given(levels=st.tuples(LEVELS, LEVELS).map(sorted))
def test_effect_is_monotone(kind, levels):
    low, high = (effect(kind, level) for level in levels)
    assert low >= high if kind in FALLING else low <= high


def test_effect_by_hand():
    assert effect(EditKind.KNOCKDOWN, 0.2) == pytest.approx(0.8)
    assert effect(EditKind.DELETION, 0.0) == 1
    assert effect(EditKind.OVEREXPRESSION, 3.0) == 1
    assert effect(EditKind.COPY_NUMBER, 0.0) == -1
    assert effect(EditKind.INSERTION, 1.0) == 1


@given(
    edits=st.lists(
        st.tuples(st.sampled_from(EditKind), st.none() | st.floats(-10, 1e9)), max_size=20
    )
)
def test_effects_of_many_are_those_of_each_to_the_last_bit(edits):
    forms = np.array([effect_form(kind) for kind, _ in edits], dtype=np.int64)
    levels = np.array([np.nan if level is None else level for _, level in edits], dtype=float)
    assert effects(forms, levels).tolist() == [effect(kind, level) for kind, level in edits]


def test_the_empty_design_stays_at_the_reference():
    z_W = torch.randn(5)
    z_P = total_shift(torch.randn(2, 3, 5), torch.zeros(2, 3))
    assert torch.equal(compose(z_W, z_P), z_W.expand(2, 5))


def test_order_does_not_matter_and_a_shift_and_its_negative_cancel():
    shift = torch.randn(1, 3, 5, dtype=torch.float64)
    effect_BP = torch.tensor([[0.3, 1.0, -2.0]], dtype=torch.float64)
    whole = total_shift(shift, effect_BP)
    for order in itertools.permutations(range(3)):
        permuted = list(order)
        torch.testing.assert_close(total_shift(shift[:, permuted], effect_BP[:, permuted]), whole)
    there_and_back = torch.cat([shift, -shift], dim=1)
    assert torch.allclose(
        total_shift(there_and_back, effect_BP.repeat(1, 2)), torch.zeros(1, 5).double(), atol=1e-15
    )


def difference(h, design, measure_order):
    """Through `coefficient` and in loops."""
    lower = sum(
        coefficient(len(design), measure_order, size) * h(frozenset(subset))
        for size in range(measure_order)
        for subset in itertools.combinations(design, size)
    )
    return h(frozenset(design)) + lower


@given(values=st.lists(st.floats(-3, 3), min_size=16, max_size=16))
def test_epsilon_and_tau_by_their_formulas(values):
    h = {
        frozenset(s): values[i]
        for i, s in enumerate(
            itertools.chain.from_iterable(itertools.combinations("abcd", n) for n in range(5))
        )
    }.__getitem__
    f = lambda text: h(frozenset(text))  # noqa: E731
    epsilon = f("ab") - f("a") - f("b") + f("")
    assert difference(h, "ab", 2) == pytest.approx(epsilon, abs=1e-9)
    tau = f("abc") - f("ab") - f("ac") - f("bc") + f("a") + f("b") + f("c") - f("")
    assert difference(h, "abc", 3) == pytest.approx(tau, abs=1e-9)
    # A triple's deviation from additivity is its three epsilons and its tau.
    pairs = [f(x + y) - f(x) - f(y) + f("") for x, y in itertools.combinations("abc", 2)]
    assert difference(h, "abc", 2) == pytest.approx(sum(pairs) + tau, abs=1e-9)


@pytest.mark.parametrize("measure_order", [2, 3])
@pytest.mark.parametrize("order", [2, 3, 4])
def test_an_additive_function_has_no_difference(measure_order, order):
    weight = {"a": 1.0, "b": -2.0, "c": 0.5, "d": 3.0}
    design = "abcd"[:order]
    if order >= measure_order:
        value = difference(lambda s: 7 + sum(weight[x] for x in s), design, measure_order)
        assert value == pytest.approx(0)


def test_factors_of_padding_are_zero():
    edited = torch.tensor([[True, True, False], [True, False, False], [True, True, True]])
    subsets = lower_subsets(3, 2)
    assert subsets.tolist() == [[False] * 3, *torch.eye(3).bool().tolist()]
    factors = subset_factors(edited, subsets, 2)
    assert factors[:, 0].tolist() == [1, -1, -1, 0]
    assert factors[:, 1].tolist() == [0, 0, 0, 0]
    assert factors[:, 2].tolist() == [2, -1, -1, -1]
