"""What test designs are like: genes seen in training, residuals by order, the two readings."""

from collections.abc import Iterable

import numpy as np

from service.contract.designs import Design
from service.contract.report_parts import OrderRow, Readings, Seen
from worker.training.held_out import HeldOut
from worker.training.metrics import pearson, spearman
from worker.training.preparation import TrainingData
from worker.training.seeds import derived_seed
from worker.training.split_designs import loci_of, pairs_of

_PERMUTATIONS = 1000


def _genes_and_pairs(designs: Iterable[Design]) -> tuple[set[str], set[str]]:
    genes: set[str] = set()
    pairs: set[str] = set()
    for design in designs:
        genes |= loci_of(design)
        pairs.update(pairs_of(design))
    return genes, pairs


def seen_of(data: TrainingData, y: int, tested: Iterable[Design]) -> Seen:
    """Genes and pairs of the test designs, and how many of them have the label in training."""
    labelled = np.unique(data.train.design_N[~np.isnan(data.train.label_NY[:, y])])
    known_genes, known_pairs = _genes_and_pairs(data.train.designs[k] for k in labelled)
    genes, pairs = _genes_and_pairs((*tested, *data.not_encodable))
    return Seen(
        genes_seen_count=len(genes & known_genes),
        gene_count=len(genes),
        pairs_seen_count=len(pairs & known_pairs),
        pair_count=len(pairs),
    )


def orders_of(held: HeldOut) -> tuple[OrderRow, ...]:
    """Residuals of the first reading by the number of edits."""
    order_N, prediction_N = held.orders(), held.best[1]
    rows = []
    for order in np.unique(order_N).tolist():
        at_N = order_N == order
        residual_n = (held.truth_N - prediction_N)[at_N]
        rows.append(
            OrderRow(
                order=order,
                design_count=len(residual_n),
                residual_mean=float(residual_n.mean()),
                residual_sd=float(residual_n.std(ddof=1)) if len(residual_n) > 1 else None,
                rmse=float(np.sqrt(np.mean(residual_n**2))),
                spearman=spearman(prediction_N[at_N], held.truth_N[at_N]),
            )
        )
    return tuple(rows)


def readings_of(held: HeldOut, seed: int) -> Readings | None:
    """y_intact beside y_compose; None for a model of one reading."""
    if len(held.models) < 2:
        return None
    intact_N, compose_N = held.models.values()
    at_N = held.orders() >= 2
    count = int(at_N.sum())
    agreement = spearman(intact_N, compose_N)
    if not count:
        return Readings(rank_agreement=agreement, design_count=0)
    difference_n = (intact_N - compose_N)[at_N]
    error_n = (held.truth_N - compose_N)[at_N]
    members_Mn = (held.readings.intact_MBY - held.readings.compose_MBY)[:, at_N]
    spread = members_Mn.std(axis=0, ddof=1) if len(members_Mn) > 1 else np.zeros(count)
    correlation = pearson(difference_n, error_n)
    reached = None
    if correlation is not None:
        rng = np.random.default_rng(derived_seed(seed, "readings"))
        shuffled = [pearson(rng.permutation(difference_n), error_n) for _ in range(_PERMUTATIONS)]
        beyond = sum(value is not None and value >= correlation for value in shuffled)
        reached = (1 + beyond) / (1 + _PERMUTATIONS)
    return Readings(
        rank_agreement=agreement,
        design_count=count,
        difference_mean=float(difference_n.mean()),
        difference_rms=float(np.sqrt(np.mean(difference_n**2))),
        ensemble_sd_rms=float(np.sqrt(np.mean(spread**2))),
        error_correlation=correlation,
        permutation_p=reached,
    )
