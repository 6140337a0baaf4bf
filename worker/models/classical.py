"""All models without a latent space behind one protocol: fit, predict, arrays and back.

Laws: the order of a design's edits changes nothing; an edit without effect is none; a fit is a
function of its spec, its observations and their seed; arrays and back changes no bit.
"""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from service.contract.models import ClassicalSpec
from worker.models.average import Average, fit_average
from worker.models.kinds import SINGLE_KINDS, Kind
from worker.models.observations import Observations
from worker.models.stored import StoredModel

KINDS: Mapping[str, Kind] = {**SINGLE_KINDS, "average": Kind(Average, fit_average)}


def fit_model(spec: ClassicalSpec, rows: Observations) -> StoredModel:
    """Fit one label.

    Raises:
        ValueError: no row has a label, or the labels are none that the model can learn.
    """
    return KINDS[spec.kind].fit(rows, **spec.model_dump(exclude={"kind"}))


def load_model(kind: str, arrays: Mapping[str, NDArray[Any]]) -> StoredModel:
    """The fitted model that some arrays came from."""
    return KINDS[kind].model.from_arrays(arrays)
