"""The composition loss: four published readings, laws, bad input, and what it refuses."""

import json
import math
from pathlib import Path

import pytest
import torch

from service.contract.losses import StopGradient
from worker.losses.composition import CompositionLoss, composition, composition_residual
from worker.losses.degenerate import DegenerateCompositionError, is_computed_from, refuse_linear

CASES = json.loads((Path(__file__).parent / "golden_composition.json").read_text())["cell"]
RTOL = {"float64": 1e-9, "float32": 2e-5}


def latents(rows=6, dim=4, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    shapes = ((1, dim), (rows, dim), (rows, dim))
    z = [torch.randn(*shape, generator=generator).to(dtype) for shape in shapes]
    return [value.requires_grad_() for value in z]


def published(z_W, z_P, z_I):
    return composition(z_W, z_P, z_I, normalized=False)


# What each published reading is in terms of ours; `plus_mean_all` is ours.
READINGS = {
    "plus_mean_all": published,
    "plus_mean_samples_sum_dims": lambda z_W, z_P, z_I: z_I.shape[1] * published(z_W, z_P, z_I),
    "minus_mean_all": lambda z_W, z_P, z_I: published(z_W, -z_P, z_I),
    "literal_typo": lambda z_W, z_P, z_I: published(z_W, z_P, z_W.expand_as(z_I)) + 0 * z_I.sum(),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_every_published_reading_equals_its_golden_value(case, reading, dtype):
    results = case["results"][dtype]
    expected = next(value for name, value in results.items() if name.split(" ")[0] == reading)
    names = ("z_W", "z_P", "z_I")
    z = [torch.tensor(case["inputs"][n], dtype=getattr(torch, dtype)) for n in names]
    for value in z:
        value.requires_grad_()
    loss = READINGS[reading](*z)
    loss.backward()
    assert loss.item() == pytest.approx(expected["loss"], rel=RTOL[dtype], abs=1e-12)
    for name, value in zip(names, z, strict=True):
        golden = torch.tensor(expected[f"grad_{name}"], dtype=value.dtype)
        torch.testing.assert_close(value.grad, golden, rtol=10 * RTOL[dtype], atol=2e-7)


def test_the_difference_taken_the_other_way_is_four_times_the_distance_to_the_reference():
    case = next(case for case in CASES if case["id"] == "zP_is_zW_minus_zI")
    z_W, z_P, z_I = (torch.tensor(case["inputs"][n]).double() for n in ("z_W", "z_P", "z_I"))
    assert published(z_W, z_P, z_I).item() == pytest.approx(
        4 * (z_W - z_I).square().mean().item(), rel=1e-6
    )


def test_normalised_form_by_hand():
    # Errors 1 and 1, mean 1; z_I - z_W = (1, 3), variance 1; and with (2, 6) it is 4.
    z_W, z_P = torch.zeros(1, 1), torch.tensor([[0.0], [2.0]])
    assert composition(z_W, z_P, torch.tensor([[1.0], [3.0]])).item() == pytest.approx(1.0)
    assert composition(z_W, z_P, torch.tensor([[2.0], [6.0]])).item() == pytest.approx(10 / 4)


def test_neither_scale_nor_order_nor_origin_nor_the_shape_of_the_reference_matter():
    z_W, z_P, z_I = latents()
    value = composition(z_W, z_P, z_I).item()
    order = torch.tensor([3, 1, 0, 5, 4, 2])
    same = [
        composition(0.01 * z_W, 0.01 * z_P, 0.01 * z_I),
        composition(z_W, z_P[order], z_I[order]),
        composition(z_W + 7.0, z_P, z_I + 7.0),
        composition(z_W[0], z_P, z_I),
        composition(z_W.expand(6, 4), z_P, z_I),
        CompositionLoss()(z_W, z_P, z_I),
    ]
    assert [other.item() for other in same] == pytest.approx([value] * 6, rel=1e-9)


def test_shrinking_the_latent_is_no_way_out_above_the_floor_and_the_floor_holds():
    z_W, z_P, z_I = (value.detach() for value in latents())
    tiny = [1e-6 * value for value in (z_W, z_P, z_I)]
    assert composition(*tiny).item() == pytest.approx(published(*tiny).item() / 1e-6, rel=1e-9)


@pytest.mark.parametrize("rows", [1, 3])
def test_a_batch_of_one_design_is_measured_by_its_own_change(rows):
    z_W, z_P, z_I = (torch.tensor(z).double() for z in ([1.0, 0.0], [[0.1, 0.0]], [[1.0, 0.2]]))
    # The change is (0, 0.2) and the error (-0.1, 0.2): (0.01 + 0.04) / (0.01 * 0.04).
    value = composition(z_W, z_P.repeat(rows, 1), z_I.repeat(rows, 1))
    assert value.item() == pytest.approx(125)


def test_the_variance_carries_no_gradient():
    z_W, z_P, z_I = latents()
    scaled = torch.autograd.grad(composition(z_W, z_P, z_I), (z_W, z_P, z_I))
    plain = torch.autograd.grad(published(z_W, z_P, z_I), (z_W, z_P, z_I))
    ratio = (composition(z_W, z_P, z_I) / published(z_W, z_P, z_I)).detach()
    for a, b in zip(scaled, plain, strict=True):
        torch.testing.assert_close(a, ratio * b, rtol=1e-9, atol=0)


@pytest.mark.parametrize(
    ("stop", "moved"),
    [
        (StopGradient.NONE, {"z_W", "z_P", "z_I"}),
        (StopGradient.INTACT, {"z_W", "z_P"}),
        (StopGradient.SHIFT, {"z_I"}),
    ],
)
def test_stop_gradient_holds_one_side(stop, moved):
    z = dict(zip(("z_W", "z_P", "z_I"), latents(), strict=True))
    composition(*z.values(), stop_gradient=stop).backward()
    assert {name for name, value in z.items() if value.grad is not None} == moved


def test_gradients_equal_finite_differences():
    assert torch.autograd.gradcheck(published, latents(3, 2))
    assert torch.autograd.gradcheck(composition_residual, latents(3, 2))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_type_is_kept_and_half_precision_does_not_overflow(dtype):
    z = latents(dtype=dtype)
    loss = composition(*(300.0 * value for value in z))  # 300^2 is beyond float16
    assert loss.dtype == dtype
    exact = composition(*(300.0 * value.detach().double() for value in z))
    assert loss.item() == pytest.approx(exact.item(), rel=0.02)


def test_latents_of_zero_cost_nothing_and_have_a_graph():
    z = [torch.zeros(*shape, requires_grad=True) for shape in ((1, 3), (4, 3), (4, 3))]
    loss = composition(*z)
    loss.backward()
    assert loss.item() == 0
    assert not any(value.grad.any() for value in z)


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_a_latent_that_is_no_number_shows(bad):
    z_W, z_P, z_I = latents()
    loss = composition(z_W, z_P, z_I + torch.tensor([bad, 0, 0, 0]))
    assert not math.isfinite(loss.item())
    loss.backward()
    assert z_I.grad is not None


@pytest.mark.parametrize(
    "shapes",
    [
        ((4,), (6, 4), (6, 3)),
        ((4,), (5, 4), (6, 4)),
        ((3,), (6, 4), (6, 4)),
        ((2, 4), (6, 4), (6, 4)),
        ((4,), (4,), (4,)),
        ((0,), (6, 0), (6, 0)),
        ((4,), (0, 4), (0, 4)),
    ],
)
def test_shapes_that_do_not_fit_are_refused(shapes):
    z = [torch.zeros(shape) for shape in shapes]
    for function in (composition, composition_residual):
        with pytest.raises(ValueError, match=r"z_[WPI]"):
            function(*z)


def test_integers_are_no_latent():
    with pytest.raises(ValueError, match="floating type"):
        composition(torch.zeros(2), torch.zeros(3, 2), torch.zeros(3, 2, dtype=torch.int64))


def test_residual_by_hand():
    z_W = torch.zeros(2)
    z_P = torch.tensor([[3.0, 4.0], [1.0, 0.0], [0.0, 0.0]])
    z_I = torch.tensor([[3.0, 5.0], [1.0, 0.0], [1.0, 1.0]])
    share = composition_residual(z_W, z_P, z_I)
    torch.testing.assert_close(share[:2], torch.tensor([0.2, 0.0]))
    assert share[2].isnan()  # a design without edits has no shift to compare with


@pytest.mark.parametrize("sign", [1, -1])
def test_a_z_p_computed_from_z_i_is_refused_by_its_graph(sign):
    z_W, _, z_I = latents()
    with pytest.raises(DegenerateCompositionError, match="encode z_P from the edits alone"):
        composition(z_W, sign * (z_I - z_W), z_I)
    with pytest.raises(DegenerateCompositionError):
        composition(z_W, z_I, z_I)


def test_a_z_i_computed_from_z_p_is_what_the_loss_is_for():
    z_W, z_P, extra = latents()
    z_I = z_W + z_P + extra
    assert not is_computed_from(z_P, z_I)
    assert is_computed_from(z_I, z_P)
    assert composition(z_W, z_P, z_I).item() > 0


@pytest.mark.parametrize(
    ("coefficients", "message"),
    [((-1, 1), "residual is 0"), ((1, -1), "draws every strain"), ((0.3, 2), "linear function")],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_linear_z_p_is_refused_by_its_values(coefficients, message, dtype):
    z_W, _, z_I = (value.detach() for value in latents(rows=20, dtype=dtype))
    z_P = coefficients[0] * z_W + coefficients[1] * z_I
    with pytest.raises(DegenerateCompositionError, match=message):
        refuse_linear(z_W, z_P, z_I)
    assert issubclass(DegenerateCompositionError, ValueError)


def test_any_matrix_is_seen_and_independent_encodings_pass():
    z_W, z_P, z_I = (value.detach() for value in latents(rows=20))
    with pytest.raises(DegenerateCompositionError, match="over 20 designs"):
        refuse_linear(z_W, z_I @ torch.randn(4, 4).double() + 1, z_I)
    refuse_linear(z_W, z_P, z_I)
    refuse_linear(z_W, torch.zeros_like(z_P), z_I)  # references alone say nothing
    refuse_linear(z_W, z_P[:1], z_I[:1])
