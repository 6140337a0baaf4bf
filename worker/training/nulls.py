"""What a model has to beat: means, neighbours, edits alone, pairs, a forest, features of genes."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from service.contract.designs import Design
from service.contract.models import (
    AdditiveSpec,
    ClassicalSpec,
    EditFrequencySpec,
    FeatureRidgeSpec,
    ForestSpec,
    LowRankSpec,
    MultiplicativeSpec,
    NearestDesignSpec,
    PairMeanSpec,
    PairwiseSpec,
    ProfileKnnSpec,
    SaturatingSpec,
    TrainMeanSpec,
)
from service.contract.training import Transform
from worker.models.classical import KINDS, fit_model
from worker.models.encoding import DesignBatch
from worker.models.observations import Observations, observations
from worker.training.preparation import TrainingData
from worker.training.seeds import derived_seed

Floats = NDArray[np.float64]

_FEATURES = FeatureRidgeSpec()
_FOREST_MOST_EFFECTS = 400_000
_FOREST_LEAST_ROWS = 500
NEAREST_MOST_DESIGNS = 4_000
PAIRS_MOST_EDITS = 2_000
_ALWAYS: tuple[ClassicalSpec, ...] = (
    TrainMeanSpec(),
    EditFrequencySpec(),
    AdditiveSpec(),
)
_OF_RATIOS = (MultiplicativeSpec(), PairwiseSpec())
_OF_PAIRS = (PairMeanSpec(), LowRankSpec(), ProfileKnnSpec())


def forest_rows(edit_count: int) -> int:
    """How many observations the forest is fitted on at most: rows times edits are bounded.

    200 trees of 5,000 rows and 400 edits take 150 seconds of a core, measured.
    """
    rows = max(_FOREST_LEAST_ROWS, _FOREST_MOST_EFFECTS // max(1, edit_count))
    return min(ForestSpec().max_rows, rows)


def _chosen(
    data: TrainingData, y: int, designs: Sequence[Design]
) -> tuple[list[ClassicalSpec], dict[str, str]]:
    """The nulls that a label has, and why it has not the others."""
    train_N = data.train.label_NY[:, y]
    order_K = np.array([design.order for design in data.train.designs])
    order_N = order_K[data.train.design_N][~np.isnan(train_N)]
    specs, left_out = _of_sizes(order_N)
    specs += [*_ALWAYS, ForestSpec(max_rows=forest_rows(len(data.index)))]
    has_pairs = bool((order_N > 1).any())
    if len(designs) <= NEAREST_MOST_DESIGNS:
        specs.append(NearestDesignSpec())
    else:
        why = f"it is slow, and there are more than {NEAREST_MOST_DESIGNS:,} test designs"
        left_out[NearestDesignSpec().kind] = why
    for spec in _OF_PAIRS:
        if not has_pairs:
            left_out[spec.kind] = "no training design has two edits"
        elif len(data.index) > PAIRS_MOST_EDITS:
            left_out[spec.kind] = f"more than {PAIRS_MOST_EDITS:,} edits make too large a matrix"
        else:
            specs.append(spec)
    for ratio in _OF_RATIOS:
        why_not = _no_ratios(data, y, ratio.kind)
        if ratio.kind == PairwiseSpec().kind and not has_pairs:
            why_not = "no training design has two edits"
        if why_not is None:
            specs.append(ratio)
        else:
            left_out[ratio.kind] = why_not
    return specs, left_out


def _of_sizes(order_N: NDArray[np.int64]) -> tuple[list[ClassicalSpec], dict[str, str]]:
    if len(np.unique(order_N)) > 1:
        return [SaturatingSpec()], {}
    return [], {SaturatingSpec().kind: "training designs of one size leave it the additive model"}


def _no_ratios(data: TrainingData, y: int, kind: str) -> str | None:
    label, learned_N = data.labels[y], data.train.label_NY[:, y]
    if label.measure_order:
        return "an interaction score has no ratios"
    if label.transform is Transform.LOG:
        # On the log, effects that multiply add up: it is the additive model.
        return "on the log scale it is the additive model" if kind == "multiplicative" else None
    low = float(np.nanmin(learned_N))
    if low < 0 or (low == 0 and kind == "multiplicative"):
        return "training values at or below 0 have no ratios"
    return None


def _predicted(
    data: TrainingData, y: int, spec: ClassicalSpec, rows: Observations, batch: DesignBatch
) -> Floats:
    """Predictions on the learned scale."""
    if not KINDS[spec.kind].learns_ratios or data.labels[y].transform is not Transform.LOG:
        return fit_model(spec, rows).predict(batch)
    value_B = fit_model(spec, replace(rows, label_N=np.exp(rows.label_N))).predict(batch)
    least = np.exp(np.nanmin(rows.label_N)) * 1e-3  # of a pair that was measured as 0
    learned_B: Floats = np.log(np.maximum(value_B, least))
    return learned_B


def null_predictions(
    data: TrainingData, y: int, designs: Sequence[Design], seed: int, model_kind: str = ""
) -> tuple[dict[str, Floats], dict[str, str]]:
    """Predictions of one label on the learned scale, by the name of the null, and what is left out.

    The model's own kind is no null of it.
    Every null has the whole training part and tunes itself there: ridges by leave-one-out error,
    low_rank on a tenth of the pairs.
    """
    if not designs:
        return {}, {}
    rows = observations(
        data.index.encode(data.train.designs).rows(torch.from_numpy(data.train.design_N)),
        data.train.label_NY[:, y],
        edit_count=len(data.index),
        seed=derived_seed(seed, "forest") % 2**32,
    )
    batch = data.vocabulary.encode(designs)
    known = batch.within(len(data.index))  # to these nulls an edit without data is no edit
    specs, left_out = _chosen(data, y, designs)
    specs = [spec for spec in specs if spec.kind != model_kind]
    specs.sort(key=lambda spec: list(KINDS).index(spec.kind))
    found: dict[str, Floats] = {spec.kind: _predicted(data, y, spec, rows, known) for spec in specs}
    genes = data.gene_vocabulary
    if genes is not None and genes.known.feature_EF.any() and model_kind != _FEATURES.kind:
        read = replace(rows, edit_count=len(genes.index), genes=genes.known)
        found[_FEATURES.kind] = fit_model(_FEATURES, read).predict(batch)
    return found, left_out
