"""What the study says to hold by construction does: the laws of its page, each by numbers."""

import math

import pytest
import torch

from benchmarks.studies.loss_conflict.arms import COSINE, CROSSED, NEG_L2, Form
from benchmarks.studies.loss_conflict.construction import (
    Latents,
    descent,
    gradients,
    mean_off_share,
    random_latents,
)
from benchmarks.studies.loss_conflict.probe import off_share
from worker.losses.composition import composition
from worker.losses.supcr import supcr

FORMS = (COSINE, NEG_L2, *CROSSED)
COSINES = [form for form in FORMS if form.similarity == "cosine"]
DISTANCES = [form for form in FORMS if form.similarity == "neg_l2"]


def one_view(form, z_BD, labels_BY):
    z_BD = z_BD.clone().requires_grad_()
    value = supcr(z_BD, labels_BY, temperature=form.temperature, similarity=form.similarity)
    (gradient_BD,) = torch.autograd.grad(value, z_BD)
    return value.detach(), gradient_BD


def of_composition(x, *, normalized=True):
    z_P_BD, z_I_BD = (z.clone().requires_grad_() for z in (x.z_P_BD, x.z_I_BD))
    value = composition(x.z_W_D, z_P_BD, z_I_BD, normalized=normalized)
    return torch.autograd.grad(value, [z_P_BD, z_I_BD])


def cosine(first, second):
    a, b = (torch.cat([part.flatten() for part in pair]) for pair in (first, second))
    return float(a @ b / (a.norm() * b.norm()))


@pytest.mark.parametrize("form", COSINES, ids=str)
def test_cosine_ignores_length(form):
    x = random_latents(0, offset=2.0, residual=0.3)
    factor_B1 = torch.linspace(0.2, 5.0, len(x.z_P_BD), dtype=torch.float64)[:, None]
    value, gradient_BD = one_view(form, x.z_P_BD, x.labels_BY)
    scaled, of_scaled_BD = one_view(form, factor_B1 * x.z_P_BD, x.labels_BY)
    torch.testing.assert_close(scaled, value, rtol=1e-12, atol=0)
    torch.testing.assert_close(of_scaled_BD, gradient_BD / factor_B1, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("form", COSINES, ids=str)
def test_the_gradient_of_cosine_is_orthogonal_to_every_latent(form):
    x = random_latents(1, offset=2.0, residual=0.3)
    for z_BD, gradient_BD in zip((x.z_P_BD, x.z_I_BD), gradients(form, x), strict=True):
        radial_B = (z_BD * gradient_BD).sum(dim=1)
        assert radial_B.abs().max() < 1e-12 * gradient_BD.norm() * z_BD.norm()


def test_composition_needs_the_lengths_that_cosine_cannot_give():
    """z_I is z_W + z_P with every z_P half as long as it should be: all of C is radial in z_P."""
    x = random_latents(2, offset=2.0, residual=0.0)
    short = Latents(x.z_W_D, 0.5 * x.z_P_BD, x.z_I_BD, x.labels_BY)
    pull_P_BD, _ = of_composition(short)
    unit_BD = short.z_P_BD / short.z_P_BD.norm(dim=1, keepdim=True)
    along_B = (pull_P_BD * unit_BD).sum(dim=1)
    torch.testing.assert_close(along_B.abs(), pull_P_BD.norm(dim=1), rtol=1e-12, atol=0)
    g_P_BD, _ = gradients(COSINE, short)
    assert abs(cosine([g_P_BD], [pull_P_BD])) < 1e-12
    g_P_BD, _ = gradients(NEG_L2, short)
    assert abs(cosine([g_P_BD], [pull_P_BD])) > 0.01


def test_cosine_is_blind_to_doses_and_distance_is_not():
    edit_D = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    dose_BD = torch.tensor([[1.0], [2.0], [4.0]], dtype=torch.float64) * edit_D
    labels_BY = torch.tensor([[0.0], [1.0], [3.0]], dtype=torch.float64)
    value, gradient_BD = one_view(COSINE, dose_BD, labels_BY)
    # All similarities are 1: of each anchor's two terms one is log 2, the other log 1.
    assert float(value) == pytest.approx(math.log(2) / 2, rel=1e-12)
    assert gradient_BD.abs().max() < 1e-12
    assert one_view(NEG_L2, dose_BD, labels_BY)[1].abs().max() > 0.01


@pytest.mark.parametrize("form", DISTANCES, ids=str)
def test_distances_do_not_know_the_origin(form):
    x = random_latents(3, offset=2.0, residual=0.0)
    value, gradient_BD = one_view(form, x.z_P_BD, x.labels_BY)
    moved, of_moved_BD = one_view(form, x.z_P_BD + x.z_W_D, x.labels_BY)
    torch.testing.assert_close(moved, value, rtol=1e-12, atol=0)
    torch.testing.assert_close(of_moved_BD, gradient_BD, rtol=1e-9, atol=1e-12)
    assert gradient_BD.sum(dim=0).abs().max() < 1e-12


@pytest.mark.parametrize("form", DISTANCES, ids=str)
def test_on_the_composition_distances_lead_along_it(form):
    assert mean_off_share(form, offset=2.0, residual=0.0) < 1e-20
    assert max(descent(form, offset=2.0, steps=5, draws=1)) < 1e-12


@pytest.mark.parametrize("form", COSINES, ids=str)
def test_cosine_leads_away_from_the_composition_but_where_z_w_is_0(form):
    assert mean_off_share(form, offset=0.0, residual=0.0) < 1e-20
    shares = [mean_off_share(form, offset=x, residual=0.0) for x in (0.1, 0.5, 2.0)]
    assert shares == sorted(shares)
    assert shares[-1] > 0.3
    assert descent(form, offset=2.0, steps=5, draws=1)[-1] > 0.02


def test_near_the_composition_distances_break_it_in_the_second_order():
    shares = [mean_off_share(NEG_L2, offset=2.0, residual=r) for r in (1e-3, 2e-3)]
    assert shares[1] / shares[0] == pytest.approx(4.0, rel=0.02)


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("normalized", [True, False])
@pytest.mark.parametrize("residual", [0.01, 0.3, 3.0])
def test_the_off_share_bounds_the_conflict(form, normalized, residual):
    x = random_latents(4, offset=2.0, residual=residual)
    g = gradients(form, x)
    pull = of_composition(x, normalized=normalized)
    torch.testing.assert_close(pull[0], -pull[1])
    assert cosine(g, pull) ** 2 <= float(off_share(*g)) + 1e-12


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_the_bound_is_reached_where_the_residual_is_what_supcr_wants(form):
    x = random_latents(5, offset=2.0, residual=0.2)
    g_P_BD, g_I_BD = gradients(form, x)
    across_BD = g_I_BD - g_P_BD
    assert cosine((g_P_BD, g_I_BD), (-across_BD, across_BD)) == pytest.approx(
        math.sqrt(float(off_share(g_P_BD, g_I_BD))), rel=1e-9
    )


def test_off_shares_by_hand():
    one, two = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    assert float(off_share(one, one)) == 0.0
    assert float(off_share(one, -one)) == 1.0
    assert float(off_share(one, two)) == 0.5
    assert math.isnan(float(off_share(0 * one, 0 * one)))


def test_other_temperatures_are_other_forms():
    assert len({str(form) for form in FORMS}) == len(FORMS)
    assert Form("cosine", 0.1) == COSINE
