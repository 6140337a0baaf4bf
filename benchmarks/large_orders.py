"""Searches for designs of 4 to 6 of 121 edits: what branch and bound proves, and what others reach.

    python benchmarks/large_orders.py [--quick] [--only NAME ...] [--data DIR] [--out DIR]

Models are trained on all isoprenol designs. Where the best 100 are proven, a beam and an evolution
are asked how many of them they find; where they cannot be (a Gaussian process), which of the two
finds the better ones is told. Of designs of 4 edits all are scored, too, one by one. What was
found is kept in `--work`, so that a run that was stopped goes on, and models can be measured apart.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from machine import hardware

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.accuracy_rows.tables import Data, load
from benchmarks.proofs.fitting import fit_data
from benchmarks.proofs.steps import Steps
from service.contract.search import SearchSpec
from service.contract.splits import NoSplit
from worker.inference.predictor import Predictor
from worker.search.run import search

ROOT = Path(__file__).parents[1]
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
    Row("Gaussian process, mean - sd of 5", {"kind": "gp"}, has_bounds=False),
)
OTHERS: dict[str, Fields] = {
    "beam of 100": {"strategy": "beam", "beam_width": 100},
    "beam of 1,000": {"strategy": "beam", "beam_width": 1000},
    "evolution of 200,000": {"strategy": "evolutionary"},
}
NODES = 20_000
BOUNDED: Fields = {"strategy": "branch_and_bound", "branch_and_bound": {"nodes": NODES}}
ALL_NAME = "all, one by one"
ALL: Fields = {"strategy": "batched"}
ALL_ORDER = 4  # beyond it there are more designs than one by one goes through


def searched(row: Row, predictor: Predictor, order: int, fields: Fields) -> Fields:
    """One search: what it found, and the processor time that it took."""
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
    begun = time.process_time()
    report, proposals = search(spec, predictor)
    return {
        "seconds": time.process_time() - begun,
        "report": report.model_dump(mode="json"),
        "genotypes": [proposal.genotype for proposal in proposals],
        "values": [proposal.value for proposal in proposals],
    }


class NotMeasuredError(Exception):
    """A search was not done yet, and is not to be done now."""


def lines_of(row: Row, run: "Run") -> Iterable[str]:
    """Lines of the table, an order and a search each; those that were not measured are left out."""
    asked: dict[str, Fields] = {"branch and bound": BOUNDED} if row.has_bounds else {}
    asked |= {ALL_NAME: ALL} | OTHERS
    predictor = lru_cache(partial(run.ready, row))
    for order in run.orders:
        best: Fields | None = None
        for name, fields in asked.items():
            if name == ALL_NAME and order > ALL_ORDER:
                continue
            try:
                found = run.found(row, order, name, fields, predictor)
            except NotMeasuredError:
                continue
            proof = found["report"]["proof"]
            told = "" if best is None else f"{_recall(found, best)} of {BEST}"
            if proof is not None:
                told = _proof(proof)
            if best is None and (name == ALL_NAME or (proof is not None and proof["is_proven"])):
                best = found
            yield _line(row, order, name, found, told)


@dataclass(frozen=True)
class Run:
    """What is measured, on what, and where it is kept; nothing new where it `only_shows`."""

    data: Data
    orders: Sequence[int]
    epochs: int
    steps: Steps
    only_shows: bool

    def ready(self, row: Row) -> Predictor:
        """The row's model, after a search of pairs, which compiles what is not compiled yet."""
        if self.only_shows:
            raise NotMeasuredError
        predictor = fitted(row, self.data, epochs=self.epochs)
        searched(row, predictor, 2, BOUNDED if row.has_bounds else ALL)
        return predictor

    def found(
        self, row: Row, order: int, name: str, fields: Fields, predictor: Callable[[], Predictor]
    ) -> Fields:
        """What a search has found, now or before."""
        said = {"epochs": self.epochs, "model": row.model, "members": row.members}
        said |= {"rank": row.rank_by, "search": fields}
        work = partial(_work, row, predictor, order, fields)
        return self.steps.figures(f"{row.name} {order} {name}", said, work)


def _work(row: Row, predictor: Callable[[], Predictor], order: int, fields: Fields) -> Fields:
    return searched(row, predictor(), order, fields)


def _recall(found: Fields, best: Fields) -> int:
    """How many of the best of another search it has."""
    return len({*found["genotypes"]} & {*best["genotypes"]})


def _proof(proof: Mapping[str, Any]) -> str:
    if proof["is_proven"]:
        return f"proven, {proof['node_count']:,} nodes"
    gap = "no bound" if proof["gap"] is None else f"gap {proof['gap']:.3g}"
    return f"{gap} after {proof['node_count']:,} nodes"


def _line(row: Row, order: int, name: str, found: Fields, told: str) -> str:
    (counted,) = found["report"]["orders"]
    evaluated, possible = counted["evaluated_count"], counted["possible_count"]
    mean = sum(found["values"]) / len(found["values"])
    return (
        f"| {row.name} | {order} | {name} | {evaluated:,} of {possible:,} | "
        f"{100 * (1.0 - evaluated / possible):.4f} % | {found['seconds']:.1f} | {mean:.4g} | "
        f"{told} |"
    )


HEAD = f"""# Designs of 4 to 6 of 121 edits

{{machine}}

Models of isoprenol titre (mg/L), trained on all designs of the example (networks for {EPOCHS}
epochs at most); every set of 4, 5 or 6 of the 121 knock-downs, the best {BEST} asked for. *Scored*
are designs that the model read; the rest was pruned, by a bound or by a budget of {NODES:,} nodes.
*Mean value* is that of the {BEST} proposals, in mg/L. The last column says what was proven, or how
many of the {BEST} best it holds, where these are known (proven, or found one by one). Seconds are
processor time of one thread, as the machine was busy with other work; what is compiled at the first
search was compiled before. *All, one by one* scores every design: of more than 4 edits there are
too many. Searches that were not measured are left out.

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
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "large_orders")
    parser.add_argument("--page", action="store_true", help="write the page from what is kept")
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows = [row for row in ROWS if not given.only or row.name in given.only]
    orders, epochs = (ORDERS[:1], 2) if given.quick else (ORDERS, EPOCHS)
    steps = Steps(given.work, "large_orders", len(rows) * len(orders) * (len(OTHERS) + 1))
    lines = []
    with TemporaryDirectory(prefix="large-orders-") as work:
        data = load(LABEL, given.data, Path(work))
        run = Run(data, orders, epochs, steps, only_shows=given.page)
        for row in rows:
            for line in lines_of(row, run):
                print(line, flush=True)
                lines.append(line)
    page = HEAD.format(machine=hardware()) + "\n".join(lines) + "\n"
    if not given.quick:
        (given.out / "large_orders.md").write_text(page)


if __name__ == "__main__":
    main()
