"""Made-up designs, genes and specs, for every kind of model."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from service.contract.datasets import LabelColumn
from service.contract.designs import parse_genotype
from service.contract.genes import GenesUsed
from service.contract.models import GENE_KINDS
from service.contract.training import TrainingSpec
from worker.data.gene_choice import ChosenGenes
from worker.data.gene_table import GeneTable, Network

LOCI, MEMBERS = 200, 5
FEATURES, EDGES = 16, 800
LABEL = LabelColumn(name="y", kind="fitness", unit="relative")

_GENES = "made"


def genotypes(count: int, seed: int) -> list[str]:
    """Different designs of one to three deletions."""
    rng = np.random.default_rng(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        loci = rng.choice(LOCI, rng.integers(1, 4), replace=False)
        text = "+".join(f"g{locus:03d}:deletion" for locus in loci)
        found[parse_genotype(text).genotype] = None
    return list(found)


def made_genes(kind: str) -> ChosenGenes | None:
    """Features of all loci and a network of them, for a model that needs them."""
    if kind not in GENE_KINDS:
        return None
    rng = np.random.default_rng(3)
    edge_2M = np.array([rng.choice(LOCI, 2, replace=False) for _ in range(EDGES)]).T
    table = GeneTable(
        loci=tuple(f"g{locus:03d}" for locus in range(LOCI)),
        feature_names=tuple(f"feature {i}" for i in range(FEATURES)),
        feature_GF=rng.normal(size=(LOCI, FEATURES)),
        networks={"made": Network("made", ("made",), edge_2M, np.ones((EDGES, 1)))},
    )
    used = GenesUsed(
        gene_table_id=_GENES,
        table_sha256="0" * 64,
        are_genes_held_out=False,
        features=list(table.feature_names),
        features_off=[],
        evidence_off=[],
        networks=[],
    )
    return ChosenGenes(table, used)


def write_table(path: Path, rows: int) -> Path:
    """A canonical table of additive effects, one interaction and noise."""
    texts = genotypes(rows, 0)
    rng = np.random.default_rng(1)
    effect = rng.normal(0, 0.1, LOCI)
    value = [
        np.exp(sum(effect[int(edit[1:4])] for edit in text.split("+")) + rng.normal(0, 0.05))
        for text in texts
    ]
    columns = {
        "row": np.arange(1, rows + 1),
        "genotype": pa.array(texts, pa.string()),
        "background": pa.array([""] * rows, pa.string()),
        "group": pa.array(texts, pa.string()),
        "build": pa.nulls(rows, pa.string()),
        "replicate": pa.nulls(rows, pa.string()),
        "is_control": pa.array([False] * rows, pa.bool_()),
        "label.y": np.array(value),
    }
    pq.write_table(pa.table(columns), path)
    return path


def spec_of(kind: str, **changes: object) -> TrainingSpec:
    """A training of the defaults, but for the loss, which a bare loop can have as well."""
    given = {
        "dataset_id": "bench",
        "labels": [{"name": "y"}],
        "split": {"kind": "none"},
        "model": {"kind": kind},
        "loss": {"terms": [{"name": "mse"}]},
        "ensemble_size": MEMBERS,
        "device": "cpu",
        "genes": {"gene_table_id": _GENES} if kind in GENE_KINDS else None,
    }
    return TrainingSpec.model_validate(given | changes)
