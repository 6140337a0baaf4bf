"""One evaluation: a row, a model and a seed, trained by the code of the service, measured, kept."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy_rows.genes import gene_files, load_genes
from benchmarks.accuracy_rows.measures import Floats, HeldOut, differences, joined, measure
from benchmarks.accuracy_rows.parts import Flags, Fold, fold_of
from benchmarks.accuracy_rows.references import REFERENCES
from benchmarks.accuracy_rows.rows import Row
from benchmarks.accuracy_rows.specs import Candidate, git, require_committed
from benchmarks.accuracy_rows.store import Key, Result, Store
from benchmarks.accuracy_rows.tables import Data
from benchmarks.machine import processor
from service.contract.genes import GenesUse
from service.contract.training import TrainingSpec
from worker.data.table import DesignTable, read_table
from worker.inference.predictor import Predictor
from worker.models.encoding import EditIndex
from worker.training.manifest import TableIdentity
from worker.training.progress import Attempt
from worker.training.run import train_model

# Raised when the code that trains or measures changes what comes out: all is evaluated afresh.
RULES = 1
_ROOT = Path(__file__).parents[2]


@dataclass
class Bench:
    """The data of a row, and what was kept; tables and folds are read once."""

    row: Row
    data: Data
    store: Store
    folder: Path | None = None
    should_stop: Callable[[], bool] = lambda: False
    code: Mapping[str, Any] = field(default_factory=lambda: code())
    _table: DesignTable | None = None
    _folds: dict[int, list[Fold]] = field(default_factory=dict)

    @property
    def table(self) -> DesignTable:
        """The canonical table."""
        self._table = self._table or read_table(self.data.table)
        return self._table

    def folds(self, seed: int) -> list[Fold]:
        """Of a seed; a fixed row has the same for all."""
        own = 0 if self.row.is_fixed else seed
        if own not in self._folds:
            splits = self.row.splits(own)
            self._folds[own] = [fold_of(self.row, self.data, self.table, s) for s in splits]
        return self._folds[own]

    def tested(self, seed: int) -> HeldOut:
        """Test designs of all folds."""
        return joined([fold.tested for fold in self.folds(seed)])

    def _genes(self, candidate: Candidate) -> dict[str, Any]:
        """Hashes of the gene tables that a candidate names."""
        if candidate.training.get("genes") is None:
            return {}
        use = GenesUse.model_validate(candidate.training["genes"])
        return {"genes": gene_files(use, self.folder)}

    def fingerprint(self, candidate: Candidate, seed: int) -> str:
        """The same for two evaluations that have to give the same figures."""
        said = {
            "rules": RULES,
            "training": dict(candidate.training),
            "transform": candidate.transform,
            "label": self.row.label,
            "data": self.data.sha256,
            **self._genes(candidate),
            "splits": [s.model_dump(mode="json") for s in self.row.splits(seed)],
            "seed": seed,
            **({"group": self.data.group} if self.data.group else {}),
        }
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def spec_of(bench: Bench, candidate: Candidate, fold: Fold, seed: int) -> TrainingSpec:
    """The job that an evaluation is."""
    label = {"name": bench.row.label, "transform": candidate.transform}
    return TrainingSpec.model_validate(
        {
            **candidate.training,
            "dataset_id": bench.data.name,
            "labels": [label],
            "split": fold.split.model_dump(),
            "seed": seed,
            "device": "cpu",
        }
    )


def hidden_loci(table: DesignTable, train_N: Flags) -> set[str]:
    """Loci of a table that training has no design of."""
    known = {table.designs[k] for k in np.unique(table.design_N[train_N])}
    loci = {edit.locus for design in table.designs for edit in design.edits}
    return loci - {edit.locus for design in known for edit in design.edits}


def _predict(bench: Bench, candidate: Candidate, fold: Fold, seed: int) -> tuple[Floats, Floats]:
    """Both readings of a fold's test designs, means over the members, in the label's unit."""
    data = bench.data
    reference = candidate.training.get("reference")
    if reference is not None:
        value_K = REFERENCES[reference](fold, bench.table, bench.folder)
        return value_K, value_K
    spec = spec_of(bench, candidate, fold, seed)
    genes = None
    if spec.genes is not None:
        hidden = hidden_loci(bench.table, fold.train_N)
        genes = load_genes(spec.genes, fold.split, bench.folder, bench.store.work, hidden)
    trained = train_model(
        spec,
        data.table,
        data.labels,
        data.covariates,
        identity=TableIdentity(data.name, data.sha256, data.sha256),
        genes=genes,
        attempt=Attempt(should_stop=bench.should_stop),
        with_report=False,
    )
    predictor = Predictor.load(trained.weights, trained.manifest)
    if not bench.row.has_unseen_genes:
        (read,) = predictor.readings(fold.designs)
        return read.intact_MBY.mean(axis=0), read.compose_MBY.mean(axis=0)
    return with_means(predictor, fold)


def with_means(predictor: Predictor, fold: Fold) -> tuple[Floats, Floats]:
    """Readings where the model can encode a design; the training mean for genes in no gene table.

    As to the nulls: to a ridge on features such a gene is an average one.
    """
    index = EditIndex(predictor.manifest.edits)
    known_K = np.array([index.knows(design) for design in fold.designs], dtype=bool)
    mean = float(np.nanmean(fold.learned_N[fold.train_N]))
    intact_K, compose_K = np.full((2, len(known_K)), mean)
    known = [fold.designs[k] for k in np.flatnonzero(known_K)]
    (read,) = predictor.readings(known)
    intact_K[known_K] = read.intact_MBY.mean(axis=0)
    compose_K[known_K] = read.compose_MBY.mean(axis=0)
    return intact_K, compose_K


def evaluate(bench: Bench, candidate: Candidate, seed: int) -> Result:
    """Train, predict, measure, keep, log.

    Raises:
        UncommittedSpecError: a chosen spec is not in git.
        TrainingStoppedError: the budget is spent; nothing is kept or logged.
    """
    require_committed(candidate)
    key = Key(bench.row.name, candidate.name, seed)
    fingerprint = bench.fingerprint(candidate, seed)
    folds = bench.folds(seed)
    wall, processor_time = time.monotonic(), time.process_time()
    read = [_predict(bench, candidate, fold, seed) for fold in folds]
    seconds, core_seconds = time.monotonic() - wall, time.process_time() - processor_time
    intact_K, compose_K = (np.concatenate(parts) for parts in zip(*read, strict=True))
    tested = bench.tested(seed)
    metrics: dict[str, Any] = {**measure(bench.row, intact_K, tested)}
    if not np.array_equal(intact_K, compose_K):
        metrics["y_compose"] = measure(bench.row, compose_K, tested)
    said = _said(bench, candidate, seed)
    bench.store.log(said | {"metrics": metrics, "seconds": round(seconds, 1)})
    bench.store.keep(key, fingerprint, intact_K)
    result = said | {
        "fingerprint": fingerprint,
        "metrics": metrics,
        "seconds": round(seconds, 1),
        "core_seconds": round(core_seconds, 1),
        "machine": processor(),
        "training": dict(candidate.training),
        "selection": candidate.selection,
    }
    bench.store.save(key, result)
    return result


def code() -> dict[str, Any]:
    """The commit, and whether what trains and measures is as it says."""
    folders = ("service", "worker", "benchmarks/accuracy_rows")
    changed = git("status", "--porcelain", "--", *folders, folder=_ROOT)
    return {"commit": git("rev-parse", "HEAD", folder=_ROOT), "code_is_committed": not changed}


def _said(bench: Bench, candidate: Candidate, seed: int) -> dict[str, Any]:
    """What was evaluated, when, and with which code."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        **bench.code,
        "row": bench.row.name,
        "model": candidate.name,
        "role": candidate.role,
        "spec_sha256": candidate.sha256,
        "data_sha256": bench.data.sha256,
        "seed": seed,
    }  # fmt: skip


def predictions_of(bench: Bench, nulls: Mapping[str, Candidate], seed: int) -> dict[str, Floats]:
    """Predictions of the nulls on the test part of a seed, where they are here."""
    places = (seed, 0) if bench.row.is_fixed else (seed,)
    found = {}
    for name, null in nulls.items():
        for place in places:
            key = Key(bench.row.name, name, place)
            value_K = bench.store.predictions(key, bench.fingerprint(null, place))
            if value_K is not None:
                found[name] = value_K
                break
    return found


def compare(bench: Bench, candidate: Candidate, nulls: Mapping[str, Floats], seed: int) -> None:
    """Add to a kept result its paired differences to predictions of nulls.

    Raises:
        ValueError: it was not evaluated.
    """
    fingerprint = bench.fingerprint(candidate, seed)
    key = Key(bench.row.name, candidate.name, seed)
    own_K = bench.store.predictions(key, fingerprint)
    result = bench.store.result(key, fingerprint)
    if own_K is None or result is None:
        raise ValueError(f"{key.stem} was not evaluated")
    compared = differences(bench.row.metric, own_K, nulls, bench.tested(seed))
    bench.store.save(key, result | {"differences": compared})
