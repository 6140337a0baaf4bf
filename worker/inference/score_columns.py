"""The answer to a score as arrays, and as the JSON or the model that is made from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from service.contract.inference import LabelScores, ScoreAnswer, ScoreField, Support
from service.contract.manifests import ManifestLabel
from worker.inference.neutral import SOURCES
from worker.inference.support import SupportColumns

Floats = NDArray[np.float64]


class IntervalColumns(NamedTuple):
    """Ends of the intervals of one label [B] both, in its unit."""

    level: float
    calibrated_on: str
    low_B: Floats
    high_B: Floats


@dataclass(frozen=True)
class LabelColumns:
    """Columns [B] of one label by field: numbers in its unit, or places in `SOURCES`."""

    label: ManifestLabel
    columns: Mapping[ScoreField, NDArray[Any]]
    interval: IntervalColumns | None = None


@dataclass(frozen=True)
class ScoreColumns:
    """What a model says of designs, in their order: no object a design, and every number finite."""

    model_id: str
    vocabulary_sha256: str
    labels: Sequence[LabelColumns]
    support: SupportColumns | None = None

    def rows(self, rows: slice) -> "ScoreColumns":
        """The answer to some of the designs."""
        labels = [
            LabelColumns(
                one.label,
                {field: column[rows] for field, column in one.columns.items()},
                one.interval
                and one.interval._replace(
                    low_B=one.interval.low_B[rows], high_B=one.interval.high_B[rows]
                ),
            )
            for one in self.labels
        ]
        support = None if self.support is None else self.support.rows(rows)
        return ScoreColumns(self.model_id, self.vocabulary_sha256, labels, support)


@dataclass(frozen=True)
class ScoreExtras:
    """What else an answer holds, an entry a design; None was not asked for.

    `gradients` has an entry a label, with a list a design.
    """

    nearest: Sequence[Mapping[str, Any]] | None = None
    states_BD: Floats | None = None
    gradients: Sequence[Sequence[Sequence[float]]] | None = None


def answer_json(
    scores: ScoreColumns, genotypes: Sequence[str] | None, extras: ScoreExtras | None = None
) -> bytes:
    """A `ScoreAnswer` as JSON, without the columns that were not asked for.

    Numbers read back as the same float64. `genotypes` are the designs' canonical texts; None leaves
    them out.
    """
    return orjson.dumps(_content(scores, genotypes, extras), option=orjson.OPT_SERIALIZE_NUMPY)


def answers_json(scores: ScoreColumns, design_counts: Sequence[int]) -> list[bytes]:
    """An answer each for designs of several requests, one behind the other, without their texts.

    Law: each is what `answer_json` gives of its own rows.
    """
    whole = _listed(_content(scores, None, None))
    ends = list(accumulate(design_counts, initial=0))
    return [orjson.dumps(_cut(whole, slice(*rows))) for rows in pairwise(ends)]


def score_answer(
    scores: ScoreColumns, genotypes: Sequence[str], extras: ScoreExtras | None = None
) -> ScoreAnswer:
    """The same answer as a model of lists."""
    return ScoreAnswer.model_validate(_listed(_content(scores, genotypes, extras)))


def support_model(support: SupportColumns) -> Support:
    """Support of designs as a model of lists."""
    return Support.model_validate(_listed(_support(support)))


def _content(
    scores: ScoreColumns, genotypes: Sequence[str] | None, extras: ScoreExtras | None
) -> dict[str, Any]:
    content: dict[str, Any] = {
        "model_id": scores.model_id,
        "vocabulary_sha256": scores.vocabulary_sha256,
    }
    if genotypes is not None:
        content["genotypes"] = genotypes
    content["labels"] = [_label(one) for one in scores.labels]
    if scores.support is not None:
        content["support"] = _support(scores.support)
    if extras is not None:
        content |= _extras(extras)
        for label, gradients in zip(content["labels"], extras.gradients or (), strict=False):
            label["gradient"] = [{"values": slopes} for slopes in gradients]
    return content


def _extras(extras: ScoreExtras) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if extras.nearest is not None:
        content["nearest"] = list(extras.nearest)
    if extras.states_BD is not None:
        content["z"] = [{"values": state_D} for state_D in extras.states_BD.tolist()]
    return content


def _label(one: LabelColumns) -> dict[str, Any]:
    content: dict[str, Any] = {
        "name": one.label.name,
        "unit": one.label.unit,
        "neutral_model": one.label.neutral_model,
    }
    for field, column in one.columns.items():
        # orjson reads the memory of an array, which has to be that of one column.
        content[field.value] = (
            SOURCES[column].tolist()
            if field is ScoreField.NEUTRAL_SOURCE
            else np.ascontiguousarray(column)
        )
    if one.interval is not None:
        content["interval"] = {
            "level": one.interval.level,
            "calibrated_on": one.interval.calibrated_on,
            "low": np.ascontiguousarray(one.interval.low_B),
            "high": np.ascontiguousarray(one.interval.high_B),
        }
    return {name: content[name] for name in LabelScores.model_fields if name in content}


def _support(support: SupportColumns) -> dict[str, Any]:
    content: dict[str, Any] = {
        "design_count": np.ascontiguousarray(support.design_count_B),
        "edit_count_min": _or_none(support.edit_count_min_B),
        "pair_count_min": _or_none(support.pair_count_min_B),
    }
    if support.is_extrapolated_B is not None:
        content["is_extrapolated"] = np.ascontiguousarray(support.is_extrapolated_B)
    for name, count_B in support.loci._asdict().items():
        if count_B is not None:
            content[name.removesuffix("_B")] = np.ascontiguousarray(count_B)
    return content


def _or_none(count_B: NDArray[np.int64]) -> NDArray[np.int64] | list[int | None]:
    """Counts, where one below 0 is none."""
    missing_B = count_B < 0
    if not missing_B.any():
        return np.ascontiguousarray(count_B)
    object_B = count_B.astype(object)
    object_B[missing_B] = None
    counts: list[int | None] = object_B.tolist()
    return counts


def _listed(content: Any) -> Any:  # noqa: ANN401  # any content of JSON
    if isinstance(content, np.ndarray):
        return content.tolist()
    if isinstance(content, dict):
        return {name: _listed(value) for name, value in content.items()}
    if isinstance(content, list) and content and isinstance(content[0], dict):
        return [_listed(value) for value in content]
    return content


def _cut(whole: dict[str, Any], rows: slice) -> dict[str, Any]:
    """Some rows of an answer of lists: those of every column."""
    return {
        name: [_rows(label, rows) for label in value] if name == "labels" else _row(value, rows)
        for name, value in whole.items()
    }


def _rows(columns: dict[str, Any], rows: slice) -> dict[str, Any]:
    # A comprehension alone: this is done for every request of a task.
    return {
        name: value[rows] if type(value) is list else _row(value, rows)
        for name, value in columns.items()
    }


def _row(value: Any, rows: slice) -> Any:  # noqa: ANN401  # any content of JSON
    if isinstance(value, dict):
        return _rows(value, rows)
    return value[rows] if isinstance(value, list) else value
