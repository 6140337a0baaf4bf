"""InfoNCE and SupCon in a composite: what they read of designs, and which part of a latent."""

import math

import pytest
import torch

from service.contract.losses import InfonceTerm, LossSpec, MseTerm, SupconTerm
from worker.losses.composite import LossContext, LossInputs, term_values
from worker.losses.infonce import infonce
from worker.losses.supcon import supcon

EDGES = [torch.tensor([0.5], dtype=torch.float64)]
CONTEXT = LossContext([], bin_edges=EDGES)
SPEC = LossSpec(terms=(MseTerm(), InfonceTerm(), SupconTerm(bins=2)))


def inputs_of(**changes):
    """Six rows, of which the first two are of one design and the last has no edits."""
    generator = torch.Generator().manual_seed(4)
    z_W, z_P, z_I = (
        torch.randn(rows, 4, generator=generator, dtype=torch.float64).requires_grad_()
        for rows in (1, 6, 6)
    )
    labels = torch.tensor([[0.0], [0.0], [1.0], [1.0], [0.0], [1.0]], dtype=torch.float64)
    y = z_I.sum(dim=1, keepdim=True)
    edited = torch.tensor([True] * 5 + [False])
    design = torch.tensor([0, 0, 1, 2, 3, 4])
    given = {"edited_B": edited, "design_B": design, **changes}
    return LossInputs(y, y, labels, z_W[0], z_P, z_I, **given)


def test_infonce_pairs_the_two_readings_of_a_design():
    x = inputs_of()
    found = term_values(SPEC, x, CONTEXT)["infonce"]
    expected = infonce(
        x.z_I_BD[:5] - x.z_W_D,
        x.z_P_BD[:5],
        temperature=1.0,
        similarity="neg_l2",
        symmetric=True,
        group_B=x.design_B[:5],
    )
    assert found.item() == pytest.approx(expected.item(), rel=1e-12)
    # Two rows of one design are not told apart: without their design they would be.
    alone = term_values(SPEC, inputs_of(design_B=None), CONTEXT)["infonce"]
    assert alone > found


def test_supcon_takes_bins_for_classes_in_both_views():
    x = inputs_of()
    found = term_values(SPEC, x, CONTEXT)["supcon"].item()
    settings = {"temperature": 1.0, "similarity": "neg_l2"}
    views = [supcon(x.z_P_BD[:5], x.labels_BY[:5], **settings)]
    views.append(supcon(x.z_I_BD, x.labels_BY, **settings))
    assert found == pytest.approx(sum(view.item() for view in views), rel=1e-12)


def test_a_split_latent_parts_them():
    spec = SPEC.model_copy(update={"latent_split": 0.5})
    x = inputs_of()
    values = term_values(spec, x, CONTEXT)
    for name, untouched in (("supcon", slice(2, 4)), ("infonce", slice(0, 2))):
        for grad in torch.autograd.grad(values[name], (x.z_P_BD, x.z_I_BD), retain_graph=True):
            assert not grad[:, untouched].any()
            assert grad.any()


def test_without_edits_or_labels_they_are_zero_with_a_graph():
    x = inputs_of(edited_B=torch.zeros(6, dtype=torch.bool))
    values = term_values(SPEC, x, CONTEXT)
    assert values["infonce"].item() == 0
    values["infonce"].backward()
    x.labels_BY.fill_(math.nan)
    assert term_values(SPEC, x, CONTEXT)["supcon"].item() == 0


def test_supcon_without_edges_is_refused():
    with pytest.raises(ValueError, match="edges of its bins"):
        term_values(SPEC, inputs_of(), LossContext([]))
