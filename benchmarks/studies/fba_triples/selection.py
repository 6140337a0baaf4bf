"""Which model is chosen for triples: inner test on the doubles, with the singles to learn from.

Triples are in no part of this. The step from singles to doubles is the only one inside the
training part that, as the step from doubles to triples, goes to an order that was not seen.
"""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.accuracy_rows.rows import ROWS
from benchmarks.accuracy_rows.tables import SOURCES, lines
from benchmarks.studies.fba_triples.lattice import r2
from service.contract.datasets import DatasetSpec
from service.contract.splits import OrderSplit
from service.contract.training import TrainingSpec
from worker.data.ingest import ingest_table
from worker.data.table import read_table
from worker.inference.predictor import Predictor
from worker.training.manifest import TableIdentity
from worker.training.preparation import prepare
from worker.training.run import train_model

_BOUND = {"upper_bound": "min_lower_orders"}
CANDIDATES: Mapping[str, dict[str, Any]] = {
    "minimum of the parts": {"model": {"kind": "pairwise", "rule": "min"}, "ensemble_size": 1},
    "product of the parts": {"model": {"kind": "pairwise"}, "ensemble_size": 1},
    "product, bounded": {"model": {"kind": "pairwise"}, "ensemble_size": 1, **_BOUND},
    "additive": {"model": {"kind": "additive"}, "ensemble_size": 1},
    "additive, bounded": {"model": {"kind": "additive"}, "ensemble_size": 1, **_BOUND},
    "multiplicative, bounded": {
        "model": {"kind": "multiplicative", "floor": 0.01}, "ensemble_size": 1, **_BOUND,
    },
    "forest, bounded": {"model": {"kind": "forest"}, "ensemble_size": 1, **_BOUND},
    "perturbation_set": {"model": {"kind": "perturbation_set"}},
    "perturbation_set, bounded": {"model": {"kind": "perturbation_set"}, **_BOUND},
}  # fmt: skip


def inner_r2(path: Path) -> dict[str, float]:
    """R2 of growth on all doubles, by candidate; trained on the wild type and the singles."""
    row = ROWS["fba_triples"]
    with TemporaryDirectory(prefix="fba-triples-") as name:
        folder = Path(name)
        rows = [line for line in lines(path) if int(line["order"]) <= 2]
        text = ["knockouts\tgrowth", *(f"{x['knockouts']}\t{x['growth']}" for x in rows)]
        (folder / "rows.tsv").write_text("\n".join(text) + "\n")
        spec = DatasetSpec.model_validate(SOURCES[row.data].spec([]))
        table = folder / "table.parquet"
        ingest_table(
            folder / "rows.tsv", spec, table, progress=lambda _: None, should_stop=lambda: False
        )
        return {name: _one(training, table, spec) for name, training in CANDIDATES.items()}


def _one(training: Mapping[str, Any], table: Path, columns: DatasetSpec) -> float:
    spec = TrainingSpec.model_validate(
        {
            **training,
            "dataset_id": "study",
            "labels": [{"name": "growth"}],
            "split": OrderSplit(max_train_order=1).model_dump(),
            "device": "cpu",
        }
    )
    identity = TableIdentity("study", "0" * 64, "0" * 64)
    trained = train_model(spec, table, columns.labels, identity=identity, with_report=False)
    test = prepare(spec, read_table(table), columns.labels, ()).test
    (read,) = Predictor.load(trained.weights, trained.manifest).readings(test.designs)
    return r2(read.intact_MBY.mean(axis=0), test.design_means()[:, 0])
