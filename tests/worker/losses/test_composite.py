"""The composite: golden values, terms, weightings, and a latent split in two."""

import json
import math
from pathlib import Path

import pytest
import torch

from service.contract.losses import (
    CompositionTerm,
    DistTerm,
    LossSpec,
    MseTerm,
    SupcrTerm,
    Weighting,
)
from worker.losses.composite import (
    CompositeLoss,
    LossContext,
    LossInputs,
    composite,
    split_width,
    term_values,
)
from worker.losses.conflict import conflict
from worker.losses.degenerate import DegenerateCompositionError

GOLDEN = json.loads((Path(__file__).parent / "golden_composition.json").read_text())["composite"]


def tensor(rows):
    return torch.tensor(
        [[math.nan if x is None else x for x in row] for row in rows], dtype=torch.float64
    )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("similarity", ["cosine", "neg_l2"])
@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["id"])
def test_terms_and_gradients_equal_the_golden_composite(case, similarity, dtype):
    # Dist is left out: its golden value takes the published pseudo-labels (see test_dist).
    given, expected = case["inputs"], case["results"][f"formula_{similarity}"][dtype]
    names = ("pred", "labels", "z_W", "z_P", "z_I")
    x = {name: tensor(given[name]).to(getattr(torch, dtype)) for name in names}
    for name in ("z_W", "z_P", "z_I"):
        x[name].requires_grad_()
    edited = torch.ones(8, dtype=torch.bool)
    inputs = LossInputs(
        x["pred"], x["pred"], x["labels"].double(), x["z_W"], x["z_P"], x["z_I"], edited
    )
    supcr = SupcrTerm(
        weight=given["lambda_supcr"], temperature=given["temperature"], similarity=similarity
    )
    part = CompositionTerm(weight=given["lambda_cell"], normalized=False)
    weights = torch.tensor(given["weights"], dtype=torch.float64)
    spec = LossSpec(terms=(MseTerm(), supcr, part))
    total, terms = composite(spec, inputs, LossContext([], weights))
    total.backward()
    rtol, grad_rtol = (1e-9, 1e-9) if dtype == "float64" else (2e-5, 1e-4)
    for name, golden in (("mse", "mse"), ("supcr", "supcr"), ("composition", "cell")):
        if name in terms:  # a weight of 0 is not computed
            assert terms[name].item() == pytest.approx(expected[golden], rel=rtol)
    whole = expected["total"] - given["lambda_dist"] * expected["dist"]
    assert total.item() == pytest.approx(whole, rel=rtol)
    for name in ("z_W", "z_P", "z_I"):
        golden = tensor(expected[f"grad_{name}"]).to(x[name])
        grad = torch.zeros_like(x[name]) if x[name].grad is None else x[name].grad
        torch.testing.assert_close(grad, golden, rtol=grad_rtol, atol=grad_rtol / 10)


def inputs_of(rows, labels, edited):
    generator = torch.Generator().manual_seed(3)
    y = torch.randn(rows, 1, generator=generator).requires_grad_()
    z_P = torch.randn(rows, 3, generator=generator)
    return LossInputs(y, y, labels, torch.zeros(3), z_P, z_P.clone(), edited)


def test_designs_without_edits_stay_out_of_the_view_of_their_parts():
    labels = torch.tensor([[0.0], [1.0], [3.0], [4.0]])
    edited = torch.tensor([True, True, True, False])
    spec = LossSpec(terms=(MseTerm(), SupcrTerm()))
    inputs = inputs_of(4, labels, edited)
    before = composite(spec, inputs, LossContext([]))[1]["supcr"]
    inputs.z_P_BD[3] += 10.0
    assert composite(spec, inputs, LossContext([]))[1]["supcr"] == before


def test_a_batch_without_labels_is_zero_with_a_graph():
    labels = torch.full((3, 1), math.nan)
    inputs = inputs_of(3, labels, torch.ones(3, dtype=torch.bool))
    spec = LossSpec(terms=(MseTerm(), DistTerm(), SupcrTerm()))
    total, terms = composite(spec, inputs, LossContext([torch.tensor([0.0, 1.0])]))
    total.backward()
    assert total.item() == 0
    assert set(terms) == {"mse", "dist", "supcr"}


def test_a_term_of_weight_zero_is_not_computed():
    spec = LossSpec(terms=(MseTerm(), DistTerm(weight=0), SupcrTerm(weight=0)))
    inputs = inputs_of(3, torch.zeros(3, 1), torch.ones(3, dtype=torch.bool))
    assert set(composite(spec, inputs, LossContext([]))[1]) == {"mse"}


def latent_inputs(dtype=torch.float64, rows=6, dim=4):
    """Leaves for the latents, and readings that are sums of their dimensions."""
    generator = torch.Generator().manual_seed(6)
    z_W, z_P, z_I = (
        torch.randn(n, dim, generator=generator).to(dtype).requires_grad_() for n in (1, rows, rows)
    )
    labels = torch.randn(rows, 1, generator=generator, dtype=torch.float64)
    compose, intact = ((z.sum(dim=1, keepdim=True)) for z in (z_W + z_P, z_I))
    edited = torch.ones(rows, dtype=torch.bool)
    return LossInputs(compose, intact, labels, z_W, z_P, z_I, edited)


CONTEXT = LossContext([torch.linspace(-1, 1, 9, dtype=torch.float64)])


def test_the_sum_is_linear_in_the_weights_and_keeps_its_type():
    for dtype in (torch.float32, torch.float64):
        inputs = latent_inputs(dtype)
        total, terms = composite(LossSpec(), inputs, CONTEXT)
        assert total.dtype == dtype
        assert set(terms) == {"mse", "dist", "supcr", "composition"}
        whole = terms["mse"] + 0.1 * (terms["dist"] + terms["supcr"] + terms["composition"])
        assert total.item() == pytest.approx(whole.item(), rel=1e-6)
        assert not any(term.requires_grad for term in terms.values())


def gradients_of(spec, seed=0, **changes):
    inputs = latent_inputs()
    inputs = LossInputs(**{**vars(inputs), **changes})
    latents = [inputs.z_P_BD, inputs.z_I_BD]
    loss = CompositeLoss(spec, CONTEXT).double()
    total, terms = loss.backward(inputs, latents, torch.Generator().manual_seed(seed))
    return total, terms, torch.cat([z.grad.flatten() for z in latents])


def test_a_split_latent_parts_the_terms_that_shape_it():
    spec = LossSpec(latent_split=0.5)
    inputs = latent_inputs()
    values = term_values(spec, inputs, CONTEXT)
    for name, untouched in (("supcr", slice(2, 4)), ("composition", slice(0, 2))):
        for grad in torch.autograd.grad(
            values[name], (inputs.z_P_BD, inputs.z_I_BD), retain_graph=True
        ):
            assert not grad[:, untouched].any()
            assert grad.any()
    pair = {name: values[name] for name in ("supcr", "composition")}
    assert conflict(pair, [inputs.z_P_BD, inputs.z_I_BD]).cosine_TT[0, 1] == 0


@pytest.mark.parametrize(
    ("dim", "share", "width"),
    [(4, 0.5, 2), (32, 0.75, 24), (8, 0.01, 1), (8, 0.99, 7), (2, 0.5, 1)],
)
def test_both_parts_of_a_split_have_a_dimension(dim, share, width):
    assert split_width(dim, share) == width


@pytest.mark.parametrize(("dim", "share"), [(1, 0.5), (4, 0.0), (4, 1.0), (4, math.nan)])
def test_what_cannot_be_split_is_refused(dim, share):
    with pytest.raises(ValueError, match="cannot be split"):
        split_width(dim, share)


def test_uncertainty_starts_at_the_weights_that_were_given():
    fixed = gradients_of(LossSpec())
    learned = gradients_of(LossSpec(weighting=Weighting.UNCERTAINTY))
    assert learned[0].item() == pytest.approx(fixed[0].item(), rel=1e-12)
    torch.testing.assert_close(learned[2], fixed[2])
    assert [p.shape for p in CompositeLoss(LossSpec(), CONTEXT).parameters()] == []


def test_pcgrad_reports_the_same_total_and_removes_what_opposes():
    spec = LossSpec(weighting=Weighting.PCGRAD)
    fixed, surgery = gradients_of(LossSpec()), gradients_of(spec)
    assert surgery[0].item() == pytest.approx(fixed[0].item(), rel=1e-12)
    assert surgery[1].keys() == fixed[1].keys()
    assert not torch.allclose(surgery[2], fixed[2])
    alone = {"terms": (MseTerm(),)}
    torch.testing.assert_close(
        gradients_of(LossSpec(**alone, weighting=Weighting.PCGRAD))[2],
        gradients_of(LossSpec(**alone))[2],
    )


@pytest.mark.parametrize("split", [None, 0.5])
def test_a_z_p_computed_from_z_i_is_refused_split_or_not(split):
    inputs = latent_inputs()
    given = {**vars(inputs), "z_P_BD": inputs.z_I_BD - inputs.z_W_D}
    with pytest.raises(DegenerateCompositionError):
        composite(LossSpec(latent_split=split), LossInputs(**given), CONTEXT)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("compose_BY", (6, 2)),
        ("intact_BY", (5, 1)),
        ("labels_BY", (6,)),
        ("z_P_BD", (6, 3)),
        ("z_W_D", (3,)),
        ("edited_B", (5,)),
    ],
)
def test_inputs_that_do_not_fit_together_are_refused(name, shape):
    given = {**vars(latent_inputs()), name: torch.zeros(shape)}
    with pytest.raises(ValueError, match="do not fit together"):
        composite(LossSpec(), LossInputs(**given), CONTEXT)


@pytest.mark.parametrize("weighting", [Weighting.FIXED, Weighting.UNCERTAINTY])
def test_a_prediction_without_a_label_changes_nothing_whatever_it_is(weighting):
    labels = torch.tensor([[1.0], [math.nan], [2.0]], dtype=torch.float64)
    spec = LossSpec(terms=(MseTerm(),), weighting=weighting)
    z = torch.zeros(3, 2)
    for unread in (0.0, math.inf, math.nan):
        read = torch.tensor([[0.0], [unread], [0.0]], requires_grad=True)
        inputs = LossInputs(read, read, labels, z[0], z, z, torch.ones(3, dtype=torch.bool))
        total, _ = CompositeLoss(spec, LossContext([]))(inputs)
        total.backward()
        assert total.item() == 2.5
        assert read.grad.flatten().tolist() == [-1.0, 0.0, -2.0]
