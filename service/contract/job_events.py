"""What the data of a job's event holds, by its type.

Data is kept as it was written, also that of earlier versions; these models read it. A report is a
document of its own, and has no model here.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ValidationError

from service.contract.jobs import EventType, JobEvent, JobState
from service.contract.resources import Problem


def _known(values: object) -> object:
    """Values that could be told: the rank correlation of a constant could not."""
    if isinstance(values, Mapping):
        return {name: value for name, value in values.items() if value is not None}
    return values


class StateEvent(BaseModel):
    """The state that a job has come to, and why where it FAILED."""

    state: JobState
    error: Problem | None = None


class ProgressEvent(BaseModel):
    """How far a job is; counts are of designs, in searches and scoring jobs alone."""

    fraction: float
    estimated_seconds_left: float | None = None
    message: str | None = None
    evaluated_count: int | None = None
    possible_count: int | None = None


class EpochEvent(BaseModel):
    """Losses and metrics by name, after a pass over the training rows."""

    member: int
    epoch: int
    epochs: int
    terms: dict[str, float]
    metrics: Annotated[dict[str, float], BeforeValidator(_known)]


class ValidationEvent(BaseModel):
    """The mean of a trial's objective over the folds so far."""

    fold: int
    folds: int
    score: float


EVENT_MODELS: Mapping[EventType, type[BaseModel]] = {
    EventType.STATE: StateEvent,
    EventType.PROGRESS: ProgressEvent,
    EventType.EPOCH: EpochEvent,
    EventType.VALIDATION: ValidationEvent,
}


def detail_of(event: JobEvent) -> dict[str, Any] | None:
    """The data of an event, as its model has it; None for a report, and for data of other form."""
    model = EVENT_MODELS.get(event.type)
    if model is None:
        return None
    try:
        return model.model_validate(event.data).model_dump()
    except ValidationError:
        return None
