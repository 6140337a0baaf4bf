"""Fitted models as plain arrays."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from worker.models.encoding import DesignBatch
from worker.models.observations import EditSets, edit_sets

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StoredModel(ABC):
    """A fitted model of one label: its fields are arrays, and all that it is."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays to store, by name."""
        return {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The model that `arrays` came from."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})

    def predict(self, batch: DesignBatch) -> Floats:
        """Predictions [B], on the scale of the labels it was fitted on."""
        return self.predict_sets(edit_sets(batch))

    @abstractmethod
    def predict_sets(self, sets: EditSets) -> Floats:
        """Predictions [B] of designs whose edits all have an effect."""
