"""Small canonical tables, written as ingest writes them."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from service.contract.datasets import CovariateColumn, LabelColumn
from service.contract.designs import parse_genotype
from service.contract.training import TrainingSpec
from worker.training.manifest import TableIdentity
from worker.training.progress import Attempt

IDENTITY = TableIdentity(dataset_id="set-1", dataset_sha256="a" * 64, table_sha256="b" * 64)
TITER = LabelColumn(name="titer", kind="titer", scale="log", unit="mg/L", detection_limit=1.0)
FITNESS = LabelColumn(name="fitness", kind="fitness", unit="relative")
CYCLE = CovariateColumn(name="cycle", role="batch")


def write_table(path: Path, genotypes: Sequence[str], **columns: Sequence[object]) -> Path:
    """A canonical table; dots in column names are written as two underscores."""
    count = len(genotypes)
    canonical = [parse_genotype(text).genotype for text in genotypes]
    defaults: dict[str, object] = {
        "row": list(range(1, count + 1)),
        "genotype": pa.array(canonical, pa.string()),
        "background": pa.array([""] * count, pa.string()),
        "group": pa.array(canonical, pa.string()),
        "build": pa.nulls(count, pa.string()),
        "replicate": pa.nulls(count, pa.string()),
        "is_control": pa.array([text == "" for text in genotypes], pa.bool_()),
    }
    given = {name.replace("__", "."): values for name, values in columns.items()}
    pq.write_table(pa.table({**defaults, **given}), path, compression="zstd")
    return path


def random_designs(count: int, seed: int = 0, loci: int = 8) -> list[str]:
    """The reference, and designs of one to three knock-downs."""
    rng = np.random.default_rng(seed)
    names = [f"g{i}" for i in range(loci)]
    return [""] + [
        "+".join(f"{x}:knockdown" for x in rng.choice(names, rng.integers(1, 4), replace=False))
        for _ in range(count - 1)
    ]


def in_groups(genotypes: Sequence[str], count: int) -> list[str]:
    """So many groups of designs; one that comes twice is in one of them."""
    place: dict[str, int] = {}
    texts = [parse_genotype(text).genotype for text in genotypes]
    return [str(place.setdefault(text, len(place)) % count) for text in texts]


def log_titer(genotypes: Sequence[str], seed: int = 1) -> np.ndarray:
    """Additive effects and one strong interaction, with a little noise."""
    rng = np.random.default_rng(seed)
    effect = dict(zip([f"g{i}" for i in range(8)], rng.normal(0, 0.5, 8), strict=True))
    loci = [[part.split(":")[0] for part in g.split("+") if part] for g in genotypes]
    values = [
        4.0 + sum(effect[x] for x in found) + 1.5 * ({"g0", "g1"} <= set(found)) for found in loci
    ]
    return np.array(values) + rng.normal(0, 0.05, len(values))


def training_options(**options: object) -> dict[str, object]:
    """Keywords for `train_model`: those of an attempt, such as `checkpoint`, are put into one."""
    own = {f.name: options.pop(f.name) for f in fields(Attempt) if f.name in options}
    return options | ({"attempt": Attempt(**own)} if own else {})


def small_spec(**changes: object) -> TrainingSpec:
    """A training of about a second."""
    values: dict[str, object] = {
        "dataset_id": "set-1",
        "labels": [{"name": "titer"}],
        "model": {"kind": "perturbation_set", "latent_dim": 8, "hidden_dim": 8},
        "epochs": 6,
        "ensemble_size": 2,
        "batch_size": 16,
        "seed": 3,
    }
    return TrainingSpec.model_validate(values | changes)
