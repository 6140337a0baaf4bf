"""Laws of perturbation_set: nesting, emptiness, order, levels, mixed differences."""

import itertools

import pytest
import torch

from service.contract.designs import parse_genotype
from service.contract.latent_models import PerturbationSetSpec
from worker.models.encoding import EditIndex
from worker.models.perturbation_set import PerturbationSet

KEYS = [f"{locus}:deletion" for locus in "abcd"] + ["e:overexpression", "f:knockdown"]
INDEX = EditIndex(KEYS)


def model(head="mlp", measure_orders=(0,), *, trained=True, layers=1, saturates=True):
    generator = torch.Generator().manual_seed(5)
    spec = PerturbationSetSpec(
        latent_dim=6,
        attention_heads=4,
        attention_layers=layers,
        head=head,
        hidden_dim=8,
        saturates=saturates,
    )
    net = PerturbationSet(
        spec, edit_count=len(INDEX), measure_orders=measure_orders, generator=generator
    ).double()
    if trained:
        torch.nn.init.normal_(net.interaction.weight, generator=generator)
        if net.head.output is not None:
            torch.nn.init.normal_(net.head.output.weight, generator=generator)
        if net.head.quadratic_YDD is not None:
            torch.nn.init.normal_(net.head.quadratic_YDD, generator=generator)
        if net.head.saturation is not None:
            torch.nn.init.normal_(net.head.saturation.step_YK, generator=generator)
            torch.nn.init.uniform_(net.head.saturation.exponent_Y, generator=generator)
    return net


def read(net, *genotypes):
    return net(INDEX.encode([parse_genotype(g) for g in genotypes]))


@pytest.mark.parametrize("head", ["linear", "quadratic", "mlp"])
def test_the_empty_design_is_the_reference(head):
    net = model(head)
    readings = read(net, "", "a:deletion+b:deletion")
    assert torch.equal(readings.z_I_BD[0], net.reference_D)
    assert torch.equal(readings.z_P_BD[0], torch.zeros(6).double())
    assert torch.equal(readings.compose_BY[0], readings.intact_BY[0])


def test_a_batch_of_empty_designs_alone():
    assert torch.isfinite(read(model(), "", "").intact_BY).all()


@pytest.mark.parametrize("order", [0, 2, 3])
def test_no_designs_have_no_readings(order):
    """A training that holds nothing out reads none."""
    net = model(measure_orders=(order, 0))
    assert read(net).compose_BY.shape == read(net).intact_BY.shape == (0, 2)
    assert net.composed(INDEX.encode([])).shape == (0, 2)


def test_it_starts_as_the_additive_latent():
    readings = read(model(trained=False), "a:deletion+b:deletion+c:deletion")
    assert torch.equal(readings.compose_BY, readings.intact_BY)


@pytest.mark.parametrize("layers", [1, 2])
def test_single_edits_have_no_interaction_and_pairs_do(layers):
    readings = read(model(layers=layers), "a:deletion", "a:deletion+b:deletion")
    assert torch.equal(readings.compose_BY[0], readings.intact_BY[0])
    assert not torch.allclose(readings.compose_BY[1], readings.intact_BY[1], atol=1e-3)


def test_padding_and_edits_without_effect_change_nothing():
    net = model()
    alone = read(net, "a:deletion+b:deletion").intact_BY[0]
    padded = read(net, "a:deletion+b:deletion", "a:deletion+b:deletion+c:deletion+d:deletion")
    torch.testing.assert_close(padded.intact_BY[0], alone)
    idle = read(net, "a:deletion+b:deletion+e:overexpression@1+f:knockdown@1")
    torch.testing.assert_close(idle.intact_BY[0], alone)


def test_order_of_the_edits_does_not_matter():
    net = model(layers=2)
    batch = INDEX.encode([parse_genotype("a:deletion+b:deletion+f:knockdown@0.3")])
    for order in itertools.permutations(range(3)):
        permuted = type(batch)(batch.edit_BP[:, list(order)], batch.effect_BP[:, list(order)])
        torch.testing.assert_close(net(permuted).intact_BY, net(batch).intact_BY)


@pytest.mark.parametrize("head", ["quadratic", "mlp"])
def test_interaction_labels_are_mixed_differences_of_the_head(head):
    direct = model(head, (0, 0))
    mixed = model(head, (2, 3))
    genotypes = [
        "+".join(f"{x}:deletion" for x in subset)
        for size in range(4)
        for subset in itertools.combinations("abc", size)
    ]
    h = read(direct, *genotypes)
    value = read(mixed, *genotypes)
    for name in ("compose_BY", "intact_BY"):
        o, a, b, c, ab, ac, bc, abc = getattr(h, name)
        result = getattr(value, name)
        torch.testing.assert_close(result[4, 0], (ab - a - b + o)[0])
        torch.testing.assert_close(result[7, 1], (abc - ab - ac - bc + a + b + c - o)[1])
        assert (result[:4] == 0).all()  # vanish below their order
        assert (result[4:7, 1] == 0).all()


def test_a_linear_head_on_the_composed_state_has_no_epistasis():
    value = read(model("linear", (2,), saturates=False), "a:deletion+b:deletion")
    assert value.compose_BY.abs().max() < 1e-12
    assert value.intact_BY.abs().max() > 1e-3


def test_dropout_reads_all_states_of_a_design_through_one_mask():
    net = model("mlp", (0, 2))
    torch.nn.init.zeros_(net.interaction.weight)
    net.dropout = 0.5

    def draw(genotype):
        return net(INDEX.encode([parse_genotype(genotype)]), torch.Generator().manual_seed(1))

    readings = draw("a:deletion+b:deletion")
    assert torch.equal(readings.compose_BY, readings.intact_BY)
    assert not torch.allclose(readings.compose_BY, read(net, "a:deletion+b:deletion").compose_BY)
    idle = draw("a:deletion+e:overexpression@1").compose_BY[0, 1]
    assert idle.abs() < 1e-12  # h(a) - h(a) - h(0) + h(0)


def test_the_start_comes_from_the_generator_alone():
    first, second = model(), model()
    torch.manual_seed(1)
    third = model()
    for other in (second, third):
        for name, value in first.state_dict().items():
            assert torch.equal(value, other.state_dict()[name]), name


@pytest.mark.parametrize("head", ["linear", "quadratic", "mlp"])
@pytest.mark.parametrize("orders", [(0,), (0, 2, 3)])
def test_gates_before_the_head_are_the_same_as_gates_in_it(head, orders):
    net = model(head, orders)
    gate_D = torch.tensor([1.0, 0.0, 0.3, 0.7, 0.0, 1.0], dtype=torch.float64)
    batch = INDEX.encode([parse_genotype(g) for g in ("", "a:deletion+b:deletion+c:deletion")])
    gated = net(batch, None, gate_D)
    kept = model(head, orders)
    kept.load_state_dict(net.weights_with(gate_D))
    readings = kept(batch)
    torch.testing.assert_close(readings.compose_BY, gated.compose_BY)
    torch.testing.assert_close(readings.intact_BY, gated.intact_BY)
    assert torch.equal(readings.z_I_BD, gated.z_I_BD)  # states are before the gates
    assert not torch.allclose(net(batch).intact_BY, gated.intact_BY)
    assert (kept.head.linear.weight[:, [1, 4]] == 0).all()


def test_weights_without_gates_are_a_copy():
    net = model()
    copy = net.weights_with(None)
    with torch.no_grad():
        net.shift_ED += 1
    assert not torch.equal(copy["shift_ED"], net.shift_ED)


def test_the_paths_of_a_head_are_those_from_its_input_to_its_output():
    assert [[tuple(w.shape) for w in path] for path in model("linear").head.paths()] == [[(6, 1)]]
    paths = model("mlp", (0, 0)).head.paths()
    assert [[tuple(w.shape) for w in path] for path in paths] == [[(6, 2)], [(6, 8), (8, 2)]]
    assert model("quadratic").head.paths() == []
