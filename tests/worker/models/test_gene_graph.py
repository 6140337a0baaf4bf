"""Laws of gene_graph: emptiness, order, doses, numbering, walks, mixed differences."""

import itertools

import numpy as np
import pytest
import torch

from service.contract.designs import parse_genotype
from service.contract.latent_models import GeneGraphSpec
from worker.data.gene_table import GeneTable, Network
from worker.models.additive import RidgeFit
from worker.models.additive_start import start_from_ridge
from worker.models.encoding import EditIndex
from worker.models.gene_features_network import normalized_adjacency
from worker.models.gene_graph_walks import GeneWalks, gene_walks
from worker.models.networks import new_latent_network

LOCI = ("a", "b", "c", "d", "e", "lone")
INDEX = EditIndex([*(f"{locus}:deletion" for locus in LOCI), "e:overexpression", "x:deletion"])
ROWS = np.array([0, 1, 2, 3, 4, 5, 4, -1])
DIM = 6
STRAIGHT = tuple(range(len(LOCI)))
READ = [
    "",
    "a:deletion",
    "a:deletion+b:deletion",
    "b:deletion+d:deletion@0.5+e:overexpression@0",  # an effect below 0
    "b:deletion@1+c:deletion",  # no effect
    "lone:deletion+x:deletion",  # without walks
    "a:deletion+b:deletion+c:deletion+d:deletion@0.3+e:overexpression@5",
]


def table(order=STRAIGHT):
    """A path a-b-c-d-e, and one gene without an edge; loci in any order."""
    place = {old: new for new, old in enumerate(order)}
    edges = np.array([[place[i] for i in range(4)], [place[i + 1] for i in range(4)]])
    scores = np.array([[1.0], [0.5], [1.0], [2.0]])
    return GeneTable(
        tuple(LOCI[i] for i in order), networks={"path": Network("path", ("seen",), edges, scores)}
    )


def walks(order=STRAIGHT, hops=2):
    place = {old: new for new, old in enumerate(order)}
    return gene_walks(table(order), np.array([place.get(row, -1) for row in ROWS]), hops)


def model(head="mlp", measure_orders=(0,), *, given=None, layers=2, trained=True, features=True):
    generator = torch.Generator().manual_seed(5)
    values = torch.from_numpy(np.random.default_rng(0).normal(size=(len(INDEX), 3)))
    net = new_latent_network(
        GeneGraphSpec(latent_dim=DIM, layers=layers, head=head, hidden_dim=8),
        edit_count=len(INDEX),
        measure_orders=measure_orders,
        generator=generator,
        feature_EF=values if features else None,
        walks=given or walks(),
    ).double()
    if trained:
        drawn = torch.Generator().manual_seed(6)
        for name, weight in sorted(net.named_parameters()):
            if name.endswith(("update.weight", "output.weight", "quadratic_YDD")):
                torch.nn.init.normal_(weight, generator=drawn)
            if name in {"shift_ED", "intact_ED", "node_ED"}:
                with torch.no_grad():
                    weight[1:] = torch.randn(weight[1:].shape, generator=drawn).double()
    return net


def read(net, *genotypes):
    return net(INDEX.encode([parse_genotype(g) for g in genotypes]))


@pytest.mark.parametrize("head", ["linear", "quadratic", "mlp"])
def test_the_empty_design_is_the_reference(head):
    net = model(head)
    readings = read(net, "", "a:deletion+b:deletion")
    assert torch.equal(readings.z_I_BD[0], net.reference_D)
    assert torch.equal(readings.z_P_BD[0], torch.zeros(DIM).double())
    assert torch.isfinite(read(net, "").intact_BY).all()


def test_order_of_the_edits_does_not_matter():
    net = model()
    batch = INDEX.encode([parse_genotype("a:deletion+b:deletion+c:deletion@0.3")])
    for order in itertools.permutations(range(3)):
        turned = type(batch)(batch.edit_BP[:, list(order)], batch.effect_BP[:, list(order)])
        torch.testing.assert_close(net(turned).intact_BY, net(batch).intact_BY)


def test_a_dose_of_zero_and_padding_change_nothing():
    net = model()
    alone = read(net, "a:deletion+b:deletion").z_I_BD[0]
    idle = read(net, "a:deletion+b:deletion+c:deletion@1+e:overexpression@1")
    torch.testing.assert_close(idle.z_I_BD[0], alone)
    padded = read(net, "a:deletion+b:deletion", "a:deletion+b:deletion+c:deletion+d:deletion")
    torch.testing.assert_close(padded.z_I_BD[0], alone)


def test_the_numbering_of_the_nodes_changes_nothing():
    asked = ["a:deletion+b:deletion", "b:deletion+d:deletion+e:overexpression@3"]
    turned = model(given=walks((3, 5, 0, 2, 4, 1)))
    torch.testing.assert_close(read(turned, *asked).intact_BY, read(model(), *asked).intact_BY)


def test_neighbours_interact_in_the_graph_and_genes_without_a_walk_do_not():
    """Of the state; the head reads an interaction into any two edits."""
    net = model(layers=1)

    def interaction(a, b):
        ab, first, second, none = read(net, f"{a}+{b}", a, b, "").z_I_BD
        return (ab - first - second + none).norm()

    assert interaction("a:deletion", "b:deletion") > 1e-3
    assert interaction("a:deletion", "c:deletion") > 1e-3  # two edges away
    assert interaction("a:deletion", "d:deletion") < 1e-12  # three
    assert interaction("a:deletion", "lone:deletion") < 1e-12
    assert interaction("a:deletion", "x:deletion") < 1e-12  # not in the gene table


def test_the_composition_is_a_constraint_even_for_single_edits():
    readings = read(model(), "a:deletion")
    assert (readings.z_I_BD - readings.z_W_D - readings.z_P_BD).norm() > 1e-2


def test_it_starts_as_the_additive_model():
    net = model(trained=False)
    fit = RidgeFit(0.5, np.zeros(8), 1.0, 0.0, np.array([1.0, -1.0, 2.0]))
    start_from_ridge(net, [fit])
    readings = read(net, "", "a:deletion", "a:deletion+b:deletion")
    torch.testing.assert_close(readings.compose_BY, readings.intact_BY)
    weight = np.random.default_rng(0).normal(size=(len(INDEX), 3)) @ [1.0, -1.0, 2.0]
    wanted = [0.5, 0.5 + weight[0], 0.5 + weight[0] + weight[1]]
    assert readings.intact_BY[:, 0].tolist() == pytest.approx(wanted, rel=1e-5)
    assert net.is_additive
    assert not model().is_additive


@pytest.mark.parametrize("head", ["quadratic", "mlp"])
def test_interaction_labels_are_mixed_differences_of_the_head(head):
    asked = ["", "a:deletion", "b:deletion", "a:deletion+b:deletion"]
    o, a, b, ab = read(model(head), *asked).intact_BY
    mixed = read(model(head, (2,)), *asked).intact_BY
    torch.testing.assert_close(mixed[3], ab - a - b + o)
    assert (mixed[:3] == 0).all()


def test_baked_weights_are_the_same_model_and_know_further_edits():
    net = model()
    further = torch.from_numpy(np.random.default_rng(1).normal(size=(1, 3)))
    grown = GeneWalks(
        *(net.walks.key_Q, net.walks.weight_QC),
        gene_E=torch.cat([net.walks.gene_E, torch.tensor([4])]),
        node_count=net.walks.node_count,
    )
    baked = new_latent_network(
        GeneGraphSpec(latent_dim=DIM, layers=2, hidden_dim=8),
        edit_count=len(INDEX) + 1,
        measure_orders=(0,),
        generator=torch.Generator(),
        walks=GeneWalks.of(grown.tensors()),
    ).double()
    baked.load_state_dict(net.with_all_shifts(further))
    asked = ["a:deletion+b:deletion", "x:deletion", "c:deletion@0.5+d:deletion"]
    assert torch.equal(read(baked, *asked).intact_BY, read(net, *asked).intact_BY)
    index = EditIndex([*INDEX.keys, "new:deletion"])
    batch = index.encode([parse_genotype("new:deletion+c:deletion")])
    assert torch.isfinite(baked(batch).intact_BY).all()


def test_walks_are_the_powers_of_the_graph_without_returns():
    given = walks(hops=3)
    step = normalized_adjacency(table().networks["path"], len(LOCI)).toarray()
    edits = torch.tensor([[1, 2, 3, 4, 5, 6, 0]])
    found = given.between(edits)[0]
    for hop in range(3):
        power = np.linalg.matrix_power(step, hop + 1)
        np.fill_diagonal(power, 0.0)
        np.testing.assert_allclose(found[:6, :6, hop], power, atol=1e-6)
    assert not found[6].any()
    assert given.weight_QC.shape[1] == 3


def test_a_gradient_reaches_every_weight():
    net = model("mlp", (0, 2))
    readings = net(
        INDEX.encode([parse_genotype("a:deletion+b:deletion"), parse_genotype("b:deletion")]),
        torch.Generator().manual_seed(1),
    )
    (readings.compose_BY.square().sum() + readings.intact_BY.square().sum()).backward()
    for name, weight in net.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name


@pytest.mark.parametrize("head", ["linear", "quadratic", "mlp"])
@pytest.mark.parametrize(("layers", "features"), [(1, True), (1, False), (2, True)])
def test_a_fixed_network_reads_what_it_read_before(head, layers, features):
    net = model(head, (0, 2), layers=layers, features=features).eval()
    batch = INDEX.encode([parse_genotype(text) for text in READ])
    with torch.inference_mode():
        before = net(batch)
        net.fix()
        after = net(batch)
        both = net.read(batch)
    assert (net.fixed is not None) == (layers == 1)
    for one, other in zip((*before, *before[:2]), (*after, *both), strict=True):
        np.testing.assert_allclose(
            *(x.detach().numpy() for x in (other, one)), rtol=1e-9, atol=1e-9
        )
    assert np.ptp(before.intact_BY.numpy(), axis=0).min() > 0.01
