"""Pairs of unseen genes inside a training part, by the code of the service.

Of the training genes of a seed a fifth is held out in turn. The genes that the seed tests are held
out as well: no row and no column is of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks.accuracy_rows.evaluation import Bench, hidden_loci
from benchmarks.accuracy_rows.genes import load_genes
from service.contract.designs import Design
from service.contract.genes import GenesUse
from service.contract.models import GeneKernelSpec
from service.contract.splits import GeneSplit
from service.contract.training import TrainingSpec
from worker.data.gene_choice import ChosenGenes
from worker.data.table import DesignTable
from worker.training.ensemble import Hooks
from worker.training.fold_predictions import predict_fold
from worker.training.metrics import pearson
from worker.training.preparation import prepare
from worker.training.progress import Pause, Reporter, Saver

FOLDS = 5
_PHYSICAL = {"name": "string_physical", "channels": ["experiments"], "min_score": 0.4}


@dataclass(frozen=True)
class Reader:
    """What is read of a gene.

    `profiles`: the scores of Collins 2007 with partners that are not held out; `strict` leaves out
    every gene of the Costanzo slice as a partner, so that no pair of the slice is read at all.
    """

    network: bool = True
    profiles: float = 0.0
    strict: bool = False
    reach: float = 0.98

    @property
    def model(self) -> GeneKernelSpec:
        """The kernel."""
        return GeneKernelSpec(reach=self.reach, feature_weight=self.profiles)

    @property
    def use(self) -> GenesUse:
        """The gene table."""
        return GenesUse.model_validate(
            {
                "gene_table_id": "yeast_profiles" if self.profiles else "yeast",
                "use_features": bool(self.profiles),
                "networks": [_PHYSICAL] if self.network else [],
            }
        )


@dataclass(frozen=True)
class InnerFold:
    """Training genes of a seed without those held out, and the table of all of them."""

    table: DesignTable
    kept: tuple[str, ...]
    held: tuple[str, ...]
    outside: frozenset[str]
    all_loci: frozenset[str]


def loci_of(design: Design) -> set[str]:
    """Genes of a design."""
    return {edit.locus for edit in design.edits}


def inner_folds(bench: Bench, seed: int) -> Iterator[InnerFold]:
    """A fifth of the training genes after the other; rows of the test part are left behind."""
    (fold,) = bench.folds(seed)
    own = bench.table.rows(fold.train_N)
    outside = hidden_loci(bench.table, fold.train_N)
    every = frozenset(locus for design in bench.table.designs for locus in loci_of(design))
    loci = sorted(every - outside)
    order = np.random.default_rng(seed).permutation(loci).tolist()
    for place in range(FOLDS):
        held = tuple(sorted(order[place::FOLDS]))
        kept = tuple(locus for locus in order if locus not in held)
        yield InnerFold(own, kept, held, frozenset(outside), every)


def genes_of(bench: Bench, fold: InnerFold, reader: Reader) -> ChosenGenes:
    """What may be read: no score of two genes that are held out, inside or outside."""
    hidden = fold.all_loci if reader.strict else fold.outside | set(fold.held)
    split = GeneSplit(match="all", test=fold.held)
    return load_genes(reader.use, split, bench.folder, bench.store.work, hidden)


def score(
    bench: Bench, fold: InnerFold, reader: Reader, genes: ChosenGenes, count: int | None = None
) -> tuple[float, int]:
    """Pearson on pairs of two held-out genes, and the pairs it was learned from.

    `count` training genes are used, the first of the fold's random order; all without it.
    """
    known = set(fold.kept[:count]) | set(fold.held)
    fits_K = np.array([loci_of(design) <= known for design in fold.table.designs])
    table = fold.table.rows(fits_K[fold.table.design_N])
    spec = TrainingSpec.model_validate(
        {
            "dataset_id": "study",
            "labels": [{"name": bench.row.label}],
            "split": {"kind": "gene", "match": "all", "test": list(fold.held)},
            "model": reader.model.model_dump(),
            "genes": reader.use.model_dump(),
            "ensemble_size": 1,
            "device": "cpu",
        }
    )
    data = prepare(spec, table, bench.data.labels, bench.data.covariates, genes)
    hooks = Hooks(
        Reporter(lambda *_: None, members=1, epochs=1), Pause(lambda: False), Saver(lambda _: None)
    )
    predicted_KY = predict_fold(data, spec, torch.device("cpu"), hooks, None)
    value = pearson(predicted_KY[:, 0], data.test.design_means()[:, 0])
    return value or 0.0, len(data.train)


READERS: Mapping[str, Reader] = {
    "network": Reader(),
    "profiles": Reader(network=False, profiles=1.0),
    "profiles without partners of the slice": Reader(network=False, profiles=1.0, strict=True),
    "network and profiles": Reader(profiles=1.0),
    "network and profiles without partners of the slice": Reader(profiles=1.0, strict=True),
}
