"""Sweeps: one training spec with ranges, tried out on inner folds, the best trained at the end.

Trials are compared on folds inside the training part, cut as the test part is. No trial sees the
test part: it is evaluated once, for the winner.
"""

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from service.contract.candidates import AutoSpec
from service.contract.sweep_paths import SWEPT, path_problem, with_values
from service.contract.training import TrainingSpec


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Value = bool | int | float | str | None
Path = Annotated[str, Field(min_length=1, max_length=200)]
Bound = Annotated[float, Field(allow_inf_nan=False)]


def _as_text(value: Any) -> Any:  # noqa: ANN401 - whatever was sent
    """A JSON scalar as the text that stands for it."""
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    return value


Choice = Annotated[str, BeforeValidator(_as_text), Field(max_length=200)]


def value_of(text: str) -> Value:
    """What a choice stands for: a number, true, false, null, or the text itself."""
    try:
        value: Value = json.loads(text)
    except ValueError:
        return text
    return value if value is None or isinstance(value, bool | int | float) else text


class _Range(_Spec):
    """`path` is a field of the training spec, e.g. `model.latent_dim`, `loss.terms.dist.weight`."""

    path: Path

    def examples(self) -> list[Value]:
        """Values that all have to be allowed, or else the range is none."""
        raise NotImplementedError


class _NumberRange(_Range):
    log: bool = False

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        low, high = self.bounds
        if low > high:
            raise ValueError(f"{self.path}: low {low:g} is above high {high:g}")
        if low == high:
            raise ValueError(f"{self.path}: low and high are both {low:g}: set it in training")
        if self.log and low <= 0:
            raise ValueError(f"{self.path}: a logarithmic range begins above 0, not at {low:g}")
        return self

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and greatest value."""
        raise NotImplementedError


class IntRange(_NumberRange):
    """Whole numbers from `low` to `high`, both included; `log`: uniform in their logarithm."""

    kind: Literal["int"] = "int"
    low: Annotated[int, Field(ge=-(2**53), le=2**53)]
    high: Annotated[int, Field(ge=-(2**53), le=2**53)]

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and greatest value."""
        return self.low, self.high

    def examples(self) -> list[Value]:
        """Both ends."""
        return [self.low, self.high]


class FloatRange(_NumberRange):
    """Numbers from `low` to `high`; `log`: uniform in their logarithm."""

    kind: Literal["float"] = "float"
    low: Bound
    high: Bound

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and greatest value."""
        return self.low, self.high

    def examples(self) -> list[Value]:
        """Both ends, and one between that is no whole number."""
        return [self.low, self.high, self.low + (self.high - self.low) * 0.4142135]


class ChoiceRange(_Range):
    """One of `choices`: numbers, texts, true, false or null; kept as text."""

    kind: Literal["choice"] = "choice"
    choices: Annotated[tuple[Choice, ...], Field(min_length=1, max_length=100)]

    @field_validator("choices")
    @classmethod
    def _several(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a choice is given more than once")
        if len(value) < 2:
            raise ValueError("one choice is none: set it in training")
        return value

    def examples(self) -> list[Value]:
        """Every choice."""
        return [value_of(text) for text in self.choices]


SweepRange = Annotated[IntRange | FloatRange | ChoiceRange, Field(discriminator="kind")]


class Objective(_Spec):
    """What trials are compared by, on at most `folds` folds inside the training part.

    `spearman` is to be high, `mse` (on the standardised label) low; `label` None takes the mean
    over all labels.
    """

    criterion: Literal["spearman", "mse"] = "spearman"
    label: str | None = None
    folds: Annotated[int, Field(ge=2, le=20)] = 5


class Pruner(StrEnum):
    """Which trials end early.

    `median`: after a fold, one whose mean so far is worse than the median of the earlier trials at
    that fold, once five have ended. Source: Golovin et al. 2017, doi:10.1145/3097983.3098043.
    """

    MEDIAN = "median"
    NONE = "none"


class SweepSpec(_Spec):
    """Which values to try. Trial 0 has the values of `training` itself, where they are in range.

    At most `max_trials` trials, `max_parallel` at once. After `budget_seconds` no trial begins, and
    those under way are cancelled; what has ended counts. One seed and the same results give the
    same trials.
    """

    training: TrainingSpec
    parameters: Annotated[tuple[SweepRange, ...], Field(min_length=1, max_length=50)]
    objective: Objective = Objective()
    max_trials: Annotated[int, Field(ge=1, le=1000)] = 20
    max_parallel: Annotated[int, Field(ge=1, le=64)] = 1
    budget_seconds: Annotated[float, Field(gt=0, le=1e9)] | None = None
    pruner: Pruner = Pruner.MEDIAN
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0

    @model_validator(mode="after")
    def _fits(self) -> Self:
        problems = [*self._problems()]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        paths = [parameter.path for parameter in self.parameters]
        yield from (
            f"{path} is swept twice" for path in sorted(set(paths)) if paths.count(path) > 1
        )
        names = [label.name for label in self.training.labels]
        if self.objective.label is not None and self.objective.label not in names:
            yield f"objective.label {self.objective.label} is not trained; {', '.join(names)} is"
        if isinstance(self.training.model, AutoSpec) and "model.kind" not in paths:
            yield "training.model is auto, which chooses itself: name a model, or sweep model.kind"
        if self.training.process_count > 1:
            yield (
                "training.resources ask for several processes, and a trial has one: train the "
                "best spec with them afterwards, or run several trials at once (max_parallel)"
            )
        content = self.training.model_dump(mode="json")
        for parameter in self.parameters:
            problem = path_problem(content, parameter.path, paths)
            if problem is None:
                yield from self._refused(parameter)
            else:
                yield problem

    def _refused(self, parameter: IntRange | FloatRange | ChoiceRange) -> Iterator[str]:
        """Values of one range that no training could have, the others as in `training`."""
        content = self.training.model_dump(mode="json")
        for value in parameter.examples():
            try:
                trained = TrainingSpec.model_validate(with_values(content, {parameter.path: value}))
            except ValidationError as error:
                yield f"{parameter.path} = {value}: {error.errors()[0]['msg']}"
                continue
            if isinstance(trained.model, AutoSpec) and parameter.path == "model.kind":
                yield "model.kind = auto: a trial needs a model, auto chooses among several"

    def kinds(self) -> tuple[str, ...]:
        """The kinds of model that trials may have."""
        for parameter in self.parameters:
            if isinstance(parameter, ChoiceRange) and parameter.path == "model.kind":
                return parameter.choices
        return (self.training.model.kind,)

    def training_with(self, values: dict[str, Value]) -> TrainingSpec:
        """The spec of a trial.

        Raises:
            ValidationError: these values do not go together.
        """
        content = with_values(self.training.model_dump(mode="json"), values)
        return TrainingSpec.model_validate(content)


class TrialState(StrEnum):
    """Life of a trial: its job under way, or how it ended. PRUNED: it was not promising.

    QUEUED: it had ended without a result, and the sweep was resumed; its job waits for room.
    """

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    PRUNED = "PRUNED"
    QUEUED = "QUEUED"


UNFINISHED_TRIALS = frozenset({TrialState.QUEUED, TrialState.RUNNING})


__all__ = [
    "SWEPT",
    "UNFINISHED_TRIALS",
    "ChoiceRange",
    "FloatRange",
    "IntRange",
    "Objective",
    "Pruner",
    "SweepRange",
    "SweepSpec",
    "TrialState",
    "Value",
    "value_of",
]
