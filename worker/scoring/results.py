"""Scores as rows of a result: one column a label and field, its unit beside it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from service.contract.errors import BadTableError, Offender
from service.contract.inference import ScoreField
from service.contract.scoring_jobs import OnBadRows, ScoringSpec
from worker.inference.neutral import SOURCES
from worker.inference.predictor import Predictor
from worker.inference.score_columns import LabelColumns, ScoreColumns
from worker.inference.support import SupportColumns
from worker.models.encoding import EncodedDesigns

GENOTYPE, ERROR = "genotype", "error"
_SOURCES = pa.array(SOURCES.tolist(), pa.string())
_REFERENCE = EncodedDesigns(np.zeros(0, np.int32), np.zeros(0), np.zeros(2, np.int64))


class ResultTable:
    """The columns of a job's results, the same for every part of them.

    Args:
        spec: the job.
        predictor: its model.
        model_name, model_version: what it is called.
    """

    def __init__(
        self, spec: ScoringSpec, predictor: Predictor, *, model_name: str, model_version: int
    ) -> None:
        self._has_errors = spec.on_bad_rows is OnBadRows.NULL and spec.input.kind == "table"
        manifest = predictor.manifest
        self._asked = frozenset(ScoreField if spec.fields is None else spec.fields)
        # Means are summed up in any case, and columns that nobody asked for left out.
        self.fields = tuple(self._asked | {ScoreField.MEAN})
        self._probe = predictor.columns(_REFERENCE, self.fields, interval_level=spec.interval_level)
        self._metadata = {
            "cellgebra.model_id": predictor.model_id,
            "cellgebra.model": f"{model_name}@{model_version}",
            "cellgebra.weights_sha256": manifest.weights_sha256,
            "cellgebra.vocabulary_sha256": manifest.vocabulary_sha256,
            "cellgebra.spec": spec.model_dump_json(),
        }
        if manifest.conditions:
            told = [condition.model_dump() for condition in manifest.conditions]
            self._metadata["cellgebra.conditions"] = json.dumps(told)

    def schema(self, kept: pa.Schema) -> pa.Schema:
        """Columns of the results, in order: genotype, what is kept, scores, support, errors.

        Raises:
            BadTableError: a kept column has the name of another.
        """
        self.check_kept(kept.names)
        fields = [pa.field(GENOTYPE, pa.string()), *kept, *self._score_fields()]
        return pa.schema(fields, metadata=self._metadata)

    def check_kept(self, names: Sequence[str]) -> None:
        """Check that columns of these names can stand beside the scores.

        Raises:
            BadTableError: some have the names of others.
        """
        own = {GENOTYPE, *(field.name for field in self._score_fields())}
        taken = [name for name in names if name in own]
        if taken:
            raise BadTableError(
                f"the results have columns named {', '.join(taken)} themselves: rename those of "
                "the table, or leave them out of input.keep",
                [Offender(message="a column of the results", column=name) for name in taken],
            )

    def columns(self, scores: ScoreColumns) -> list[pa.Array]:
        """Columns of scores, in the order of the schema."""
        columns = [array for one in scores.labels for array in self._label_arrays(one).values()]
        if scores.support is not None:
            columns += _support_arrays(scores.support).values()
        return columns

    @property
    def has_errors(self) -> bool:
        """Whether the last column tells what is wrong with a row."""
        return self._has_errors

    def _score_fields(self) -> list[pa.Field]:
        fields = []
        for one in self._probe.labels:
            for name, array in self._label_arrays(one).items():
                told = _told(one, name)
                fields.append(pa.field(f"{one.label.name}.{name}", array.type, metadata=told))
        if self._probe.support is not None:
            arrays = _support_arrays(self._probe.support)
            fields += [pa.field(f"support.{name}", array.type) for name, array in arrays.items()]
        if self._has_errors:
            fields.append(pa.field(ERROR, pa.string()))
        return fields

    def _label_arrays(self, one: LabelColumns) -> dict[str, pa.Array]:
        arrays: dict[str, pa.Array] = {}
        for field, column in one.columns.items():
            if field is ScoreField.NEUTRAL_SOURCE:
                codes = pa.array(np.ascontiguousarray(column, dtype=np.int8))
                arrays[field.value] = pa.DictionaryArray.from_arrays(codes, _SOURCES)
            elif field in self._asked:
                arrays[field.value] = _floats(column)
        if one.interval is not None:
            arrays |= {"low": _floats(one.interval.low_B), "high": _floats(one.interval.high_B)}
        return arrays


def _told(one: LabelColumns, name: str) -> Mapping[str, str]:
    told = {"label": one.label.name, "field": name}
    if name != ScoreField.NEUTRAL_SOURCE:
        told["unit"] = one.label.unit
    if name in ("low", "high") and one.interval is not None:
        told |= {"level": json.dumps(one.interval.level)}
        told |= {"calibrated_on": one.interval.calibrated_on}
    if name in (ScoreField.EXPECTED_NEUTRAL, ScoreField.INTERACTION):
        told["neutral_model"] = one.label.neutral_model
    return told


def _floats(column: NDArray[Any]) -> pa.Array:
    return pa.array(np.ascontiguousarray(column, dtype=np.float64))


def _support_arrays(support: SupportColumns) -> dict[str, pa.Array]:
    """Columns by their names in an answer; counts below 0 are none."""
    columns = {**support._asdict(), **support.loci._asdict()}
    del columns["loci"]
    return {
        name.removesuffix("_B"): pa.array(
            np.ascontiguousarray(column_B),
            mask=None if column_B.dtype == bool else column_B < 0,
        )
        for name, column_B in columns.items()
        if column_B is not None
    }
