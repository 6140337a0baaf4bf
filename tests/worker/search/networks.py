"""Small ensembles with random weights, and every design read by their own forward pass."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch

from service.contract.latent_models import PerturbationSetSpec
from worker.models.encoding import DesignBatch
from worker.models.networks import new_latent_network
from worker.search.table_builder import network_tables
from worker.search.tables import ScreenLabel, ScreenTables


@dataclass(frozen=True)
class Case:
    """An ensemble, its labels, and the edits that designs are made of."""

    members: list
    labels: list
    edits: DesignBatch
    fixed: DesignBatch

    def tables(self, order) -> ScreenTables:
        return network_tables(self.members, self.labels, self.edits, self.fixed, order)

    def batch(self, designs):
        """Designs as positions [B, order] among the edits, with the fixed ones."""
        fixed = [part.flatten().expand(len(designs), -1) for part in self.fixed]
        free = [part.flatten()[torch.from_numpy(np.asarray(designs))] for part in self.edits]
        return DesignBatch(*(torch.cat(both, dim=1) for both in zip(free, fixed, strict=True)))

    def readings(self, designs):
        """y_compose [Y, M, B] in the labels' units, of designs as positions [B, order]."""
        if not len(designs):
            return np.zeros((len(self.labels), len(self.members), 0))
        batch = self.batch(designs)
        with torch.inference_mode():
            read_MBY = np.stack([net(batch).compose_BY.numpy() for net in self.members])
        return np.stack([label.in_unit(read_MBY[:, :, y]) for y, label in enumerate(self.labels)])


def all_designs(edit_count, order):
    """Every set of `order` edits [N, order]."""
    rows = list(combinations(range(edit_count), order))
    return np.array(rows, dtype=np.int64).reshape(len(rows), order)


def alone(places, effects):
    """Designs of one edit each."""
    return DesignBatch(
        torch.tensor(places, dtype=torch.int64).reshape(-1, 1),
        torch.tensor(effects, dtype=torch.float64).reshape(-1, 1),
    )


def random_case(
    seed,
    *,
    head="mlp",
    hidden_layers=1,
    activation="relu",
    saturates=False,
    members=1,
    measure_orders=(0,),
    is_log=False,
    edit_count=7,
    fixed_count=0,
    hidden_dim=6,
):
    """An ensemble all of whose weights are random: no head is at its start."""
    generator = torch.Generator().manual_seed(seed)
    spec = PerturbationSetSpec(
        latent_dim=4,
        attention_heads=1,
        head=head,
        hidden_dim=hidden_dim,
        hidden_layers=hidden_layers,
        activation=activation,
        saturates=saturates,
    )
    vocabulary = edit_count + fixed_count + 1
    nets = [
        new_latent_network(
            spec, edit_count=vocabulary, measure_orders=measure_orders, generator=generator
        )
        .double()
        .eval()
        for _ in range(members)
    ]
    for net in nets:
        _randomize(net, generator)
    places = torch.randperm(vocabulary, generator=generator).add(1).tolist()
    effects = torch.rand(vocabulary, generator=generator).add(0.3).tolist()
    labels = [
        ScreenLabel(f"y{y}", spread=0.5 + 0.25 * y, center=0.1 * y - 0.2, is_log=is_log)
        for y in range(len(measure_orders))
    ]
    return Case(
        nets,
        labels,
        alone(places[:edit_count], effects[:edit_count]),
        alone(places[edit_count : edit_count + fixed_count], effects[:fixed_count]),
    )


def _randomize(net, generator):
    with torch.no_grad():
        for parameter in net.parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.copy_(noise * 0.6)
        net.shift_ED[0] = 0
        saturation = net.head.saturation
        if saturation is not None:
            # Sizes of designs run from below 1 to above the last step.
            net.shift_ED[1:, -1] = 0.1 + 0.2 * torch.rand(
                len(net.shift_ED) - 1, generator=generator, dtype=torch.float64
            )
            exponents = torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0], dtype=torch.float64)
            chosen = torch.randint(5, saturation.exponent_Y.shape, generator=generator)
            saturation.exponent_Y.copy_(exponents[chosen])
