"""Composition loss and the composite: golden values, laws, terms."""

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
    StopGradient,
    SupcrTerm,
)
from worker.losses.composite import LossContext, LossInputs, composite
from worker.losses.composition import composition

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text())


def tensor(rows):
    return torch.tensor(
        [[math.nan if x is None else x for x in row] for row in rows], dtype=torch.float64
    )


@pytest.mark.parametrize("case", GOLDEN["composition"], ids=lambda case: case["id"])
def test_published_form_equals_the_golden_value(case):
    z = {name: tensor(case[name]).requires_grad_() for name in ("z_W", "z_P", "z_I")}
    loss = composition(z["z_W"], z["z_P"], z["z_I"], normalized=False)
    loss.backward()
    assert loss.item() == pytest.approx(case["loss"], rel=1e-12)
    for name, value in z.items():
        torch.testing.assert_close(value.grad, tensor(case[f"grad_{name}"]))


def test_normalised_form_does_not_change_with_the_scale_of_the_latent():
    generator = torch.Generator().manual_seed(0)
    z_W, z_P, z_I = (torch.randn(n, 4, generator=generator) for n in (1, 6, 6))
    small = composition(0.01 * z_W, 0.01 * z_P, 0.01 * z_I)
    assert small.item() == pytest.approx(composition(z_W, z_P, z_I).item(), rel=1e-5)


def test_normalised_form_by_hand():
    # Errors 1 and 1, mean 1; z_I - z_W = (1, 3), variance 1; and with (2, 6) it is 4.
    z_W, z_P = torch.zeros(1, 1), torch.tensor([[0.0], [2.0]])
    assert composition(z_W, z_P, torch.tensor([[1.0], [3.0]])).item() == pytest.approx(1.0)
    assert composition(z_W, z_P, torch.tensor([[2.0], [6.0]])).item() == pytest.approx(10 / 4)


@pytest.mark.parametrize(
    ("stop", "moved"),
    [
        (StopGradient.NONE, {"z_W", "z_P", "z_I"}),
        (StopGradient.INTACT, {"z_W", "z_P"}),
        (StopGradient.SHIFT, {"z_I"}),
    ],
)
def test_stop_gradient_holds_one_side(stop, moved):
    z = {n: torch.randn(k, 3, requires_grad=True) for n, k in (("z_W", 1), ("z_P", 4), ("z_I", 4))}
    composition(z["z_W"], z["z_P"], z["z_I"], stop_gradient=stop).backward()
    assert {name for name, value in z.items() if value.grad is not None} == moved


@pytest.mark.parametrize("similarity", ["cosine", "neg_l2"])
def test_terms_equal_the_golden_composite(similarity):
    case = GOLDEN["composite"]
    expected = case["results"][similarity]
    prediction = tensor(case["pred"])
    inputs = LossInputs(
        compose_BY=prediction,
        intact_BY=prediction,
        labels_BY=tensor(case["labels"]),
        z_W_D=tensor(case["z_W"]),
        z_P_BD=tensor(case["z_P"]).requires_grad_(),
        z_I_BD=tensor(case["z_I"]),
        edited_B=torch.ones(8, dtype=torch.bool),
    )
    supcr = SupcrTerm(
        weight=case["lambda_supcr"], temperature=case["temperature"], similarity=similarity
    )
    spec = LossSpec(
        terms=(MseTerm(), supcr, CompositionTerm(weight=case["lambda_cell"], normalized=False))
    )
    weights = torch.tensor(case["weights"], dtype=torch.float64)
    total, terms = composite(spec, inputs, LossContext([], weights))
    total.backward()
    assert terms["mse"].item() == pytest.approx(expected["mse"])
    assert terms["supcr"].item() == pytest.approx(expected["supcr"])
    assert terms["composition"].item() == pytest.approx(expected["cell"])
    assert total.item() == pytest.approx(
        expected["mse"]
        + case["lambda_supcr"] * expected["supcr"]
        + case["lambda_cell"] * expected["cell"]
    )
    torch.testing.assert_close(inputs.z_P_BD.grad, tensor(expected["grad_z_P"]))


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
