"""Tables written for a proof, and models trained on them by the code of the service."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.accuracy_rows.tables import Data
from service.contract.datasets import CovariateColumn, DatasetSpec, LabelColumn
from service.contract.splits import NoSplit, Split
from service.contract.training import TrainingSpec
from worker.data.ingest import ingest_table
from worker.inference.predictor import Predictor
from worker.training.manifest import TableIdentity
from worker.training.run import train_model

Fields = Mapping[str, Any]

DESIGN = "genotype"


def one_member(kind: str, **model: object) -> Fields:
    """A classical model, fitted on the whole training part."""
    return {"model": {"kind": kind, **model}, "ensemble_size": 1}


@dataclass(frozen=True)
class Rows:
    """Designs as texts of the grammar, and their labels; None was not measured."""

    labels: tuple[Mapping[str, Any], ...]
    lines: tuple[tuple[str, tuple[float | None, ...]], ...]

    @classmethod
    def of(
        cls,
        labels: Sequence[Mapping[str, Any]],
        lines: Iterable[tuple[str, tuple[float | None, ...]]],
    ) -> "Rows":
        """From any iterables."""
        return cls(tuple(labels), tuple(lines))

    @property
    def spec(self) -> DatasetSpec:
        """What the columns mean."""
        design = {"layout": "genotype", "column": DESIGN}
        return DatasetSpec.model_validate({"design": design, "labels": list(self.labels)})

    @property
    def text(self) -> str:
        """Tab-separated, with a header."""
        head = "\t".join([DESIGN, *(str(label["name"]) for label in self.labels)])
        rows = (
            "\t".join([genotype, *("" if v is None else repr(float(v)) for v in values)])
            for genotype, values in self.lines
        )
        return "\n".join([head, *rows]) + "\n"


def fit_rows(rows: Rows, training: Fields, *, seed: int = 0) -> Predictor:
    """Train on all of some rows."""
    text = rows.text.encode()
    digest = hashlib.sha256(text).hexdigest()
    with TemporaryDirectory(prefix="search-proof-") as name:
        folder = Path(name)
        (folder / "rows.tsv").write_bytes(text)
        table = folder / "table.parquet"
        ingest_table(
            folder / "rows.tsv",
            rows.spec,
            table,
            progress=lambda _: None,
            should_stop=lambda: False,
        )
        return _fit(_Table(table, rows.spec.labels, digest), training, NoSplit(), seed)


def fit_data(data: Data, label: str, training: Fields, split: Split, *, seed: int = 0) -> Predictor:
    """Train one label on the training part of a split."""
    labels = tuple(column for column in data.labels if column.name == label)
    table = _Table(data.table, labels, data.sha256, data.covariates)
    return _fit(table, training, split, seed)


@dataclass(frozen=True)
class _Table:
    path: Path
    labels: tuple[LabelColumn, ...]
    digest: str
    covariates: tuple[CovariateColumn, ...] = ()


def _fit(table: _Table, training: Fields, split: Split, seed: int) -> Predictor:
    spec = TrainingSpec.model_validate(
        {
            **training,
            "dataset_id": "proof",
            "labels": [{"name": label.name} for label in table.labels],
            "split": split.model_dump(),
            "seed": seed,
            "device": "cpu",
        }
    )
    trained = train_model(
        spec,
        table.path,
        table.labels,
        table.covariates,
        identity=TableIdentity("proof", table.digest, table.digest),
        with_report=False,
    )
    return Predictor.load(trained.weights, trained.manifest)
