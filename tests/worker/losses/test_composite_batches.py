"""Batch mixing in a composite: which latents and which batches it reads."""

import pytest
import torch

from service.contract.losses import BatchMixingTerm, LossSpec, MseTerm
from worker.losses.batch_mixing import batch_mixing
from worker.losses.composite import LossContext, LossInputs, term_values

TERM = BatchMixingTerm(n_neighbors=3)
SPEC = LossSpec(terms=(MseTerm(), TERM))
# Three plates, of which two rows lack theirs; two cycles; and a covariate of one batch.
CODES = [[0, 1, 2, 0, 1, 2, -1, -1], [0, 0, 1, 1, 0, 0, 1, 1], [0] * 8]
COUNTS = (3, 2, 1)


def inputs_of(codes):
    generator = torch.Generator().manual_seed(8)
    z_I = torch.randn(8, 4, generator=generator, dtype=torch.float64).requires_grad_()
    y, labels = z_I.sum(dim=1, keepdim=True), torch.zeros(8, 1).double()
    z_W, z_P = torch.zeros(4).double(), torch.zeros(8, 4).double()
    batch = None if codes is None else torch.tensor(codes).reshape(-1, 8).T
    edited = torch.ones(8, dtype=torch.bool)
    return LossInputs(y, y, labels, z_W, z_P, z_I, edited, batch_BC=batch)


def value(codes, counts, spec=SPEC):
    return term_values(spec, inputs_of(codes), LossContext([], batch_counts=counts))["batch_mixing"]


def alone(codes, count):
    found = batch_mixing(inputs_of(None).z_I_BD, codes, n_batches=count, n_neighbors=3)
    return found.item()


def test_it_is_the_mean_over_the_covariates_that_tell_batches_apart():
    plate, cycle = (alone(torch.tensor(c), n) for c, n in zip(CODES[:2], COUNTS[:2], strict=True))
    assert plate != cycle
    assert value(CODES, COUNTS).item() == pytest.approx((plate + cycle) / 2, rel=1e-12)
    assert value([CODES[0]], (3,)).item() == pytest.approx(plate, rel=1e-12)


def test_a_split_latent_is_seen_as_a_whole():
    split = SPEC.model_copy(update={"latent_split": 0.5})
    assert value(CODES, COUNTS, split).item() == value(CODES, COUNTS).item()


def test_it_moves_rows_that_have_a_batch():
    x = inputs_of([CODES[0]])
    values = term_values(SPEC, x, LossContext([], batch_counts=(3,)))
    (grad,) = torch.autograd.grad(values["batch_mixing"], x.z_I_BD)
    assert (grad[:6] != 0).any(dim=1).all()
    assert (grad[6:] == 0).all()


@pytest.mark.parametrize(("codes", "counts"), [(None, ()), ([], ()), (CODES[2:], (1,))])
def test_without_batches_it_is_refused(codes, counts):
    with pytest.raises(ValueError, match="needs the batches of the rows"):
        value(codes, counts)
