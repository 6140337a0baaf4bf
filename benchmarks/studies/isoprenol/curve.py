"""How much more designs would help: models learned from a part of a training part."""

from collections.abc import Mapping

import torch

from benchmarks.accuracy_rows.evaluation import Bench
from benchmarks.studies.isoprenol.inner import MODELS, new_hooks, spec_within
from service.contract.models import ClassicalSpec
from service.contract.splits import RandomSplit, Split
from worker.training.fold_predictions import predict_fold
from worker.training.metrics import spearman
from worker.training.preparation import prepare

ASKED = (0.8, 0.6, 0.4, 0.2)  # shares of the training part that are asked for, not learned from
CURVES: Mapping[str, ClassicalSpec] = {
    name: MODELS[name] for name in ("additive", "saturating", "forest", "gp")
}


def curve(bench: Bench, split: Split, share: float, seed: int) -> list[float]:
    """Spearman of each model on a share of a split's training part, and the designs learned from.

    The test part of the split is not read.
    """
    (fold,) = [f for f in bench.folds(seed) if f.split == split]
    own = bench.table.rows(fold.train_N)
    inner = RandomSplit(test_fraction=share, seed=seed)
    spec = spec_within(bench, inner, seed)
    data = prepare(spec, own, bench.data.labels, bench.data.covariates)
    truth_K = data.test.design_means()[:, 0]
    found = []
    for model in CURVES.values():
        own_spec = spec.model_copy(update={"model": model})
        said_KY = predict_fold(data, own_spec, torch.device("cpu"), new_hooks(), None)
        found.append(spearman(said_KY[:, 0], truth_K) or 0.0)
    return [*found, float(len(data.train.designs))]
