"""Searches for designs of 4 to 6 of 121 edits: what branch and bound proves, and what others reach.

    python benchmarks/large_orders.py [--quick] [--only NAME ...] [--data DIR] [--out DIR]

Models are trained on all isoprenol designs. Where the best 100 are proven, a beam and an evolution
are asked how many of them they find; where they cannot be (a Gaussian process), which of the two
finds the better ones is told. Seconds are of one thread, with the beam that goes before a tree.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from machine import hardware

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.accuracy_rows.tables import Data, load
from benchmarks.proofs.fitting import fit_data
from service.contract.proposals import Proposal, SearchReport
from service.contract.search import SearchSpec
from service.contract.splits import NoSplit
from worker.inference.predictor import Predictor
from worker.search.run import search

LABEL, BEST, EPOCHS = "isoprenol", 100, 100
ORDERS = (4, 5, 6)
MLP = {"kind": "perturbation_set", "head": "mlp"}
Fields = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """A model, and how its designs are ranked."""

    name: str
    model: Fields
    members: int = 5
    rank_by: str = "lower_bound"
    has_bounds: bool = True


ROWS = (
    Row("linear head, mean - sd of 5", {"kind": "perturbation_set", "head": "linear"}),
    Row("quadratic head, mean - sd of 5", {"kind": "perturbation_set", "head": "quadratic"}),
    Row("64 relu, mean - sd of 5", MLP | {"activation": "relu"}),
    Row("64 relu, mean of 5", MLP | {"activation": "relu"}, rank_by="mean"),
    Row("64 gelu, mean - sd of 5", MLP),
    Row("64 + 64 gelu, mean - sd of 5", MLP | {"hidden_layers": 2}),
    Row("Gaussian process", {"kind": "gp"}, members=1, has_bounds=False),
)
OTHERS: dict[str, Fields] = {
    "beam of 100": {"strategy": "beam", "beam_width": 100},
    "beam of 1,000": {"strategy": "beam", "beam_width": 1000},
    "evolution of 200,000": {"strategy": "evolutionary"},
}
BOUNDED: Fields = {"strategy": "branch_and_bound", "branch_and_bound": {"nodes": 10**6}}


def found_by(row: Row, predictor: Predictor, order: int, fields: Fields) -> "Found":
    """One search."""
    spec = SearchSpec.model_validate(
        {
            "model_id": "m",
            "objectives": [{"label": LABEL}],
            "rank_by": row.rank_by,
            "min_order": order,
            "max_order": order,
            "proposal_count": BEST,
            **fields,
        }
    )
    begun = time.perf_counter()
    report, proposals = search(spec, predictor)
    return Found(report, proposals, time.perf_counter() - begun)


@dataclass(frozen=True)
class Found:
    """What a search has found."""

    report: SearchReport
    proposals: list[Proposal]
    seconds: float

    @property
    def evaluated(self) -> int:
        """Designs that were scored."""
        return sum(order.evaluated_count for order in self.report.orders)

    @property
    def possible(self) -> int:
        """Designs that there are."""
        return sum(order.possible_count for order in self.report.orders)

    def recall(self, best: "Found") -> int:
        """How many of the best of another search it has."""
        names = {proposal.genotype for proposal in best.proposals}
        return len(names & {proposal.genotype for proposal in self.proposals})

    @property
    def mean(self) -> float:
        """Value of its proposals."""
        return sum(proposal.value for proposal in self.proposals) / len(self.proposals)


def lines_of(row: Row, predictor: Predictor, orders: Sequence[int]) -> Iterable[str]:
    """Lines of the table, an order and a search each."""
    for order in orders:
        best = None
        if row.has_bounds:
            best = found_by(row, predictor, order, BOUNDED)
            yield _line(row, order, "branch and bound", best, _proof(best))
        for name, fields in OTHERS.items():
            found = found_by(row, predictor, order, fields)
            told = "" if best is None else f"{found.recall(best)} of {BEST}"
            yield _line(row, order, name, found, told)


def _proof(found: Found) -> str:
    proof = found.report.proof
    if proof is None:
        raise ValueError("a branch and bound always says what it has proven")
    if proof.is_proven:
        return f"proven, {proof.node_count:,} nodes"
    gap = "no bound" if proof.gap is None else f"gap {proof.gap:.3g}"
    return f"{gap} after {proof.node_count:,} nodes"


def _line(row: Row, order: int, name: str, found: Found, told: str) -> str:
    pruned = 1.0 - found.evaluated / found.possible
    return (
        f"| {row.name} | {order} | {name} | {found.evaluated:,} of {found.possible:,} | "
        f"{100 * pruned:.4f} % | {found.seconds:.1f} | {found.mean:.4g} | {told} |"
    )


HEAD = f"""# Designs of 4 to 6 of 121 edits

{{machine}}

Models of isoprenol titre (mg/L), trained on all designs of the example (networks for {EPOCHS}
epochs at most); every set of 4, 5 or 6 of the 121 knock-downs, the best {BEST} asked for. *Scored*
are designs that the model read; the rest was pruned. *Mean value* is that of the {BEST} proposals,
in mg/L. The last column says what was proven, or how many of the proven best a search has. Seconds
are of one thread, by the clock.

| model | edits | search | scored | pruned | seconds | mean value | |
|---|---|---|---|---|---|---|---|
"""


def fitted(row: Row, data: Data, *, epochs: int) -> Predictor:
    """The row's model of all designs."""
    training: Fields = {"model": row.model, "ensemble_size": row.members}
    if row.has_bounds:
        training["epochs"] = epochs
    return fit_data(data, LABEL, training, NoSplit())


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few epochs, order 4 alone")
    parser.add_argument(
        "--only", nargs="+", choices=[row.name for row in ROWS], help="these models"
    )
    parser.add_argument("--data", type=Path, help="folder of data that is not in the examples")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    machine = hardware()
    lines = []
    with TemporaryDirectory(prefix="large-orders-") as work:
        data = load(LABEL, given.data, Path(work))
        for row in (row for row in ROWS if not given.only or row.name in given.only):
            predictor = fitted(row, data, epochs=2 if given.quick else EPOCHS)
            for line in lines_of(row, predictor, ORDERS[:1] if given.quick else ORDERS):
                print(line, flush=True)
                lines.append(line)
    page = HEAD.format(machine=machine) + "\n".join(lines) + "\n"
    if not given.quick:
        (given.out / "large_orders.md").write_text(page)


if __name__ == "__main__":
    main()
