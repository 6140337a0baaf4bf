"""Low-rank completion and profile neighbours: optimality, recovery, and no pairs at all."""

import itertools

import numpy as np
import pytest

from tests.worker.models.rows import Rows, random_rows
from worker.models.edit_effects import fit_edit_effects
from worker.models.low_rank import fit_low_rank
from worker.models.pair_residuals import pair_residuals
from worker.models.profile_gp import fit_profile_gp
from worker.models.profile_knn import fit_profile_knn

GENES = "abcdefghijklmnopqrst"


def screen(seed=0, noise=0.02, share=0.6):
    """Doubles of 20 genes in five modules that interact as modules; which are measured."""
    rng = np.random.default_rng(seed)
    module = dict(zip(GENES, rng.integers(0, 5, len(GENES)), strict=True))
    block = rng.normal(size=(5, 5))
    block = block + block.T
    pairs = ["".join(p) for p in itertools.combinations(GENES, 2)]
    truth = np.array([block[module[i], module[j]] for i, j in pairs])
    known = rng.random(len(pairs)) < share
    labels = truth + noise * rng.normal(size=len(pairs))
    designs = [p for p, k in zip(pairs, known, strict=True) if k]
    rows = Rows(designs, labels[known], loci=GENES)
    return rows, [p for p, k in zip(pairs, known, strict=True) if not k], truth[~known]


def correlation(rows, model, designs, truth):
    return np.corrcoef(rows.ask(model, *designs), truth)[0, 1]


def test_residuals_are_means_by_pair_and_scale_with_the_effects():
    rows = Rows(["", "a", "b", "ab", "ab", "a:deletion+c:knockdown@0.5"], [1, 2, 3, 7, 9, 5])
    pairs = pair_residuals(rows.rows)
    additive = fit_edit_effects(rows.rows)
    left = rows.labels - additive.predict_sets(rows.rows.sets)
    keys = [
        rows.index.keys[i] + "+" + rows.index.keys[j]
        for i, j in zip(*[pairs.first_Q, pairs.second_Q], strict=True)
    ]
    assert keys == ["a:deletion+b:deletion", "a:deletion+c:knockdown"]
    np.testing.assert_allclose(pairs.value_Q, [(left[3] + left[4]) / 2, left[5] / 0.5])


def test_all_find_what_is_hidden_in_the_pairs():
    rows, designs, truth = screen()
    additive = fit_edit_effects(rows.rows)
    base = correlation(rows, additive, designs, truth)
    assert correlation(rows, fit_low_rank(rows.rows, rank=6), designs, truth) > base + 0.2
    assert correlation(rows, fit_profile_knn(rows.rows, neighbors=5), designs, truth) > base + 0.2
    assert correlation(rows, fit_profile_gp(rows.rows), designs, truth) > base + 0.2


def test_completion_meets_the_conditions_of_its_optimum():
    rows, _, _ = screen(noise=0.3)
    penalty = 1.5
    model = fit_low_rank(rows.rows, rank=20, penalty=penalty)
    pairs = pair_residuals(rows.rows)
    vectors, values = model.vector_ER[1:], model.value_R
    filled = (vectors * values) @ vectors.T
    fitted = filled[pairs.first_Q, pairs.second_Q]
    gap = pairs.matrix(pairs.value_Q - fitted).toarray()
    # P(X - Z) = lambda * a subgradient of the nuclear norm at Z.
    inside = vectors.T @ gap @ vectors
    np.testing.assert_allclose(inside, penalty * np.diag(np.sign(values)), atol=0.02)
    assert np.abs(np.linalg.eigvalsh(gap)).max() <= penalty * 1.02
    assert 0 < len(values) < 20


def test_momentum_takes_few_steps_to_the_optimum(monkeypatch):
    rows, designs, _ = screen(noise=0.3)
    far = rows.ask(fit_low_rank(rows.rows, rank=20, penalty=0.5), *designs)
    monkeypatch.setattr("worker.models.low_rank._STEPS", 30)
    near = rows.ask(fit_low_rank(rows.rows, rank=20, penalty=0.5), *designs)
    np.testing.assert_allclose(near, far, atol=0.02)


def test_lanczos_and_all_eigenvectors_agree(monkeypatch):
    rows, designs, _ = screen(noise=0.3)
    dense = rows.ask(fit_low_rank(rows.rows, rank=4, penalty=1.0), *designs)
    monkeypatch.setattr("worker.models.low_rank._DENSE_EDITS", 1)
    sparse = rows.ask(fit_low_rank(rows.rows, rank=4, penalty=1.0), *designs)
    np.testing.assert_allclose(sparse, dense, atol=1e-6)


@pytest.mark.parametrize("fit", [fit_low_rank, fit_profile_gp])
def test_noise_alone_is_left_alone(fit):
    rng = np.random.default_rng(3)
    designs = ["".join(p) for p in itertools.combinations(GENES, 2)]
    rows = Rows(designs, rng.normal(size=len(designs)), loci=GENES)
    model = fit(rows.rows)
    additive = fit_edit_effects(rows.rows)
    spread = np.std(rows.ask(model, *designs) - rows.ask(additive, *designs))
    assert spread < 0.5  # of residuals with standard deviation 1


@pytest.mark.parametrize("fit", [fit_low_rank, fit_profile_knn, fit_profile_gp])
@pytest.mark.parametrize("orders", [(1,), (1, 3)])
def test_without_designs_of_two_edits_all_are_additive(fit, orders):
    rows = random_rows(40, orders=orders)
    asked = ["", "a", "ab", "abc"]
    additive = fit_edit_effects(rows.rows)
    np.testing.assert_allclose(rows.ask(fit(rows.rows), *asked), rows.ask(additive, *asked))


def test_pairs_of_a_triple_add_up_and_effects_scale_them():
    rows, _, _ = screen()
    for fit in (fit_low_rank, fit_profile_knn, fit_profile_gp):
        model, additive = fit(rows.rows), fit_edit_effects(rows.rows)

        def beyond(*designs, model=model, additive=additive):
            return rows.ask(model, *designs) - rows.ask(additive, *designs)

        ab, ac, bc, abc = beyond("ab", "ac", "bc", "abc")
        assert abc == pytest.approx(ab + ac + bc, abs=1e-10)
        half = beyond("a:deletion@0.5+b:deletion@0.5")
        assert half == pytest.approx(0.25 * ab, abs=1e-10)


def test_neighbours_by_literal_loops():
    rows, designs, _ = screen(share=0.4, noise=0.5)
    model = fit_profile_knn(rows.rows, neighbors=3)
    pairs = pair_residuals(rows.rows)
    x = pairs.matrix().toarray()
    known = pairs.matrix(np.ones(len(pairs.value_Q))).toarray() > 0
    norms = np.linalg.norm(x, axis=1)
    place = {gene: rows.index.keys.index(f"{gene}:deletion") for gene in GENES}

    def side(i, j):
        cosine = {a: x[a] @ x[i] / (norms[a] * norms[i]) for a in range(len(x)) if a != i}
        near = sorted(cosine, key=lambda a: -cosine[a])[:3]
        weights = {i: 1.0, **{a: max(cosine[a], 0.0) for a in near}}
        used = {a: w for a, w in weights.items() if known[a, j]}
        return sum(w * x[a, j] for a, w in used.items()), sum(used.values())

    additive = rows.ask(fit_edit_effects(rows.rows), *designs)
    for design, base, value in zip(designs, additive, rows.ask(model, *designs), strict=True):
        i, j = (place[gene] for gene in design)
        (above, below), (other_above, other_below) = side(i, j), side(j, i)
        total = below + other_below
        z = (above + other_above) / total if total > 0 else 0.0
        assert value == pytest.approx(base + z, abs=1e-10)
