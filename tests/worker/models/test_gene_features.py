"""Shifts from features: what is dropped, what is baked, and ridge on sums of features."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from service.contract.designs import parse_genotype
from service.contract.latent_models import PerturbationSetSpec
from tests.worker.models.rows import random_rows
from worker.data.gene_table import GeneTable
from worker.models.additive import fit_ridge
from worker.models.additive_start import start_from_ridge
from worker.models.edit_effects import fit_feature_ridge
from worker.models.encoding import EditIndex
from worker.models.gene_features_by_edit import EditedGenes, edit_features, standard_features
from worker.models.perturbation_set import PerturbationSet

INDEX = EditIndex([f"{locus}:deletion" for locus in "abcdef"])
SPEC = PerturbationSetSpec(latent_dim=6, hidden_dim=8)


def features(rows=6, columns=4, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(rows, columns)))


def model(orders=(0,), feature_EF=None):
    net = PerturbationSet(
        SPEC,
        edit_count=len(feature_EF),
        measure_orders=orders,
        generator=torch.Generator().manual_seed(5),
        feature_EF=feature_EF,
    )
    return net.double()


def test_the_learned_part_starts_at_zero_and_padding_stays_there():
    net = model(feature_EF=features())
    assert torch.equal(net.shift_ED, torch.zeros(7, 6).double())
    assert (net.shifts()[0] == 0).all()
    torch.testing.assert_close(net.shifts()[1:], features() @ net.genes.projection_FD)


def test_a_fifth_of_the_learned_parts_is_dropped_in_training_and_none_in_scoring():
    net = model(feature_EF=torch.zeros(4000, 2))
    torch.nn.init.ones_(net.shift_ED)
    kept_E1 = net.shifts(torch.Generator().manual_seed(1)).detach()[:, :1]
    assert set(kept_E1.flatten().tolist()) == {0.0, 1.0}
    assert float(kept_E1.mean()) == pytest.approx(0.8, abs=0.03)
    assert (net.shifts() == 1).all()


def test_all_states_of_a_design_are_read_with_the_same_shifts():
    net = model((2,), features())
    torch.nn.init.normal_(net.shift_ED)
    torch.nn.init.zeros_(net.head.output.weight)  # a linear head has no epistasis
    batch = INDEX.encode([parse_genotype("a:deletion+b:deletion")])
    drawn = net(batch, torch.Generator().manual_seed(2)).compose_BY
    torch.testing.assert_close(drawn, torch.zeros(1, 1).double())


def test_baked_weights_are_the_same_model_and_know_further_edits():
    net = model(feature_EF=features())
    torch.nn.init.normal_(net.shift_ED[1:])
    further = features(2, seed=1)
    weights = net.with_all_shifts(further)
    baked = PerturbationSet(
        SPEC, edit_count=8, measure_orders=(0,), generator=torch.Generator()
    ).double()
    baked.load_state_dict(weights)
    batch = INDEX.encode([parse_genotype("a:deletion+c:deletion")])
    assert torch.equal(baked(batch).intact_BY, net(batch).intact_BY)
    torch.testing.assert_close(baked.shifts()[7:], further @ net.genes.projection_FD)


def test_a_network_of_features_starts_as_the_ridge_on_their_sums():
    known = random_rows()
    matrix = known.rows.matrix()
    feature_EF = np.random.default_rng(1).normal(size=(matrix.shape[1], 3))
    fit = fit_ridge(matrix, known.labels, feature_EF=feature_EF)
    net = model(feature_EF=torch.from_numpy(feature_EF))
    start_from_ridge(net, [fit])
    batch = known.index.encode(known.designs)
    read = net(batch)
    wanted_N = fit.predict(matrix)
    np.testing.assert_allclose(read.compose_BY[:, 0].detach(), wanted_N, rtol=1e-6)
    assert torch.equal(read.compose_BY, read.intact_BY)


def test_ridge_on_sums_of_features_is_that_of_scikit_learn():
    rows = random_rows().rows
    feature_EF = np.random.default_rng(1).normal(size=(rows.edit_count, 3))
    summed_NF = rows.matrix() @ feature_EF
    fitted = fit_ridge(rows.matrix(), rows.label_N, penalty=2.0, feature_EF=feature_EF)
    peer = Ridge(alpha=2.0).fit(summed_NF, rows.label_N)
    np.testing.assert_allclose(fitted.weight_F, peer.coef_, rtol=1e-8)
    np.testing.assert_allclose(fitted.predict(rows.matrix()), peer.predict(summed_NF), rtol=1e-8)
    one_by_one = []
    for row in range(len(rows.label_N)):
        kept = np.arange(len(rows.label_N)) != row
        part = Ridge(alpha=2.0).fit(summed_NF[kept], rows.label_N[kept])
        one_by_one.append(part.predict(summed_NF[row : row + 1])[0] - rows.label_N[row])
    assert fitted.leave_one_out_rmse == pytest.approx(np.sqrt(np.mean(np.square(one_by_one))))


def test_it_needs_features():
    with pytest.raises(ValueError, match="there are none"):
        fit_feature_ridge(random_rows().rows)


def test_missing_features_count_as_the_mean_and_flat_ones_are_left_out():
    values = np.array([[1.0, 5.0, 3.0], [3.0, 5.0, np.nan], [5.0, 5.0, 5.0]])
    table = GeneTable(("a", "b", "c"), feature_names=("x", "y", "z"), feature_GF=values)
    found = standard_features(table) * np.sqrt(2)
    root = np.sqrt(1.5)
    np.testing.assert_allclose(found, [[-root, -1.0], [0.0, 0.0], [root, 1.0]], atol=1e-12)


def test_directions_have_blocks_of_their_own_and_unknown_genes_nothing():
    keys = ["a:deletion", "a:knockdown", "b:overexpression", "x:deletion"]
    genes = EditedGenes.of(keys, {"a": 0, "b": 1})
    value_GF = np.array([[1.0, 2.0], [3.0, 4.0]])
    ways = sorted({(e.kind, e.variant) for e in genes.edits})
    found = edit_features(genes, value_GF, ways)
    assert found.tolist() == [
        [1, 2, 0, 0, 1, 0, 0],
        [1, 2, 0, 0, 0, 1, 0],
        [0, 0, 3, 4, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 0],
    ]
