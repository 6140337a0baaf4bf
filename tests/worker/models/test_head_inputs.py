"""A head from the linear maps that it begins with, and the GELU that it is read with."""

import numpy as np
import pytest
import torch
from scipy.special import erf

from worker.models.gelu_loops import add_t_erf, t_erf
from worker.models.head_inputs import HeadInputs
from worker.models.heads import Head
from worker.models.set_attention import mapped_rows

DIM, LABELS = 6, 2


def head_of(kind, *, layers=1, activation="gelu", saturates=False):
    generator = torch.Generator().manual_seed(0)
    head = Head(
        kind,
        DIM,
        LABELS,
        hidden_dim=9,
        hidden_layers=layers,
        generator=generator,
        activation=activation,
        saturates=saturates,
    )
    with torch.no_grad():
        for weight in [*head.parameters(), *head.buffers()]:
            torch.nn.init.normal_(weight, generator=generator)
    return head.double().eval()


@pytest.mark.parametrize("saturates", [False, True])
@pytest.mark.parametrize(
    "given",
    [
        {"kind": "linear"},
        {"kind": "mlp"},
        {"kind": "mlp", "layers": 2},
        {"kind": "mlp", "activation": "relu"},
        {"kind": "mlp", "activation": "relu", "layers": 2},
    ],
)
def test_what_is_read_of_the_inputs_is_the_head_at_the_state(given, saturates):
    head = head_of(**given, saturates=saturates)
    z_RBD = 2.0 * torch.randn(2, 50, DIM, dtype=torch.float64, generator=torch.Generator())
    inputs = HeadInputs.of(head)
    with torch.inference_mode():
        wanted = head(z_RBD)
        given_RBF = z_RBD @ inputs.map_DF + inputs.start_F
        before = given_RBF.clone()
        found = inputs.read(given_RBF)
    torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-10)
    assert torch.equal(given_RBF, before)


def test_a_quadratic_head_has_no_such_inputs():
    assert HeadInputs.of(head_of("quadratic")) is None


def test_t_erf_is_right_to_twelve_digits():
    t = np.linspace(-9.0, 9.0, 100_001)
    found = np.zeros((len(t), 1))
    add_t_erf(t[:, None].copy(), np.ones((1, 1)), found)
    np.testing.assert_allclose(found[:, 0], t * erf(t), rtol=0, atol=1e-13)


@pytest.mark.parametrize("t", [np.inf, -np.inf, np.nan])
def test_t_erf_of_what_is_no_number_is_none(t):
    assert not np.isfinite(t_erf(t))


def test_a_row_is_mapped_alike_wherever_it_stands():
    generator = torch.Generator().manual_seed(1)
    table, map_XF = (
        torch.randn(*shape, dtype=torch.float64, generator=generator)
        for shape in ((37, 13), (13, 21))
    )
    order = torch.randperm(37, generator=generator)
    found = mapped_rows(table, map_XF)
    torch.testing.assert_close(found, table @ map_XF)
    assert torch.equal(mapped_rows(table[order], map_XF), found[order])
