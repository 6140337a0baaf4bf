from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ScoreField(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCORE_FIELD_UNSPECIFIED: _ClassVar[ScoreField]
    SCORE_FIELD_MEAN: _ClassVar[ScoreField]
    SCORE_FIELD_SD: _ClassVar[ScoreField]
    SCORE_FIELD_MIN: _ClassVar[ScoreField]
    SCORE_FIELD_MAX: _ClassVar[ScoreField]
    SCORE_FIELD_EXPECTED_NEUTRAL: _ClassVar[ScoreField]
    SCORE_FIELD_INTERACTION: _ClassVar[ScoreField]
    SCORE_FIELD_Y_COMPOSE: _ClassVar[ScoreField]
    SCORE_FIELD_Y_INTACT: _ClassVar[ScoreField]
    SCORE_FIELD_SUPPORT: _ClassVar[ScoreField]
    SCORE_FIELD_NEUTRAL_SOURCE: _ClassVar[ScoreField]
    SCORE_FIELD_INTERVAL: _ClassVar[ScoreField]

class NeutralSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NEUTRAL_SOURCE_UNSPECIFIED: _ClassVar[NeutralSource]
    NEUTRAL_SOURCE_MEASURED: _ClassVar[NeutralSource]
    NEUTRAL_SOURCE_FITTED: _ClassVar[NeutralSource]
    NEUTRAL_SOURCE_RULE: _ClassVar[NeutralSource]
SCORE_FIELD_UNSPECIFIED: ScoreField
SCORE_FIELD_MEAN: ScoreField
SCORE_FIELD_SD: ScoreField
SCORE_FIELD_MIN: ScoreField
SCORE_FIELD_MAX: ScoreField
SCORE_FIELD_EXPECTED_NEUTRAL: ScoreField
SCORE_FIELD_INTERACTION: ScoreField
SCORE_FIELD_Y_COMPOSE: ScoreField
SCORE_FIELD_Y_INTACT: ScoreField
SCORE_FIELD_SUPPORT: ScoreField
SCORE_FIELD_NEUTRAL_SOURCE: ScoreField
SCORE_FIELD_INTERVAL: ScoreField
NEUTRAL_SOURCE_UNSPECIFIED: NeutralSource
NEUTRAL_SOURCE_MEASURED: NeutralSource
NEUTRAL_SOURCE_FITTED: NeutralSource
NEUTRAL_SOURCE_RULE: NeutralSource

class ScoreRequest(_message.Message):
    __slots__ = ("model_id", "genotypes", "fields", "timeout_seconds", "interval_level")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    GENOTYPES_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_LEVEL_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    genotypes: _containers.RepeatedScalarFieldContainer[str]
    fields: _containers.RepeatedScalarFieldContainer[ScoreField]
    timeout_seconds: float
    interval_level: float
    def __init__(self, model_id: _Optional[str] = ..., genotypes: _Optional[_Iterable[str]] = ..., fields: _Optional[_Iterable[_Union[ScoreField, str]]] = ..., timeout_seconds: _Optional[float] = ..., interval_level: _Optional[float] = ...) -> None: ...

class ScoreResponse(_message.Message):
    __slots__ = ("model_id", "vocabulary_sha256", "genotypes", "labels", "support", "resolved_names")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    VOCABULARY_SHA256_FIELD_NUMBER: _ClassVar[int]
    GENOTYPES_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    SUPPORT_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_NAMES_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    vocabulary_sha256: str
    genotypes: _containers.RepeatedScalarFieldContainer[str]
    labels: _containers.RepeatedCompositeFieldContainer[LabelScores]
    support: Support
    resolved_names: _containers.RepeatedCompositeFieldContainer[ResolvedName]
    def __init__(self, model_id: _Optional[str] = ..., vocabulary_sha256: _Optional[str] = ..., genotypes: _Optional[_Iterable[str]] = ..., labels: _Optional[_Iterable[_Union[LabelScores, _Mapping]]] = ..., support: _Optional[_Union[Support, _Mapping]] = ..., resolved_names: _Optional[_Iterable[_Union[ResolvedName, _Mapping]]] = ...) -> None: ...

class ResolvedName(_message.Message):
    __slots__ = ("name", "locus")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LOCUS_FIELD_NUMBER: _ClassVar[int]
    name: str
    locus: str
    def __init__(self, name: _Optional[str] = ..., locus: _Optional[str] = ...) -> None: ...

class LabelScores(_message.Message):
    __slots__ = ("name", "unit", "neutral_model", "mean", "sd", "min", "max", "expected_neutral", "interaction", "y_compose", "y_intact", "neutral_source", "interval")
    NAME_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    NEUTRAL_MODEL_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    SD_FIELD_NUMBER: _ClassVar[int]
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_NEUTRAL_FIELD_NUMBER: _ClassVar[int]
    INTERACTION_FIELD_NUMBER: _ClassVar[int]
    Y_COMPOSE_FIELD_NUMBER: _ClassVar[int]
    Y_INTACT_FIELD_NUMBER: _ClassVar[int]
    NEUTRAL_SOURCE_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    name: str
    unit: str
    neutral_model: str
    mean: _containers.RepeatedScalarFieldContainer[float]
    sd: _containers.RepeatedScalarFieldContainer[float]
    min: _containers.RepeatedScalarFieldContainer[float]
    max: _containers.RepeatedScalarFieldContainer[float]
    expected_neutral: _containers.RepeatedScalarFieldContainer[float]
    interaction: _containers.RepeatedScalarFieldContainer[float]
    y_compose: _containers.RepeatedScalarFieldContainer[float]
    y_intact: _containers.RepeatedScalarFieldContainer[float]
    neutral_source: _containers.RepeatedScalarFieldContainer[NeutralSource]
    interval: ScoreInterval
    def __init__(self, name: _Optional[str] = ..., unit: _Optional[str] = ..., neutral_model: _Optional[str] = ..., mean: _Optional[_Iterable[float]] = ..., sd: _Optional[_Iterable[float]] = ..., min: _Optional[_Iterable[float]] = ..., max: _Optional[_Iterable[float]] = ..., expected_neutral: _Optional[_Iterable[float]] = ..., interaction: _Optional[_Iterable[float]] = ..., y_compose: _Optional[_Iterable[float]] = ..., y_intact: _Optional[_Iterable[float]] = ..., neutral_source: _Optional[_Iterable[_Union[NeutralSource, str]]] = ..., interval: _Optional[_Union[ScoreInterval, _Mapping]] = ...) -> None: ...

class ScoreInterval(_message.Message):
    __slots__ = ("level", "calibrated_on", "low", "high")
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    CALIBRATED_ON_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    level: float
    calibrated_on: str
    low: _containers.RepeatedScalarFieldContainer[float]
    high: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, level: _Optional[float] = ..., calibrated_on: _Optional[str] = ..., low: _Optional[_Iterable[float]] = ..., high: _Optional[_Iterable[float]] = ...) -> None: ...

class Support(_message.Message):
    __slots__ = ("design_count", "edit_count_min", "pair_count_min", "is_extrapolated")
    DESIGN_COUNT_FIELD_NUMBER: _ClassVar[int]
    EDIT_COUNT_MIN_FIELD_NUMBER: _ClassVar[int]
    PAIR_COUNT_MIN_FIELD_NUMBER: _ClassVar[int]
    IS_EXTRAPOLATED_FIELD_NUMBER: _ClassVar[int]
    design_count: _containers.RepeatedScalarFieldContainer[int]
    edit_count_min: _containers.RepeatedScalarFieldContainer[int]
    pair_count_min: _containers.RepeatedScalarFieldContainer[int]
    is_extrapolated: _containers.RepeatedScalarFieldContainer[bool]
    def __init__(self, design_count: _Optional[_Iterable[int]] = ..., edit_count_min: _Optional[_Iterable[int]] = ..., pair_count_min: _Optional[_Iterable[int]] = ..., is_extrapolated: _Optional[_Iterable[bool]] = ...) -> None: ...
