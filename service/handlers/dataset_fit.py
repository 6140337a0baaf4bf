"""Whether a training spec fits its data set: labels, covariates and their values exist."""

from collections.abc import Collection, Iterator

from service.contract.datasets import DatasetProfile
from service.contract.errors import InvalidArgumentError, Offender
from service.contract.records import DatasetRecord
from service.contract.training import CovariateSplit, TrainingSpec
from service.handlers.matching import close_matches

# Ingest profiles the most frequent values of a covariate, this many; a full list may lack some.
PROFILED_VALUE_COUNT = 100


def require_fit(spec: TrainingSpec, dataset: DatasetRecord) -> None:
    """Check every name that the spec takes from the data set.

    Raises:
        InvalidArgumentError: some do not exist; all of them are listed, with what does.
    """
    profile = DatasetProfile.model_validate(dataset.profile)
    offenders = [*_unknown_labels(spec, profile)]
    if isinstance(spec.split, CovariateSplit):
        offenders += _unknown_values(spec.split, profile)
    if offenders:
        detail = f"the spec does not fit data set {dataset.id}: {offenders[0].message}"
        raise InvalidArgumentError(detail, offenders)


def _unknown_labels(spec: TrainingSpec, profile: DatasetProfile) -> Iterator[Offender]:
    known = [label.name for label in profile.labels]
    for index, label in enumerate(spec.labels):
        if label.name not in known:
            yield _unknown(f"labels[{index}].name", "label", label.name, known)


def _unknown_values(split: CovariateSplit, profile: DatasetProfile) -> Iterator[Offender]:
    values = profile.covariates.get(split.covariate)
    if values is None:
        yield _unknown("split.covariate", "covariate", split.covariate, profile.covariates)
        return
    noun = f"value of {split.covariate}"
    for side, wanted in (("test", split.test), ("train", split.train or ())):
        for index, value in enumerate(wanted):
            if value not in values and len(values) < PROFILED_VALUE_COUNT:
                yield _unknown(f"split.{side}[{index}]", noun, value, values)


def _unknown(field: str, noun: str, value: str, known: Collection[str]) -> Offender:
    listed = ", ".join(sorted(known)[:20]) or "none"
    more = f" and {len(known) - 20} more" if len(known) > 20 else ""
    return Offender(
        field=field,
        value=value,
        message=f"the data set has no {noun} {value!r}; it has: {listed}{more}",
        suggestions=close_matches(value, known),
    )
