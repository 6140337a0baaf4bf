"""Upper bounds of predictions, from what the training part measured of lower orders."""

import torch
from torch import Tensor

from service.contract.errors import InvalidArgumentError, Offender
from service.contract.training import TrainingSpec, UpperBound
from worker.inference.ensembles import bound_prefix
from worker.models.observations import observations
from worker.models.upper_bound import fit_upper_bound
from worker.training.preparation import TrainingData


def fit_bounds(data: TrainingData, spec: TrainingSpec) -> dict[str, Tensor]:
    """Arrays of each label's bound, on the standardised scale; none where none is asked for.

    Raises:
        InvalidArgumentError: a bound is asked for, and every label is an interaction label, whose
            sign no lower order bounds.
    """
    if spec.upper_bound is UpperBound.NONE:
        return {}
    bounded = [y for y, label in enumerate(data.labels) if not label.measure_order]
    if not bounded:
        message = "an interaction label is not bounded by lower orders: leave the bound out"
        raise InvalidArgumentError(
            f"upper_bound: {message}",
            [Offender(field="upper_bound", value=spec.upper_bound.value, message=message)],
        )
    designs = data.index.encode(data.train.designs).rows(torch.from_numpy(data.train.design_N))
    label_NY = data.standardized(data.train)
    tensors: dict[str, Tensor] = {}
    for y in bounded:
        rows = observations(designs, label_NY[:, y], edit_count=len(data.vocabulary))
        arrays = fit_upper_bound(rows).arrays()
        tensors |= {bound_prefix(y) + k: torch.from_numpy(array) for k, array in arrays.items()}
    return tensors
