"""Energy score: the literal formula, its tie to the CRPS, laws."""

import math

import pytest
import torch

from worker.losses.crps import ensemble_crps
from worker.losses.energy_score import EnergyScoreLoss, energy_score

NAN = math.nan


def draws(size=5, rows=4, columns=3):
    generator = torch.Generator().manual_seed(1)
    samples = torch.randn(size, rows, columns, generator=generator, dtype=torch.float64)
    labels = torch.randn(rows, columns, generator=generator, dtype=torch.float64)
    labels[0, 1] = NAN
    labels[2] = NAN
    return samples, labels


def literal(samples, labels, beta, *, fair):
    """The formula in loops, lengths over the labels that a row has."""
    scores = []
    for row, y in enumerate(labels.tolist()):
        known = [i for i, value in enumerate(y) if not math.isnan(value)]
        x = [[s[row][i].item() for i in known] for s in samples]
        if not known:
            continue
        size = len(x)
        error = sum(math.dist(a, [y[i] for i in known]) ** beta for a in x) / size
        pairs = sum(math.dist(a, b) ** beta for a in x for b in x)
        scores.append(error - 0.5 * pairs / (size * (size - 1) if fair else size**2))
    return sum(scores) / len(scores)


@pytest.mark.parametrize("fair", [True, False])
@pytest.mark.parametrize("beta", [0.5, 1.0, 1.9])
def test_equals_the_formula_in_loops(beta, fair):
    samples, labels = draws()
    expected = literal(samples, labels, beta, fair=fair)
    value = energy_score(samples, labels, beta=beta, fair=fair).item()
    assert value == pytest.approx(expected, rel=1e-9)
    narrow = energy_score(samples.float(), labels, beta=beta, fair=fair)
    assert narrow.dtype == torch.float32
    assert narrow.item() == pytest.approx(expected, rel=2e-5)


def test_value_by_hand():
    # Samples (0, 0) and (3, 4), label (0, 0): (0 + 5) / 2 - 1/2 * (5 + 5) / 2 = 0.
    samples = torch.tensor([[[0.0, 0.0]], [[3.0, 4.0]]])
    assert energy_score(samples, torch.zeros(1, 2)).item() == 0
    # Not fair, the pairs are divided by 4.
    assert energy_score(samples, torch.zeros(1, 2), fair=False).item() == pytest.approx(1.25)


def test_with_one_label_it_is_the_crps():
    samples, labels = (part[..., 1:2] for part in draws())
    value = energy_score(samples, labels).item()
    assert value == pytest.approx(ensemble_crps(samples, labels).item(), rel=1e-12)


def test_rotating_everything_changes_nothing():
    samples, labels = draws()
    labels = torch.nan_to_num(labels)
    rotation, _ = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(2)))
    rotated = energy_score(samples @ rotation.double(), labels @ rotation.double())
    # The rotation is a float32 one.
    assert rotated.item() == pytest.approx(energy_score(samples, labels).item(), rel=1e-6)


def test_samples_on_the_label_have_a_finite_gradient():
    samples = torch.zeros(3, 2, 2, requires_grad=True)
    energy_score(samples, torch.zeros(2, 2), beta=0.5).backward()
    assert (samples.grad == 0).all()


def test_row_weights_of_another_shape_are_refused():
    samples, labels = draws()
    with pytest.raises(ValueError, match="row weights have to be"):
        energy_score(samples, labels, row_weights=torch.ones(4, 3))


def test_the_module_holds_its_parameters():
    samples, labels = draws()
    loss = EnergyScoreLoss(beta=0.5, fair=False)
    assert loss(samples, labels) == energy_score(samples, labels, beta=0.5, fair=False)
