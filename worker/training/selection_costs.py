"""What a candidate costs, from the size of the data alone: the same on every machine and day."""

from service.contract.latent_models import GeneGraphSpec, LatentModelSpec, SetTransformerSpec
from service.contract.models import (
    FittedSpec,
    ForestSpec,
    GeneKernelSpec,
    GpSpec,
    LowRankSpec,
    NearestDesignSpec,
    ProfileGpSpec,
    ProfileKnnSpec,
)
from service.contract.training import TrainingSpec
from worker.training.preparation import TrainingData


def estimate_seconds(model: FittedSpec, spec: TrainingSpec, data: TrainingData) -> float:
    """Seconds of one fit of one member on one core of 2020, within a factor of three or so."""
    if isinstance(model, LatentModelSpec):
        steps = spec.epochs * -(-len(data.train) // spec.batch_size)
        share = 3.0 if isinstance(model, GeneGraphSpec) else 1.0
        if isinstance(model, SetTransformerSpec):
            share = 1.0 + 0.02 * len(data.index)
        return share * steps * (0.004 + 1e-6 * spec.batch_size * model.latent_dim)
    return len(data.labels) * _of_a_label(model, len(data.train), len(data.index))


def _of_a_label(model: FittedSpec, rows: int, edits: int) -> float:
    seconds = 0.01 + 1e-6 * rows
    match model:
        case GeneKernelSpec():
            seconds = 1.0 + 1e-4 * rows + 1e-8 * min(edits, model.rank) ** 3
        case ForestSpec():
            seconds = 0.1 + 3e-8 * model.trees * min(rows, model.max_rows) * edits
        case GpSpec():
            kept, chosen = min(rows, model.max_rows), min(rows, model.max_selection_rows)
            seconds = 0.1 + 4e-10 * kept**3 + 3e-8 * chosen**3
        case LowRankSpec() | ProfileKnnSpec() | ProfileGpSpec():
            seconds = 0.05 + 1e-7 * edits**3 + 1e-6 * rows
        case NearestDesignSpec():
            seconds = 0.01 + 2e-9 * rows * rows
    return seconds
