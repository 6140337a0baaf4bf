"""Laws of set_transformer: nesting, emptiness, order, padding, doses, and the formula in loops."""

import itertools
import math

import numpy as np
import pytest
import torch

from service.contract.designs import parse_genotype
from service.contract.latent_models import SetTransformerSpec
from worker.models import gene_attention
from worker.models.encoding import DesignBatch, EditIndex
from worker.models.gene_attention import GeneAttention
from worker.models.networks import new_latent_network

KEYS = [f"{locus}:deletion" for locus in "abcd"] + ["e:overexpression", "f:knockdown"]
INDEX = EditIndex(KEYS)


def model(measure_orders=(0,), *, trained=True, layers=1, head="mlp", feature_EF=None):
    generator = torch.Generator().manual_seed(5)
    spec = SetTransformerSpec(
        latent_dim=6, attention_heads=2, attention_layers=layers, head=head, hidden_dim=8
    )
    net = new_latent_network(
        spec,
        edit_count=len(INDEX),
        measure_orders=measure_orders,
        generator=generator,
        feature_EF=feature_EF,
    ).double()
    if trained:
        torch.nn.init.normal_(net.interaction.weight, generator=generator)
        if net.head.output is not None:
            torch.nn.init.normal_(net.head.output.weight, generator=generator)
    return net


def read(net, *genotypes):
    return net(INDEX.encode([parse_genotype(g) for g in genotypes]))


@pytest.mark.parametrize("layers", [1, 2])
def test_the_reference_is_the_learned_constant(layers):
    net = model(layers=layers)
    readings = read(net, "", "a:deletion+b:deletion")
    assert torch.equal(readings.z_I_BD[0], net.reference_D)
    assert torch.equal(readings.compose_BY[0], readings.intact_BY[0])
    assert torch.isfinite(read(net, "", "").intact_BY).all()


def test_it_starts_as_the_additive_latent():
    net = model(trained=False)
    assert net.is_additive
    readings = read(net, "a:deletion+b:deletion+c:deletion")
    assert torch.equal(readings.compose_BY, readings.intact_BY)
    assert not model().is_additive


@pytest.mark.parametrize("layers", [1, 2])
def test_order_of_the_edits_does_not_matter(layers):
    net = model(layers=layers)
    batch = INDEX.encode([parse_genotype("a:deletion+b:deletion+f:knockdown@0.3")])
    for order in itertools.permutations(range(3)):
        permuted = DesignBatch(batch.edit_BP[:, list(order)], batch.effect_BP[:, list(order)])
        torch.testing.assert_close(net(permuted).intact_BY, net(batch).intact_BY)


def test_padding_and_edits_without_effect_change_nothing():
    net = model(layers=2)
    alone = read(net, "a:deletion+b:deletion").intact_BY[0]
    padded = read(net, "a:deletion+b:deletion", "a:deletion+b:deletion+c:deletion+d:deletion")
    torch.testing.assert_close(padded.intact_BY[0], alone)
    idle = read(net, "a:deletion+b:deletion+e:overexpression@1+f:knockdown@1")
    torch.testing.assert_close(idle.intact_BY[0], alone)


def test_the_order_of_the_genes_does_not_matter():
    net = model()
    before = read(net, "a:deletion+c:deletion").intact_BY
    with torch.no_grad():
        net.gene_GD.copy_(net.gene_GD[torch.tensor([3, 1, 5, 0, 2, 4])])
    torch.testing.assert_close(read(net, "a:deletion+c:deletion").intact_BY, before)


def test_a_pair_is_more_than_its_parts_even_with_a_linear_head():
    value = read(model((2,), head="linear"), "a:deletion", "a:deletion+b:deletion")
    assert value.compose_BY.abs().max() < 1e-12
    assert value.intact_BY[0] == 0
    assert value.intact_BY[1].abs() > 1e-4


def test_interaction_labels_are_mixed_differences_of_the_head():
    direct, mixed = model((0,)), model((2,))
    parts = ("", "a:deletion", "b:deletion", "a:deletion+b:deletion")
    o, a, b, ab = read(direct, *parts).intact_BY
    torch.testing.assert_close(read(mixed, *parts).intact_BY[3], ab - a - b + o)


def gelu(x):
    return 0.5 * x * (1 + math.erf(x / math.sqrt(2)))


def rows(layer, x_ND):
    return (x_ND @ layer.weight.T + layer.bias).tolist()


def normal(x_ND):
    return x_ND / (x_ND.square().mean(dim=-1, keepdim=True) + 1e-6).sqrt()


@torch.no_grad()
def by_the_formula(layer, token_PD, effect_P, gene_GD):
    """One head, in loops over genes and edits."""
    named = {k: rows(m, normal(token_PD)) for k, m in layer.maps.items() if k.startswith("edit")}
    named |= {k: rows(m, normal(gene_GD)) for k, m in layer.maps.items() if k.startswith("gene")}
    still_GW = rows(layer.maps["still"], gene_GD)
    width = layer.width
    changed = []
    for g, query in enumerate(named["gene_query"]):
        weight = [
            abs(r) * math.exp(np.dot(query, key) / math.sqrt(width))
            for key, r in zip(named["edit_key"], effect_P, strict=True)
        ]
        arrived = [
            sum(
                w * math.copysign(1, r) * value[i]
                for w, r, value in zip(weight, effect_P, named["edit_value"], strict=True)
            )
            / (1 + sum(weight))
            for i in range(width)
        ]
        moved = np.array(still_GW[g]) + np.array(arrived) @ layer.arriving.numpy()
        changed.append([gelu(m) - gelu(s) for m, s in zip(moved, still_GW[g], strict=True)])
    found = []
    for query in named["edit_query"]:
        score = [math.exp(np.dot(query, key) / math.sqrt(width)) for key in named["gene_key"]]
        read_W = [sum(s * c[i] for s, c in zip(score, changed, strict=True)) for i in range(width)]
        found.append(np.array(read_W) / sum(score) @ layer.output.numpy())
    return np.array(found)


@pytest.mark.parametrize("effects", [(1.0,), (1.0, 0.3), (-0.5, 2.0, 1.0)])
def test_attention_is_the_formula(effects):
    generator = torch.Generator().manual_seed(1)
    layer = GeneAttention(4, 1, generator).double()
    token_PD = torch.randn(len(effects), 4, generator=generator).double()
    gene_GD = torch.randn(5, 4, generator=generator).double()
    effect_P = torch.tensor(effects, dtype=torch.float64)
    found = layer(token_PD[None], effect_P[None], gene_GD)[0]
    wanted = by_the_formula(layer, token_PD, effects, gene_GD)
    np.testing.assert_allclose(found.detach().numpy(), wanted, rtol=1e-9, atol=1e-12)


def test_designs_read_in_parts_are_those_read_at_once(monkeypatch):
    net = model()
    genotypes = [
        "+".join(f"{x}:deletion" for x in pair) for pair in itertools.combinations("abcd", 2)
    ]
    wanted = read(net, *genotypes).intact_BY
    monkeypatch.setattr(gene_attention, "_MOST_VALUES", 1)
    with torch.no_grad():
        torch.testing.assert_close(read(net, *genotypes).intact_BY, wanted)


def test_a_trained_network_with_features_is_stored_as_one_without():
    feature_EF = torch.randn(len(INDEX), 3, generator=torch.Generator().manual_seed(2)).double()
    net = model(feature_EF=feature_EF)
    torch.nn.init.normal_(net.gene_GD)
    further_EF = torch.ones(2, 3).double()
    stored = new_latent_network(
        SetTransformerSpec(latent_dim=6, attention_heads=2, hidden_dim=8),
        edit_count=len(INDEX) + 2,
        measure_orders=(0,),
        generator=torch.Generator(),
        gene_count=len(INDEX),
    ).double()
    stored.load_state_dict(net.with_all_shifts(further_EF))
    designs = ["", "a:deletion", "a:deletion+f:knockdown@0.4"]
    torch.testing.assert_close(read(stored, *designs).intact_BY, read(net, *designs).intact_BY)
