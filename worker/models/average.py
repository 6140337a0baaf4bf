"""The mean of several models, each fitted on the same observations.

y = 1 / M * sum_m y_m. Where the models err in different ways, their mean errs less than they do in
the mean: its squared error is theirs less the variance of their predictions.

Source: Bates and Granger 1969, doi:10.1057/jors.1969.103 (combination of forecasts); Krogh and
Vedelsby 1995, NIPS 7 (the error of a mean).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from worker.models.kinds import SINGLE_KINDS
from worker.models.observations import EditSets, Observations
from worker.models.stored import Floats, StoredModel


@dataclass(frozen=True)
class Average(StoredModel):
    """Fitted models by kind, in the order of their names; arrays are stored as `kind.name`."""

    models: Mapping[str, StoredModel]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays of all models."""
        return {
            f"{kind}.{name}": array
            for kind, model in self.models.items()
            for name, array in model.arrays().items()
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The models that `arrays` came from."""
        found: dict[str, dict[str, NDArray[Any]]] = {}
        for key in sorted(arrays):
            kind, _, name = key.partition(".")
            found.setdefault(kind, {})[name] = arrays[key]
        return cls({kind: SINGLE_KINDS[kind].model.from_arrays(own) for kind, own in found.items()})

    def predict_sets(self, sets: EditSets) -> Floats:
        """Mean over the models [B]."""
        total_B: Floats = np.sum([m.predict_sets(sets) for m in self.models.values()], axis=0)
        return total_B / len(self.models)


def fit_average(rows: Observations, *, models: Sequence[str] = ("forest", "gp")) -> Average:
    """Fit each model with its defaults, on all observations and from the same seed.

    Raises:
        ValueError: no row has a label.
    """
    return Average({kind: SINGLE_KINDS[kind].fit(rows) for kind in sorted(models)})
