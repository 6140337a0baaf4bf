"""Products of effects and of pairs: formulas by hand, what stands in, and dead parts."""

import itertools

import numpy as np
import pytest

from tests.worker.models.rows import Rows
from worker.models.additive import fit_ridge
from worker.models.edit_effects import fit_multiplicative
from worker.models.pairwise import fit_pairwise

SINGLES = {"a": 0.9, "b": 0.6, "c": 1.2, "d": 0.5}
PAIRS = {"ab": 0.7, "ac": 1.1, "bc": 0.8, "ad": 0.4, "bd": 0.3, "cd": 0.65}
REFERENCE = 2.0


def table(**changes):
    """All lower orders, as labels over a reference of 2."""
    shares = {**SINGLES, **PAIRS, **changes}
    kept = {design: share for design, share in shares.items() if share is not None}
    return Rows(["", *kept], [REFERENCE, *(REFERENCE * share for share in kept.values())])


def test_multiplicative_is_ridge_on_the_log():
    rows = table()
    fit = fit_ridge(rows.index.matrix(rows.designs), np.log(rows.labels), penalty=0.1)
    expected = np.exp(fit.predict(rows.index.matrix(rows.designs)))
    model = fit_multiplicative(rows.rows, penalty=0.1)
    np.testing.assert_allclose(model.predict_sets(rows.rows.sets), expected, rtol=1e-12)


def test_multiplicative_recovers_factors():
    designs = ["", *SINGLES, "ab", "cd"]
    labels = [3.0 * np.prod([SINGLES[x] for x in d]) for d in designs]
    rows = Rows(designs, labels)
    model = fit_multiplicative(rows.rows, penalty=1e-9)
    np.testing.assert_allclose(rows.ask(model, "abcd"), 3 * np.prod(list(SINGLES.values())))


@pytest.mark.parametrize("bad", [0.0, -1.0])
def test_multiplicative_refuses_what_has_no_logarithm_unless_there_is_a_floor(bad):
    rows = Rows(["", "a", "b"], [1, bad, bad])
    with pytest.raises(ValueError, match="2 labels at or below 0"):
        fit_multiplicative(rows.rows)
    raised = fit_multiplicative(Rows(["", "a", "b"], [1, 0.1, 0.1]).rows)
    np.testing.assert_array_equal(
        fit_multiplicative(rows.rows, floor=0.1).weight_E, raised.weight_E
    )


def test_a_triple_is_its_pairs_over_its_singles():
    rows = table()
    model = fit_pairwise(rows.rows)
    f = {**SINGLES, **PAIRS}
    triple = f["ab"] * f["ac"] * f["bc"] / (f["a"] * f["b"] * f["c"])
    assert rows.ask(model, "abc") == pytest.approx(REFERENCE * triple, rel=1e-12)
    quadruple = np.prod(list(PAIRS.values())) / np.prod(list(SINGLES.values())) ** 2
    assert rows.ask(model, "abcd") == pytest.approx(REFERENCE * quadruple, rel=1e-12)


@pytest.mark.parametrize("rule", ["product", "min"])
def test_measured_lower_orders_come_back_as_measured(rule):
    rows = table()
    measured = fit_pairwise(rows.rows, rule=rule).predict_sets(rows.rows.sets)
    np.testing.assert_allclose(measured, rows.labels, rtol=1e-12)


def test_it_is_exact_where_there_are_no_interactions_of_three():
    rng = np.random.default_rng(0)
    single = dict(zip("abcde", rng.normal(size=5), strict=True))
    pair = {p: rng.normal() for p in itertools.combinations("abcde", 2)}

    def value(design):
        pairs = itertools.combinations(design, 2)
        return np.exp(sum(single[x] for x in design) + sum(pair[p] for p in pairs))

    low = ["".join(d) for k in range(3) for d in itertools.combinations("abcde", k)]
    rows = Rows(low, [value(d) for d in low])
    high = ["".join(d) for k in (3, 4, 5) for d in itertools.combinations("abcde", k)]
    np.testing.assert_allclose(
        rows.ask(fit_pairwise(rows.rows), *high), [value(d) for d in high], rtol=1e-10
    )


def test_the_minimum_of_the_pairs():
    rows = table()
    model = fit_pairwise(rows.rows, rule="min")
    np.testing.assert_allclose(rows.ask(model, "abc", "bcd"), [REFERENCE * 0.7, REFERENCE * 0.3])


def test_a_pair_that_was_not_measured_is_taken_from_its_singles():
    rows = table(ab=None)
    f = {**SINGLES, **PAIRS, "ab": SINGLES["a"] * SINGLES["b"]}
    triple = f["ab"] * f["ac"] * f["bc"] / (f["a"] * f["b"] * f["c"])
    product = fit_pairwise(rows.rows)
    np.testing.assert_allclose(rows.ask(product, "ab", "abc"), REFERENCE * np.array([0.54, triple]))
    least = fit_pairwise(rows.rows, rule="min")
    np.testing.assert_allclose(rows.ask(least, "ab"), REFERENCE * 0.6)


def test_a_single_and_a_reference_that_were_not_measured_are_taken_from_the_ridge_model():
    rows = Rows(["a", "b", "ab", "ac", "abc"], [0.9, 0.6, 0.5, 1.0, 0.7])
    model = fit_pairwise(rows.rows)
    ridge = fit_multiplicative(rows.rows)
    np.testing.assert_allclose(rows.ask(model, ""), rows.ask(ridge, ""), rtol=1e-12)
    np.testing.assert_allclose(rows.ask(model, "c"), rows.ask(ridge, "c"), rtol=1e-12)
    np.testing.assert_allclose(rows.ask(model, "a"), 0.9, rtol=1e-12)


def test_another_level_is_another_edit():
    designs = ["", "a:knockdown@0.5", "a:knockdown@0.2", "b:knockdown@0.5", "c:knockdown@0"]
    rows = Rows(designs, [1, 0.8, 0.5, 0.9, 0.7])
    model = fit_pairwise(rows.rows)
    both = rows.ask(model, "a:knockdown@0.2+b:knockdown@0.5", "a:knockdown@0.5+b:knockdown@0.5")
    np.testing.assert_allclose(both, [0.45, 0.72])
    assert rows.ask(model, "a:knockdown@0.4") == pytest.approx(
        rows.ask(fit_multiplicative(rows.rows), "a:knockdown@0.4")
        / rows.ask(fit_multiplicative(rows.rows), "")
    )


@pytest.mark.parametrize("rule", ["product", "min"])
def test_a_design_with_a_dead_part_is_dead(rule):
    rows = table(ab=0.0, d=0.0, ad=0.0, bd=0.0, cd=0.0)
    model = fit_pairwise(rows.rows, rule=rule)
    np.testing.assert_array_equal(rows.ask(model, "abc", "d", "bcd"), 0)
    assert rows.ask(model, "bc") == pytest.approx(REFERENCE * 0.8)


def test_labels_below_0_and_none_above_it_are_refused():
    with pytest.raises(ValueError, match="1 labels are below 0"):
        fit_pairwise(Rows(["", "a"], [1, -0.1]).rows)
    with pytest.raises(ValueError, match="at least one label above 0"):
        fit_pairwise(Rows(["", "a"], [0, 0]).rows)
