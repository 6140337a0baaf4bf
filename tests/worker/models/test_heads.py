"""The mlp head against its literal formula, for both activations."""

import math

import numpy as np
import pytest
import torch

from service.contract.latent_models import GeneGraphSpec, PerturbationSetSpec
from worker.data.gene_table import GeneTable, Network
from worker.models.gene_graph_walks import gene_walks
from worker.models.heads import Head, gelu
from worker.models.networks import new_latent_network

FORMULAS = {
    "gelu": lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2))),
    "relu": lambda x: x if x > 0 else 0.0,
}


def head(activation, hidden_layers):
    generator = torch.Generator().manual_seed(2)
    net = Head(
        "mlp",
        3,
        2,
        hidden_dim=4,
        hidden_layers=hidden_layers,
        activation=activation,
        generator=generator,
    ).double()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, generator=generator)
    return net


def dense(layer, value):
    weight, bias = layer.weight.tolist(), layer.bias.tolist()
    return [
        sum(w * x for w, x in zip(row, value, strict=True)) + b
        for row, b in zip(weight, bias, strict=True)
    ]


@pytest.mark.parametrize("activation", sorted(FORMULAS))
@pytest.mark.parametrize("hidden_layers", [1, 2])
def test_an_mlp_head_is_its_formula(activation, hidden_layers):
    net = head(activation, hidden_layers)
    z_BD = torch.randn(5, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    for z_D, y_Y in zip(z_BD.tolist(), net(z_BD).tolist(), strict=True):
        hidden = z_D
        for layer in net.hidden:
            hidden = [FORMULAS[activation](x) for x in dense(layer, hidden)]
        straight, added = dense(net.linear, z_D), dense(net.output, hidden)
        assert y_Y == pytest.approx([a + b for a, b in zip(straight, added, strict=True)])


@pytest.mark.parametrize("kind", ["perturbation_set", "gene_graph"])
def test_networks_take_the_activation_of_their_spec(kind):
    given = {"latent_dim": 4, "activation": "relu"}
    edges, scores = np.array([[0], [1]]), np.array([[1.0]])
    table = GeneTable(("a", "b"), networks={"n": Network("n", ("seen",), edges, scores)})
    is_graph = kind == "gene_graph"
    spec = GeneGraphSpec(**given) if is_graph else PerturbationSetSpec(**given)
    net = new_latent_network(
        spec,
        edit_count=2,
        measure_orders=(0,),
        generator=torch.Generator().manual_seed(0),
        walks=gene_walks(table, np.array([0, 1]), 2) if is_graph else None,
    )
    negative_BH = -torch.rand(3, 4)
    torch.nn.init.constant_(net.head.hidden[0].weight, 1.0)
    torch.nn.init.constant_(net.head.output.weight, 1.0)
    # All units are below 0: relu leaves the linear path alone, gelu does not.
    assert torch.equal(net.head(negative_BH), net.head.linear(negative_BH))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gelu_is_the_same_with_and_without_gradients(dtype):
    x = torch.linspace(-40, 40, 4001, dtype=dtype)
    expected = torch.nn.functional.gelu(x)
    torch.testing.assert_close(gelu(x), expected, rtol=0, atol=0)
    with torch.inference_mode():
        torch.testing.assert_close(gelu(x), expected, rtol=1e-12, atol=1e-15)
