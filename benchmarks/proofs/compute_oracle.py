"""Compute the oracle: `pip install cobra==0.32.1`, then `python compute_oracle.py`.

Flux balance analysis of cobra's `textbook` model (e_coli_core), aerobic on glucose, for the wild
type and every set of one to three deleted genes: growth, relative to the wild type, and product:
the acetate (mmol/gDW/h) that the strain excretes at the least when it grows at 99.99 % of its own
optimum; NaN where it does not grow. Deletions that stop the same reactions are computed once.
"""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
from cobra import Gene, Model, Reaction
from cobra.io import load_model

FILE = Path(__file__).with_name("fba_ecoli_core_oracle.npz")
PRODUCT = "EX_ac_e"
MAX_ORDER = 3
_OPTIMAL = 0.9999
_DEAD = 1e-6
_DIGITS = 6

Stopped = frozenset[str]


def aerobic_glucose() -> Model:
    """The model with its 10 mmol/gDW/h of glucose, and at most 20 of oxygen."""
    model = load_model("textbook")
    model.reactions.EX_o2_e.lower_bound = -20.0
    return model


class Stops:
    """Which reactions a deletion stops; what is asked again is looked up."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Stopped], bool] = {}

    def _does(self, reaction: Reaction, genes: Stopped) -> bool:
        own = genes & {gene.id for gene in reaction.genes}
        key = (reaction.id, own)
        if key not in self._known:
            self._known[key] = not reaction.gpr.eval(own)
        return self._known[key]

    def __call__(self, genes: tuple[Gene, ...]) -> Stopped:
        """Reactions that do not run without these genes."""
        names = frozenset(gene.id for gene in genes)
        near = {reaction for gene in genes for reaction in gene.reactions}
        return frozenset(reaction.id for reaction in near if self._does(reaction, names))


def solve(model: Model, stopped: Stopped) -> tuple[float, float]:
    """Growth in 1/h, and the least product at (nearly) that growth."""
    with model:
        for name in stopped:
            model.reactions.get_by_id(name).bounds = (0.0, 0.0)
        growth = float(model.slim_optimize(error_value=0.0))
        if growth < _DEAD:
            return 0.0, float("nan")
        (biomass,) = (r for r in model.reactions if r.objective_coefficient)
        biomass.lower_bound = _OPTIMAL * growth
        model.objective = PRODUCT
        model.objective_direction = "min"
        return growth, float(model.slim_optimize())


def designs(genes: list[Gene]) -> Iterator[tuple[Gene, ...]]:
    """By order, then as `combinations` gives them: that of the file."""
    for order in range(MAX_ORDER + 1):
        yield from combinations(genes, order)


def coded(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct values, and the place of each among them: few are distinct."""
    kept, code = np.unique(np.round(values, _DIGITS), return_inverse=True)
    return kept, code.reshape(-1).astype(np.uint16)


def main() -> None:
    """Compute and write."""
    model, stops = aerobic_glucose(), Stops()
    # s0001 stands for spontaneous reactions; it is no gene.
    genes = sorted((g for g in model.genes if g.id.startswith("b")), key=lambda gene: gene.id)
    places: dict[Stopped, int] = {}
    place_D = [places.setdefault(stops(design), len(places)) for design in designs(genes)]
    print(f"{len(place_D):,} designs stop {len(places):,} sets of reactions", flush=True)
    found = np.array([solve(model, stopped) for stopped in places])
    growth, growth_code = coded((found[:, 0] / found[0, 0])[place_D])
    product, product_code = coded(found[place_D, 1])
    np.savez_compressed(
        FILE,
        genes=np.array([gene.id for gene in genes]),
        growth=growth,
        growth_code=growth_code,
        product=product,
        product_code=product_code,
    )
    print(f"{FILE}: {len(genes)} genes, {len(growth)} growths, {len(product)} products")


if __name__ == "__main__":
    main()
