"""Small models of every kind, and every small design of them, read one by one."""

from functools import cache
from itertools import combinations

import numpy as np
import pytest

from service.contract.datasets import LabelColumn
from service.contract.designs import Design, parse_edit
from service.contract.errors import InvalidDesignError
from tests.worker.tables import FITNESS, IDENTITY, small_spec, write_table
from worker.inference.predictor import Predictor
from worker.training.run import train_model

EPSILON = LabelColumn(name="epsilon", kind="interaction", measure="epsilon", unit="1")
YIELD = LabelColumn(name="yield", kind="yield", unit="g/g")
# Edits that exclude each other in every way that there is, and one that training never combines.
EDITS = (
    *(f"g{i}:knockdown" for i in range(5)),
    *("g0:deletion", "g1:overexpression", "g1:copy_number", "g2:allele=ts", "g2:allele=damp"),
    *("g3:insertion=a", "g3:insertion=b", "g4:deletion"),
)
LARGEST = 3

KINDS = {
    "train_mean": {"kind": "train_mean"},
    "additive": {"kind": "additive"},
    "multiplicative": {"kind": "multiplicative"},
    "pairwise": {"kind": "pairwise"},
    "low_rank": {"kind": "low_rank", "rank": 3},
    "nearest_design": {"kind": "nearest_design"},
    "profile_knn": {"kind": "profile_knn"},
    "profile_gp": {"kind": "profile_gp", "rank": 3},
    "forest": {"kind": "forest", "trees": 8},
    "gp": {"kind": "gp", "max_selection_rows": 40},
    "linear": {"kind": "perturbation_set", "latent_dim": 6, "head": "linear"},
    "quadratic": {"kind": "perturbation_set", "latent_dim": 6, "head": "quadratic"},
    "mlp": {"kind": "perturbation_set", "latent_dim": 6, "head": "mlp", "hidden_dim": 8},
}
LATENT = ("linear", "quadratic", "mlp")


@cache
def stands(chosen):
    """The design of some edits, None where there is none."""
    try:
        return Design.of(chosen)
    except InvalidDesignError:
        return None


def standing(edits, size):
    """All designs of `size` edits of a list, as `Design` allows them."""
    for chosen in combinations(sorted(edits, key=str), size):
        design = stands(chosen)
        if design is not None:
            yield design


class EveryDesign:
    """A model, and its readings of all designs of up to three edits at any level: the oracle."""

    def __init__(self, predictor):
        self.predictor = predictor
        self._read = {}

    def readings(self, designs):
        """Both readings [2, M] of every label of each design, in its unit."""
        new = [design for design in designs if design.genotype not in self._read]
        if new:
            found = self.predictor.readings(new)
            for b, design in enumerate(new):
                self._read[design.genotype] = [
                    (label.compose_MBY[:, b], label.intact_MBY[:, b]) for label in found
                ]
        return [self._read[design.genotype] for design in designs]


def trained_table(path):
    """A hundred designs of one or two edits, with three labels."""
    rng = np.random.default_rng(5)
    edits = [parse_edit(text) for text in EDITS]
    designs = [Design(), *standing(edits, 1), *standing(edits, 2)]
    effect = dict(zip(EDITS, rng.normal(0, 0.3, len(EDITS)), strict=True))
    total = np.array([sum(effect[str(e)] for e in design.edits) for design in designs])
    pairs = np.array([0.5 * (design.order == 2) for design in designs]) * rng.normal(
        0, 1, len(designs)
    )
    return write_table(
        path,
        [design.genotype for design in designs],
        label__fitness=np.exp(total + 0.2 * pairs),
        label__yield=1.0 - 0.8 * total + 0.3 * pairs,
        label__epsilon=np.where([design.order == 2 for design in designs], pairs, np.nan),
    )


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Kind to model, trained when it is first asked for."""
    table = trained_table(tmp_path_factory.mktemp("search") / "t.parquet")
    known = {}

    def get(kind, members=4):
        if (kind, members) not in known:
            labels = ["fitness", "yield"] + ["epsilon"] * (kind in LATENT)
            spec = small_spec(
                labels=[{"name": name} for name in labels],
                model=KINDS[kind],
                ensemble_size=members,
                epochs=4,
                split={"kind": "none"},
            )
            trained = train_model(
                spec, table, [FITNESS, YIELD, EPSILON], identity=IDENTITY, with_report=False
            )
            known[kind, members] = EveryDesign(Predictor.load(trained.weights, trained.manifest))
        return known[kind, members]

    return get
