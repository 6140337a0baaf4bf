"""A model of two dimensions and two members: every figure of a composition by hand."""

import numpy as np
import pytest
import torch

from service.contract.algebra import ComposeRequest
from service.contract.latent_models import PerturbationSetSpec
from service.contract.manifests import ManifestLabel, ModelManifest, vocabulary_sha256
from worker.inference.composition import compose_designs
from worker.inference.predictor import Predictor
from worker.inference.seen_designs import SeenDesigns
from worker.inference.support import count_support
from worker.models.encoding import EditIndex
from worker.models.perturbation_set import PerturbationSet

EDITS = ["a:deletion", "b:deletion", "c:part=p"]
A, B, C = EDITS
SPEC = PerturbationSetSpec(latent_dim=2, attention_heads=1, head="linear", saturates=False)
Z_W = [1.0, 0.0]
SHIFT = [[0.0, 0.0], [1.0, 1.0], [0.0, -1.0], [2.0, 0.0]]  # padding, a, b, c
WEIGHT = [[[1.0, 2.0], [0.0, 1.0]], [[2.0, 0.0], [1.0, 1.0]]]  # member, label
BIAS = [0.5, 0.0]


def net_of(weight):
    net = PerturbationSet(
        SPEC, edit_count=3, measure_orders=(0, 2), generator=torch.Generator().manual_seed(0)
    )
    state = net.state_dict()
    values = {
        "reference_D": Z_W,
        "shift_ED": SHIFT,
        "head.linear.weight": weight,
        "head.linear.bias": BIAS,
    }
    return state | {name: torch.tensor(value) for name, value in values.items()}


def label(name, kind, transform, center, spread, **more):
    neutral = "zero" if kind == "interaction" else "additive"
    return ManifestLabel(
        name=name,
        kind=kind,
        scale="linear",
        unit="1",
        transform=transform,
        center=center,
        spread=spread,
        neutral_model=neutral,
        train_count=3,
        **more,
    )


@pytest.fixture(scope="module")
def predictor():
    manifest = ModelManifest(
        name="by hand",
        model_kind="perturbation_set",
        member_count=2,
        training_spec={"model": SPEC.model_dump(mode="json")},
        dataset_id="set-1",
        dataset_sha256="a" * 64,
        table_sha256="b" * 64,
        loci=["a", "b", "c"],
        edits=EDITS,
        vocabulary_sha256=vocabulary_sha256(["a", "b", "c"], EDITS),
        weights_sha256="",
        labels=[
            label("rate", "rate", "log", 1.0, 0.5),
            label("epsilon", "interaction", "identity", 0.0, 1.0, measure="epsilon"),
        ],
        report={},
        versions={},
    )
    seen = SeenDesigns(
        order_K=np.array([0, 1, 2]),
        edit_J=np.array([2, 0, 1]),
        level_J=np.full(3, np.nan),
        row_count_K=np.array([3, 1, 2]),
        value_KY=np.array([[5.0, 0.0], [7.0, np.nan], [9.0, 0.3]]),
    )
    arrays = {
        "neutral.intercept_Y": np.array([2.0, 0.0]),
        "neutral.weight_YE": np.array([[-1.0, -2.0, 3.0], [0.0, 0.0, 0.0]]),
        **support(),
        **seen.arrays(),
    }
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    for member, weight in enumerate(WEIGHT):
        tensors |= {f"member.{member}.{name}": value for name, value in net_of(weight).items()}
    return Predictor(tensors, manifest, "model-1")


def support():
    designs = EditIndex(EDITS).encode([])
    return count_support(designs, np.zeros(0, dtype=np.int64), EDITS)


def ask(predictor, operation, *designs, **options):
    request = ComposeRequest(operation=operation, designs=designs, **options)
    return compose_designs(predictor, request)


def rate(z):
    """exp(1 + 0.5 h(z)) of both members."""
    return [np.exp(1 + 0.5 * (np.dot(weight[0], z) + 0.5)) for weight in WEIGHT]


def test_a_composed_design(predictor):
    (state,) = ask(predictor, "compose", A, B, with_latents=True).states
    assert [member.values for member in state.latents] == [[2.0, 0.0]] * 2
    # h = 1 * 2 + 0.5 and 2 * 2 + 0.5: exp(2.25) and exp(3.25).
    values = [np.exp(2.25), np.exp(3.25)]
    first, second = state.labels
    assert first.member_values == pytest.approx(values)
    assert first.mean == pytest.approx(np.mean(values))
    assert first.sd == pytest.approx((values[1] - values[0]) / np.sqrt(2))
    assert second.mean == pytest.approx(0, abs=1e-12)  # a linear head has no epsilon
    design = state.design
    assert design.genotype == f"{A}+{B}"
    assert design.composition_residual == 0
    assert design.labels[0].expected_neutral == pytest.approx(np.exp(2 - 1 - 2))
    assert design.labels[0].interaction == pytest.approx(np.mean(values) - np.exp(-1))
    assert (design.labels[0].difference, design.labels[0].difference_sd) == (0, 0)


def test_a_state_that_is_no_design(predictor):
    (state,) = ask(predictor, "subtract", A, C).states  # z = (1 + 1 - 2, 0 + 1)
    rate_label, epsilon = state.labels
    assert rate_label.member_values == pytest.approx(rate([0.0, 1.0]))
    assert rate_label.member_values == pytest.approx([np.exp(2.25), np.exp(1.25)])
    assert (epsilon.mean, epsilon.sd, epsilon.member_values) == (None, None, None)
    assert state.no_design_reason == f"{C} is taken away, and not there"


def test_an_analogy(predictor):
    # What takes b to a + b, done to c.
    (state,) = ask(predictor, "analogy", f"{A}+{B}", B, C).states
    assert state.design.genotype == f"{A}+{C}"
    assert state.labels[0].member_values == pytest.approx(rate([4.0, 1.0]))


def test_half_way(predictor):
    _, middle, _ = ask(predictor, "interpolate", "", C, steps=3).states
    assert middle.labels[0].member_values == pytest.approx(rate([2.0, 0.0]))
    assert middle.no_design_reason == f"{C} is there in part"


def test_what_is_near(predictor):
    # Measured: the reference, c = (2, 0), a + b = (1, 0); z_P of a is (1, 1).
    scale = np.sqrt((2**2 + 1**2) / 2)
    (state,) = ask(predictor, "compose", A).states
    assert [near.genotype for near in state.nearest] == [f"{A}+{B}", "", C]
    distances = [near.distance * scale for near in state.nearest]
    assert distances == pytest.approx([1.0, np.sqrt(2), np.sqrt(2)])
    assert [near.row_count for near in state.nearest] == [2, 3, 1]
    assert [label.value for near in state.nearest for label in near.labels] == [
        *(9.0, 0.3),
        *(5.0, 0.0),
        *(7.0, None),
    ]
    (state,) = ask(predictor, "compose", A, metric="cosine").states
    assert [near.genotype for near in state.nearest] == [C, f"{A}+{B}"]
    assert [near.distance for near in state.nearest] == pytest.approx([1 - np.sqrt(0.5)] * 2)
