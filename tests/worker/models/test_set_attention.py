"""Attention from tables of edits: what the layer gives of every design by itself."""

import numpy as np
import pytest
import torch

from service.contract.designs import parse_genotype
from service.contract.latent_models import PerturbationSetSpec
from worker.models import latent_network
from worker.models.encoding import EditIndex
from worker.models.perturbation_set import PerturbationSet

INDEX = EditIndex([f"{locus}:{kind}" for locus in "abcde" for kind in ("deletion", "part=p")])
GENOTYPES = [
    "",
    "a:deletion",
    "a:deletion+c:part=p@3",
    "a:part=p@0+b:deletion@0.5+d:part=p",  # an effect below 0
    "b:deletion@1+c:deletion",  # no effect
    "a:deletion+b:deletion+c:deletion+d:deletion+e:part=p@5",
]


def network_of(scale=1.0, **changes):
    generator = torch.Generator().manual_seed(0)
    spec = PerturbationSetSpec(latent_dim=12, attention_heads=3, hidden_dim=8, **changes)
    net = PerturbationSet(
        spec, edit_count=len(INDEX), measure_orders=[0, 2, 3], generator=generator
    )
    with torch.no_grad():
        for weight in net.parameters():
            torch.nn.init.normal_(weight, generator=generator)
        net.attention[0].query.weight *= scale
        net.shift_ED[0] = 0.0  # padding
        if net.head.saturation is not None:
            net.head.saturation.exponent_Y.fill_(0.5)
    return net.double().eval()


@pytest.mark.parametrize(
    ("scale", "changes"),
    [
        (1.0, {}),
        (300.0, {}),
        (1.0, {"attention_layers": 2}),
        (1.0, {"saturates": False, "activation": "relu"}),
        (1.0, {"hidden_layers": 2}),
        (1.0, {"head": "linear"}),
        (1.0, {"head": "quadratic"}),
    ],
)
@pytest.mark.parametrize("most", [0, 1 << 22])  # states, or what the head reads of them
def test_a_fixed_network_reads_what_it_read_before(monkeypatch, scale, changes, most):
    monkeypatch.setattr(latent_network, "_MOST_INPUTS", most)
    monkeypatch.setattr(latent_network, "_DESIGNS_AT_ONCE", 4)
    net = network_of(scale, **changes)
    batch = INDEX.encode([parse_genotype(text) for text in GENOTYPES])
    with torch.inference_mode():
        before = net(batch)
        net.fix()
        after = net(batch)
        both = net.read(batch)
    for one, other in zip((*before, *before[:2]), (*after, *both), strict=True):
        np.testing.assert_allclose(
            *(x.detach().numpy() for x in (other, one)), rtol=1e-9, atol=1e-9
        )
