"""Sizes of designs in an additive model: values by hand, and the network that starts with them."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from service.contract.designs import parse_genotype
from service.contract.latent_models import PerturbationSetSpec
from tests.worker.models.rows import Rows, random_rows
from worker.models.additive import RidgeFit, fit_ridge
from worker.models.additive_start import start_from_ridge
from worker.models.encoding import EditIndex
from worker.models.perturbation_set import PerturbationSet
from worker.models.saturating import fit_saturating_effects
from worker.models.saturation import STEPS, SaturatingFit, Saturation, fit_saturating

INDEX = EditIndex([f"g{i}:{kind}" for i in range(6) for kind in ("deletion", "knockdown")])


def designs_of(sizes, seed=0):
    rng = np.random.default_rng(seed)
    rows = np.zeros((len(sizes), 12))
    for row, size in zip(rows, sizes, strict=True):
        row[rng.choice(12, size, replace=False)] = 1.0
    return rows


def truth(rows, effect_E, level, exponent):
    size_N = rows.sum(axis=1)
    return np.array(level)[size_N.astype(int)] + np.maximum(size_N, 1) ** -exponent * (
        rows @ effect_E
    )


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_levels_and_the_way_of_adding_up_are_found(exponent):
    effect_E = np.random.default_rng(1).normal(size=12)
    rows = designs_of([n % 4 for n in range(400)])
    level = [1.0, 3.0, 4.0, 4.5]
    fit = fit_saturating(csr_matrix(rows), truth(rows, effect_E, level, exponent))
    assert fit.exponent == exponent
    asked = designs_of([0, 1, 2, 3, 3, 2], seed=5)
    np.testing.assert_allclose(
        fit.predict(csr_matrix(asked)), truth(asked, effect_E, level, exponent), atol=0.02
    )


def test_larger_designs_stay_on_the_level_of_the_largest():
    step_K = np.array([2.0, 1.0, *[0.0] * (STEPS - 2)])
    fit = SaturatingFit(RidgeFit(0.5, np.full(12, 3.0), 1.0, 0.0), step_K, 1.0)
    answers = fit.predict(csr_matrix(designs_of([0, 1, 2, 9, 12])))
    assert answers.tolist() == pytest.approx([0.5, 5.5, 6.5, 6.5, 6.5])


def test_designs_of_one_size_are_the_additive_model():
    rows = csr_matrix(designs_of([2] * 50))
    labels = np.random.default_rng(2).normal(size=50)
    fit = fit_saturating(rows, labels)
    np.testing.assert_array_equal(fit.ridge.weight_E, fit_ridge(rows, labels).weight_E)
    assert (fit.exponent, fit.step_K.tolist()) == (0.0, [0.0] * STEPS)


def test_what_sizes_do_not_explain_is_additive():
    rows = csr_matrix(designs_of([n % 4 for n in range(200)]))
    labels = rows @ np.linspace(-1, 1, 12) + np.random.default_rng(3).normal(0, 0.3, 200)
    fit, plain = fit_saturating(rows, labels), fit_ridge(rows, labels)
    asked = csr_matrix(designs_of([1, 2, 3, 3], seed=4))
    np.testing.assert_allclose(fit.predict(asked), plain.predict(asked), atol=0.1)


def saturating_rows(weights=None):
    known = random_rows(120, levels=True)
    size_N = known.rows.sets.effect_BP.sum(axis=1)
    designs = [d.genotype for d in known.designs]
    return Rows(designs, known.labels + 3.0 * np.minimum(size_N, 1.5), weights)


def test_the_stored_model_predicts_what_was_fitted():
    rows = saturating_rows()
    asked = ["", "a:knockdown@0.5", "b:knockdown@0+c:knockdown@0.25", "abcde"]
    fit = fit_saturating(rows.rows.matrix(), rows.labels)
    effect_NE = rows.index.matrix([rows.parsed(design) for design in asked])
    answers = rows.ask(fit_saturating_effects(rows.rows), *asked)
    np.testing.assert_allclose(answers, fit.predict(effect_NE), rtol=1e-12)
    assert fit.step_K.any()


def test_a_row_without_weight_is_none():
    rows = saturating_rows(weights=[1.0] * 100 + [0.0] * 20)
    short = fit_saturating_effects(rows.rows.rows(np.arange(100)))
    whole = fit_saturating_effects(rows.rows)
    for name, array in whole.arrays().items():
        np.testing.assert_allclose(array, short.arrays()[name], atol=1e-9)


def test_gain_and_level_by_hand():
    saturation = Saturation(3, 1)
    saturation.exponent_Y.fill_(0.5)
    with torch.no_grad():
        saturation.step_YK[0, :3] = torch.tensor([1.0, 0.5, 0.25])
    z_BD = torch.tensor([[9.0, 9.0, 0.1 * n] for n in (0, 0.5, 1, 1.5, 4)])
    gain_BY, level_BY = saturation(z_BD)
    torch.testing.assert_close(gain_BY[:, 0], torch.tensor([1.0, 1.0, 1.0, 1.5**-0.5, 0.5]))
    torch.testing.assert_close(level_BY[:, 0], torch.tensor([0.0, 0.5, 1.0, 1.25, 1.75]))


@pytest.mark.parametrize("head", ["linear", "quadratic", "mlp"])
def test_a_network_starts_as_its_fits(head):
    genotypes = ["", "g0:deletion", "g0:deletion+g1:knockdown@0.3", "g1:deletion+g2:deletion"]
    designs = [parse_genotype(text) for text in genotypes]
    rng = np.random.default_rng(0)
    learned = csr_matrix(designs_of([n % 4 for n in range(60)]))
    fits = [
        fit_saturating(learned, truth(learned.toarray(), rng.normal(size=12), [0, 1, 2, 2], p))
        for p in (0.5, 1.0)
    ]
    net = PerturbationSet(
        PerturbationSetSpec(latent_dim=8, head=head),
        edit_count=12,
        measure_orders=[0, 0],
        generator=torch.Generator().manual_seed(0),
    ).double()
    start_from_ridge(net, fits)
    readings = net(INDEX.encode(designs))
    for reading in (readings.compose_BY, readings.intact_BY):
        for y, fit in enumerate(fits):
            assert isinstance(fit, SaturatingFit)
            expected = fit.predict(INDEX.matrix(designs))
            np.testing.assert_allclose(reading[:, y].detach(), expected, atol=1e-6)


def test_shifts_of_projected_features_have_no_size():
    net = PerturbationSet(
        PerturbationSetSpec(latent_dim=8),
        edit_count=12,
        measure_orders=[0],
        generator=torch.Generator().manual_seed(0),
        feature_EF=torch.randn(12, 3, generator=torch.Generator().manual_seed(1)),
    )
    assert net.head.saturation is not None
    gain_BY, level_BY = net.head.saturation(torch.randn(5, 8))
    assert torch.equal(gain_BY, torch.ones(5, 1))
    assert torch.equal(level_BY, torch.zeros(5, 1))
