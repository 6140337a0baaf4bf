"""Penalties in a composite: what they read, and which weighting leaves them alone."""

import pytest
import torch

from service.contract.losses import (
    CNodeTerm,
    GroupLassoTerm,
    HardConcreteTerm,
    L1Term,
    LossSpec,
    MseTerm,
    SupcrTerm,
    Weighting,
)
from worker.losses.composite import (
    CompositeLoss,
    LossContext,
    LossInputs,
    ModelWeights,
    composite,
    term_values,
)

CONTEXT = LossContext([], latent_dim=2)
SHIFT = [[3.0, -4.0], [0.0, 1.0], [0.0, 0.0]]
PENALTIES = (L1Term(), GroupLassoTerm(), CNodeTerm(), HardConcreteTerm())


def leaf(rows):
    return torch.tensor(rows, dtype=torch.float64, requires_grad=True)


def inputs_of(weights):
    """Readings of two designs, and latents that are their own leaves."""
    z_P, z_I = leaf([[1.0, 2.0], [0.0, 1.0]]), leaf([[1.0, 2.5], [0.5, 1.0]])
    labels = torch.tensor([[1.0], [2.0]], dtype=torch.float64)
    y = z_I.sum(dim=1, keepdim=True)
    edited = torch.ones(2, dtype=torch.bool)
    return LossInputs(y, y, labels, leaf([0.0, 0.0]), z_P, z_I, edited, weights=weights)


def weights():
    paths = [[leaf([[1.0], [-2.0]])], [leaf([[1.0, 0.0], [0.0, 1.0]]), leaf([[0.5], [0.0]])]]
    return ModelWeights(leaf(SHIFT), paths, leaf([0.0, 0.0]))


def test_values_by_hand():
    values = term_values(LossSpec(terms=(MseTerm(), *PENALTIES)), inputs_of(weights()), CONTEXT)
    root = 2**0.5
    assert values["l1"].item() == pytest.approx(8 / 6)
    assert values["group_lasso"].item() == pytest.approx((5 + 1) / 3 / root)
    # Over the linear path 3 + 8 and 2, over the hidden one 1.5 and 0, of three edits.
    assert values["c_node"].item() == pytest.approx((11 + 2 + 1.5) / 3)
    odds = 11 ** (2 / 3)
    assert values["hard_concrete"].item() == pytest.approx(odds / (1 + odds))


@pytest.mark.parametrize("term", PENALTIES, ids=lambda term: term.name)
def test_weights_of_the_model_that_are_not_given_are_named(term):
    spec = LossSpec(terms=(MseTerm(), term))
    with pytest.raises(ValueError, match=f"{term.name} reads weights of the model"):
        composite(spec, inputs_of(None), CONTEXT)


@pytest.mark.parametrize(
    ("term", "message"),
    [(CNodeTerm(), "a head with weights"), (HardConcreteTerm(), "gates before the head")],
)
def test_parts_of_the_model_that_are_not_there_are_named(term, message):
    spec = LossSpec(terms=(MseTerm(), term))
    with pytest.raises(ValueError, match=message):
        composite(spec, inputs_of(ModelWeights(leaf(SHIFT))), CONTEXT)


@pytest.mark.parametrize("split", [None, 0.5])
def test_penalties_read_all_of_the_latent(split):
    spec = LossSpec(terms=(MseTerm(), L1Term()), latent_split=split)
    assert term_values(spec, inputs_of(weights()), CONTEXT)["l1"].item() == pytest.approx(8 / 6)


def test_uncertainty_learns_no_weight_for_a_penalty():
    spec = LossSpec(
        terms=(MseTerm(), SupcrTerm(), L1Term(weight=0.3)), weighting=Weighting.UNCERTAINTY
    )
    loss = CompositeLoss(spec, CONTEXT).double()
    assert loss.uncertainty.shift_T.shape == (2,)
    with torch.no_grad():
        loss.uncertainty.shift_T.fill_(1.0)
    given = weights()
    loss.backward(inputs_of(given), [], torch.Generator())
    torch.testing.assert_close(given.shift_ED.grad, 0.3 * torch.tensor(SHIFT).double().sign() / 6)


@pytest.mark.parametrize("weighting", Weighting)
def test_gates_get_a_gradient_whatever_the_weighting(weighting):
    spec = LossSpec(terms=(MseTerm(), HardConcreteTerm(weight=0.2)), weighting=weighting)
    loss = CompositeLoss(spec, CONTEXT).double()
    assert loss.gates.gates().tolist() == [1, 1]
    given = ModelWeights(leaf(SHIFT), log_alpha_D=loss.gates.log_alpha)
    inputs = inputs_of(given)
    loss.backward(inputs, [inputs.z_I_BD], torch.Generator().manual_seed(0))
    assert (loss.gates.log_alpha.grad > 0).all()  # a step down closes


@pytest.mark.parametrize(("low", "high"), [(-0.1, 1.1), (-10, 11), (-1e-9, 1 + 1e-9), (-10, 1.001)])
def test_open_gates_are_all_but_1_at_the_start_whatever_their_ends(low, high):
    spec = LossSpec(terms=(MseTerm(), HardConcreteTerm(low=low, high=high)))
    gates = CompositeLoss(spec, CONTEXT).gates.gates()
    torch.testing.assert_close(gates, torch.ones(2), rtol=0, atol=2e-6)


def test_a_term_of_weight_zero_makes_no_gates():
    spec = LossSpec(terms=(MseTerm(), HardConcreteTerm(weight=0)))
    assert CompositeLoss(spec, CONTEXT).gates is None
    assert list(CompositeLoss(spec, CONTEXT).parameters()) == []
