"""One trial: a data set, a seed and an arm, trained as the service trains one member."""

import hashlib
import json
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp

import torch

from benchmarks.accuracy_rows.tables import SOURCES, find, lines
from benchmarks.studies.ablation.arms import Arm
from benchmarks.studies.loss_conflict.sources import (
    FBA_TABLE,
    HELD_OUT_SHARE,
    ISOPRENOL,
    Source,
    source_named,
)
from benchmarks.studies.loss_conflict.trials import ranks
from service.contract.datasets import DatasetSpec
from service.contract.splits import RandomSplit
from service.contract.training import TrainingSpec
from worker.data.ingest import ingest_table
from worker.data.table import read_table
from worker.training.ensemble import fit_task
from worker.training.members import MemberFit
from worker.training.preparation import TrainingData, prepare

DATA = ("isoprenol", "fba", "emap")
TITLES = {
    "isoprenol": "isoprenol, cycles 0-4",
    "fba": "FBA, E. coli core",
    "emap": "E-MAP, 200 genes",
}
_GENES = 200
_EMAP = "yeast_emap.tsv.gz"
# The E-MAP of 2005, so that no pair is one that a final model is tested on (Collins 2007).
_STUDY = "Schuldiner2005"
SEEDS = {"isoprenol": 4, "fba": 4, "emap": 3}
_EPOCHS = {"isoprenol": 40, "fba": 40, "emap": 15}
_BATCH = {"isoprenol": 64, "fba": 64, "emap": 256}


@dataclass(frozen=True)
class Trial:
    """What is trained."""

    data: str
    seed: int
    arm: Arm

    @property
    def key(self) -> str:
        """The same for two trials that give the same figures; a changed default changes it."""
        size = [_EPOCHS[self.data], _BATCH[self.data], _GENES if self.data == "emap" else 0]
        fields = self.arm.fields()
        fields["model"].pop("network_dim", None)  # without a gene table it changes nothing
        said = json.dumps([self.data, self.seed, fields, size])
        return f"{self.data}/{self.seed}/{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def emap(folder: Path, seed: int, data: Path | None) -> Source:
    """Pairs of the 200 genes with most measured pairs; three tenths of the pairs are held out."""
    rows = [
        row
        for row in lines(find(_EMAP, data))
        if row["source"] == _STUDY and row["s_score"] not in {"", "NaN"}
    ]
    count: dict[str, int] = {}
    for row in rows:
        for side in "ab":
            count[row[f"gene_{side}"]] = count.get(row[f"gene_{side}"], 0) + 1
    genes = set(sorted(count, key=lambda gene: (-count[gene], gene))[:_GENES])
    kept = [row for row in rows if row["gene_a"] in genes and row["gene_b"] in genes]
    head = list(kept[0])
    text = ["\t".join(head), *("\t".join(row[name] for name in head) for row in kept)]
    (folder / "rows.tsv").write_text("\n".join(text) + "\n")
    spec = SOURCES["emap_collins"].spec(kept)
    spec.pop("group_column", None)
    table = folder / "table.parquet"
    ingested = ingest_table(
        folder / "rows.tsv",
        DatasetSpec.model_validate(spec),
        table,
        progress=lambda _: None,
        should_stop=lambda: False,
    )
    return Source("s_score", table, ingested, RandomSplit(test_fraction=HELD_OUT_SHARE, seed=seed))


@lru_cache(maxsize=3)
def source_of(name: str, seed: int, folder: str, data: Path | None) -> Source:
    """A data set with the split of a seed."""
    own = Path(mkdtemp(dir=folder))
    if name == "emap":
        return emap(own, seed, data)
    return source_named(ISOPRENOL if name == "isoprenol" else str(FBA_TABLE), own, seed)


def spec_of(trial: Trial, source: Source) -> TrainingSpec:
    """The job: one member, what is not varied at its default."""
    epochs = _EPOCHS[trial.data]
    return TrainingSpec.model_validate(
        {
            **trial.arm.fields(),
            "dataset_id": "study",
            "labels": [{"name": source.label}],
            "split": source.split.model_dump(),
            "epochs": epochs,
            "patience_epochs": epochs,
            "batch_size": _BATCH[trial.data],
            "ensemble_size": 1,
            "seed": trial.seed,
            "device": "cpu",
        }
    )


def new_fit(trial: Trial, source: Source) -> tuple[MemberFit, TrainingData]:
    """The member before its first step."""
    spec, columns = spec_of(trial, source), source.ingested.spec
    data = prepare(spec, read_table(source.table), columns.labels, columns.covariates)
    return MemberFit(fit_task(data, spec, trial.arm.model(), torch.device("cpu")), 0), data


def run_trial(trial: Trial, folder: str, data: Path | None) -> dict[str, float]:
    """Held-out Spearman: of the start, of what early stopping keeps, of the last epoch."""
    begin = time.process_time()
    fit, prepared = new_fit(trial, source_of(trial.data, trial.seed, folder, data))
    found = {f"start {k}": v for k, v in ranks(fit, fit.best, prepared).items()}
    while not fit.is_done:
        fit.run_epoch(lambda: False)
        fit.finish_epoch()
    for name, weights in (("kept", fit.best), ("last", fit.net.state_dict())):
        found |= {f"{name} {k}": v for k, v in ranks(fit, weights, prepared).items()}
    return found | {
        "best epoch": float(fit.progress.best_epoch + 1),
        "tested": float(len(prepared.test.designs)),
        "trained": float(len(prepared.train.designs)),
        "core seconds": time.process_time() - begin,
    }
