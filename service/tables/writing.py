"""Scores as a table: the columns of a scoring job's results, with the same metadata.

Law: what a scoring job writes of a design, this does.
"""

import json
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from service.contract.inference import LabelScores, NearDesign, ScoreAnswer, ScoreField, Support
from service.contract.score_tables import TableForm

_FLOATS, _STATES = pa.float64(), pa.list_(pa.float64())
_SOURCES = pa.array(["fitted", "measured", "rule"], pa.string())
_CODE = {source: code for code, source in enumerate(_SOURCES.to_pylist())}
_FLAGS = frozenset({"is_extrapolated", "is_higher_order"})
_GRADIENT = "gradient"
# In the order of a job's results; `low` and `high` follow.
_FIELDS = (
    ScoreField.MEAN,
    ScoreField.SD,
    ScoreField.MIN,
    ScoreField.MAX,
    ScoreField.EXPECTED_NEUTRAL,
    ScoreField.INTERACTION,
    ScoreField.Y_COMPOSE,
    ScoreField.Y_INTACT,
    ScoreField.NEUTRAL_SOURCE,
    ScoreField.SIGN_AGREEMENT,
    ScoreField.INTERACTION_SD,
)

Column = tuple[pa.Field, pa.Array]


def write_scores(answer: bytes, form: TableForm) -> bytes:
    """A `ScoreAnswer` in JSON as a table, a row a design."""
    table = score_table(ScoreAnswer.model_validate_json(answer))
    sink = pa.BufferOutputStream()
    if form is TableForm.PARQUET:
        texts = [f.name for f in table.schema if not pa.types.is_floating(f.type)]
        pq.write_table(table, sink, compression="zstd", compression_level=1, use_dictionary=texts)
    else:
        opened = pa.ipc.new_stream if form is TableForm.ARROW_STREAM else pa.ipc.new_file
        with opened(sink, table.schema) as writer:
            writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def score_table(answer: ScoreAnswer) -> pa.Table:
    """The columns: genotype, `label.field`, `support.*`, and what was to be included."""
    columns: list[Column] = [_column("genotype", {}, answer.genotypes, pa.string())]
    for label in answer.labels:
        columns += _label_columns(label)
    if answer.support is not None:
        columns += _support_columns(answer.support)
    if answer.nearest is not None:
        columns += _nearest_columns(answer.nearest)
    if answer.z is not None:
        columns.append(_column("z", {}, [state.values for state in answer.z], _STATES))
    schema = pa.schema([field for field, _ in columns], metadata=_told_of_all(answer))
    return pa.Table.from_arrays([array for _, array in columns], schema=schema)


def _told_of_all(answer: ScoreAnswer) -> dict[str, str]:
    told = {
        "cellgebra.model_id": answer.model_id,
        "cellgebra.model": f"{answer.model_name}@{answer.model_version}",
        "cellgebra.vocabulary_sha256": answer.vocabulary_sha256,
    }
    if answer.resolved_names:
        names = [one.model_dump() for one in answer.resolved_names]
        told["cellgebra.resolved_names"] = json.dumps(names)
    if answer.conditions:
        told["cellgebra.conditions"] = json.dumps([one.model_dump() for one in answer.conditions])
    return told


def _label_columns(label: LabelScores) -> list[Column]:
    fields = [field for field in _FIELDS if getattr(label, field.value) is not None]
    columns = [_field_column(label, field) for field in fields]
    if label.interval is not None:
        interval = label.interval
        told = {"level": json.dumps(interval.level), "calibrated_on": interval.calibrated_on}
        for name, values in (("low", interval.low), ("high", interval.high)):
            columns.append(_column(*_named(label, name), values, _FLOATS, told))
    if label.gradient is not None:
        slopes = [one.values for one in label.gradient]
        columns.append(_column(*_named(label, _GRADIENT), slopes, _STATES))
    return columns


def _field_column(label: LabelScores, field: ScoreField) -> Column:
    values = getattr(label, field.value)
    name, told = _named(label, field.value)
    if field is ScoreField.NEUTRAL_SOURCE:
        del told["unit"]
        codes = pa.array([_CODE[source] for source in values], pa.int8())
        array = pa.DictionaryArray.from_arrays(codes, _SOURCES)
        return pa.field(name, array.type, metadata=told), array
    if field in (ScoreField.EXPECTED_NEUTRAL, ScoreField.INTERACTION):
        told["neutral_model"] = label.neutral_model
    return _column(name, told, values, _FLOATS)


def _named(label: LabelScores, field: str) -> tuple[str, dict[str, str]]:
    """The name of a column of a label, and its metadata."""
    told = {"label": label.name, "field": field, "unit": label.unit}
    return f"{label.name}.{field}", told


def _support_columns(support: Support) -> list[Column]:
    return [
        _column(f"support.{name}", {}, values, pa.bool_() if name in _FLAGS else pa.int64())
        for name in Support.model_fields
        if (values := getattr(support, name)) is not None
    ]


def _nearest_columns(nearest: list[NearDesign]) -> list[Column]:
    columns = [
        _column("nearest.genotype", {}, [one.genotype for one in nearest], pa.string()),
        _column("nearest.distance", {}, [one.distance for one in nearest], _FLOATS),
        _column("nearest.row_count", {}, [one.row_count for one in nearest], pa.int64()),
    ]
    for place, label in enumerate(nearest[0].labels if nearest else ()):
        values = [one.labels[place].value for one in nearest]
        told = {"label": label.name, "field": "nearest", "unit": label.unit}
        columns.append(_column(f"nearest.{label.name}", told, values, _FLOATS))
    return columns


def _column(
    name: str,
    told: Mapping[str, str],
    values: Sequence[object],
    kind: pa.DataType,
    more: Mapping[str, str] | None = None,
) -> Column:
    return pa.field(name, kind, metadata={**told, **(more or {})}), pa.array(values, kind)
