"""Whether a training spec fits its data set: labels, covariates and their values exist."""

from collections.abc import Collection, Iterator

from service.contract.datasets import DatasetProfile
from service.contract.errors import InvalidArgumentError, Offender
from service.contract.records import DatasetRecord
from service.contract.splits import ConditionSplit, CovariateSplit, ForwardSplit, QueryPairSplit
from service.contract.training import TrainingSpec
from service.handlers.matching import close_matches

_ByCovariate = CovariateSplit | ConditionSplit | ForwardSplit | QueryPairSplit

# Ingest profiles the most frequent values of a covariate, this many; a full list may lack some.
PROFILED_VALUE_COUNT = 100


def require_fit(spec: TrainingSpec, dataset: DatasetRecord) -> None:
    """Check every name that the spec takes from the data set.

    Raises:
        InvalidArgumentError: some do not exist; all of them are listed, with what does.
    """
    profile = DatasetProfile.model_validate(dataset.profile)
    offenders = [*_unknown_labels(spec, profile)]
    if isinstance(spec.split, _ByCovariate) and spec.split.covariate is not None:
        offenders += _unknown_values(spec.split, spec.split.covariate, profile)
    if offenders:
        detail = f"the spec does not fit data set {dataset.id}: {offenders[0].message}"
        raise InvalidArgumentError(detail, offenders)


def _unknown_labels(spec: TrainingSpec, profile: DatasetProfile) -> Iterator[Offender]:
    known = [label.name for label in profile.labels]
    for index, label in enumerate(spec.labels):
        if label.name not in known:
            yield _unknown(f"labels[{index}].name", "label", label.name, known)


def _unknown_values(
    split: _ByCovariate, covariate: str, profile: DatasetProfile
) -> Iterator[Offender]:
    values = profile.covariates.get(covariate)
    if values is None:
        yield _unknown("split.covariate", "covariate", covariate, profile.covariates)
        return
    if len(values) >= PROFILED_VALUE_COUNT:
        return
    for field, value in _named_values(split):
        if value not in values:
            yield _unknown(field, f"value of {covariate}", value, values)


def _named_values(split: _ByCovariate) -> Iterator[tuple[str, str]]:
    """Where the split names a value of its covariate, and which."""
    if isinstance(split, ForwardSplit):
        if split.test is not None:
            yield "split.test", split.test
        return
    yield from ((f"split.test[{i}]", value) for i, value in enumerate(split.test))
    if not isinstance(split, QueryPairSplit):
        yield from ((f"split.train[{i}]", value) for i, value in enumerate(split.train or ()))


def _unknown(field: str, noun: str, value: str, known: Collection[str]) -> Offender:
    listed = ", ".join(sorted(known)[:20]) or "none"
    more = f" and {len(known) - 20} more" if len(known) > 20 else ""
    return Offender(
        field=field,
        value=value,
        message=f"the data set has no {noun} {value!r}; it has: {listed}{more}",
        suggestions=close_matches(value, known),
    )
